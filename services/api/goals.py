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
from domain.references import external, resolve
from ledger.commands import Receipt
from services.access import ACT, ADMIN
from services.api.answers import Answer, encode
from services.api.call import Call
from services.api.consequences import Consequences, consequences
from services.api.operations import Operation, posts
from services.api.paths import decoded
from services.api.recording import command_of, existing, record, recorded
from services.api.summaries import GoalSummary, of_goal
from services.api.visible import reading, require_goal, sees_goal

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


def _answer(receipt: Receipt, *, status: int = 200, location: str | None = None) -> Answer:
    summary = of_goal(receipt.state, position=receipt.position, events=receipt.event_ids)
    return recorded(summary, receipt, status=status, location=location)


def _noted(receipt: Receipt) -> GoalSummary:
    """What an integration hears of a goal that is not for it to see."""
    goal: Goal = receipt.state
    return GoalSummary(id=goal.id, version=receipt.version, position=receipt.position, events=receipt.event_ids)


@posts(
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
async def begin_goal(call: NamedDependency[Call]) -> Answer:
    act: Draft | Request | Offer = call.body
    organisation = call.viewer.organisation_id
    goal_id = resolve(organisation, "goal", external(act.ref)) if act.ref else call.runtime.new_id()
    receipt = await record(call, "goal", goal_id, act, creates=True)
    return _answer(receipt, status=201, location=f"/v1/goals/{receipt.stream.partition('/')[2]}")


def _act_route(name: str, act: type[Any]) -> HTTPRouteHandler:
    """`POST /v1/goals/{goal}/<act>`: the act's Struct is the body, `do` may be left out."""
    kebab = name.replace("_", "-")
    words = (act.__doc__ or "").strip().partition("\n")[0]

    @posts(
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
    async def act_on_goal(goal: FromPath[str], call: NamedDependency[Call]) -> Answer:
        receipt = await record(call, "goal", call.id_of("goal", decoded(goal)), call.body)
        if act is RecordValue and not sees_goal(reading(call.viewer), receipt.state):
            return recorded(_noted(receipt), receipt)
        return _answer(receipt)

    return act_on_goal


@posts(
    "/v1/goals/{goal:str}/preview",
    Operation(
        id="previewAct",
        summary="What an act would record and do to the owner's load; nothing is recorded",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=GoalAct,
        answer=Consequences,
        codes=(*_REFUSED, "version_conflict"),
        command=True,
        idempotent=True,
    ),
)
def preview_act(goal: FromPath[str], call: NamedDependency[Call]) -> Answer:
    goal_id = call.id_of("goal", decoded(goal))
    opening = isinstance(call.body, Draft | Request | Offer)
    try:
        state: Goal = existing(call, "goal", goal_id)
    except NotFound:
        if not opening:
            raise
    else:
        require_goal(call.viewer, state)
    command = replace(command_of(call, "goal", goal_id, call.body), must_exist=not opening)
    return Answer(body=encode(consequences(call, command)))


ROUTES: list[HTTPRouteHandler] = [begin_goal, preview_act, *(_act_route(name, act) for name, act in ACTS.items())]
