"""What can be said about a goal: a route for every act of the agreement, and its dry run."""

from __future__ import annotations

from typing import Any

from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec.structs import replace

from domain.errors import NotFound
from domain.goal.acts import ACTS, Draft, GoalAct, Offer, RecordValue, Request
from domain.goal.state import Goal
from domain.references import require_external_reference, resolve
from ledger.commands import Receipt
from services.access import ACT, ADMIN
from services.api.answers import HttpResponse, encode
from services.api.call import RequestContext
from services.api.consequences import ActPreview, consequences
from services.api.operations import Operation, command_route
from services.api.paths import decode_segment
from services.api.recording import build_command, command_response, execute, require_stream
from services.api.summaries import GoalSummary, goal_summary
from services.api.visible import require_goal, sees_goal, with_read_scope

_TAG = "goals"
_REFUSED = (
    "not_a_party",
    "act_not_allowed",
    "reason_required",
    "answers_required",
    "answers_superseded",
    "load_changed",
    "trade_off_required",
    "hand_over_incomplete",
    "purpose_required",
)


def _answer(receipt: Receipt, *, status: int = 200, location: str | None = None) -> HttpResponse:
    summary = goal_summary(receipt.state, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, status=status, location=location)


def _minimal_summary(receipt: Receipt) -> GoalSummary:
    """What an integration hears of a goal that is not for it to see."""
    goal: Goal = receipt.state
    return GoalSummary(id=goal.id, version=receipt.version, position=receipt.position, events=receipt.event_ids)


@command_route(
    "/v1/goals",
    Operation(
        id="beginGoal",
        summary="Begin a goal: draft it, request it as sponsor, or offer it as owner",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=Draft | Request | Offer,
        answer=GoalSummary,
        status=201,
        codes=(*_REFUSED, "already_exists"),
        command=True,
        idempotent=True,
    ),
)
async def begin_goal(call: NamedDependency[RequestContext]) -> HttpResponse:
    act: Draft | Request | Offer = call.body
    organisation = call.viewer.organisation_id
    goal_id = resolve(organisation, "goal", require_external_reference(act.ref)) if act.ref else call.runtime.new_id()
    receipt = await execute(call, "goal", goal_id, act, creates=True)
    return _answer(receipt, status=201, location=f"/v1/goals/{receipt.stream.partition('/')[2]}")


def _act_route(name: str, act: type[Any]) -> HTTPRouteHandler:
    """`POST /v1/goals/{goal}/<act>`: the act's Struct is the body, `do` may be left out."""
    kebab = name.replace("_", "-")
    words = (act.__doc__ or "").strip().partition("\n")[0]

    @command_route(
        f"/v1/goals/{{goal:str}}/{kebab}",
        Operation(
            id=f"goal.{name}",
            summary=f"{name.replace('_', ' ').capitalize()}. {words}".strip(),
            tag=_TAG,
            scopes=(ACT, ADMIN),
            body=act,
            answer=GoalSummary,
            codes=(*_REFUSED, "out_of_order", "version_conflict", "busy"),
            command=True,
            idempotent=True,
        ),
    )
    async def act_on_goal(goal: FromPath[str], call: NamedDependency[RequestContext]) -> HttpResponse:
        receipt = await execute(call, "goal", call.id_of("goal", decode_segment(goal)), call.body)
        if act is RecordValue and not sees_goal(with_read_scope(call.viewer), receipt.state):
            return command_response(_minimal_summary(receipt), receipt)
        return _answer(receipt)

    return act_on_goal


@command_route(
    "/v1/goals/{goal:str}/preview",
    Operation(
        id="previewAct",
        summary="What an act would record and do to the owner's load; nothing is recorded",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=GoalAct,
        answer=ActPreview,
        codes=(*_REFUSED, "version_conflict"),
        command=True,
        idempotent=True,
    ),
)
def preview_act(goal: FromPath[str], call: NamedDependency[RequestContext]) -> HttpResponse:
    goal_id = call.id_of("goal", decode_segment(goal))
    opening = isinstance(call.body, Draft | Request | Offer)
    try:
        state: Goal = require_stream(call, "goal", goal_id)
    except NotFound:
        if not opening:
            raise
    else:
        require_goal(call.viewer, state)
    command = replace(build_command(call, "goal", goal_id, call.body), must_exist=not opening)
    return HttpResponse(body=encode(consequences(call, command)))


ROUTES: list[HTTPRouteHandler] = [begin_goal, preview_act, *(_act_route(name, act) for name, act in ACTS.items())]
