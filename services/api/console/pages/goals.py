"""The goals that I may see: searched and selected, a page at a time, and a new one begun."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from domain.errors import Refusal
from domain.goal import acts as a
from services.api.console.act_fields import FormContent, build_fields, list_pointers
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import redirect
from services.api.filters import GoalState
from services.api.http.parsing import convert_form
from services.api.http.problems import Problem, ProblemError, problem_from_error, problem_from_refusal
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.routes.goal_queries import GoalList, GoalsQuery, list_goals
from services.api.routes.goals import BeginDraft, BeginOffer, BeginRequest, begin_goal
from services.authorization import may_act

#: How a goal begins -> its Struct, and what the page says of it.
_BEGINNINGS: dict[str, tuple[type[a.Act], str]] = {
    "offer": (BeginOffer, "Offer a goal"),
    "request": (BeginRequest, "Request a goal"),
    "draft": (BeginDraft, "Write a draft"),
}
_LIMIT = 50
_STATES = (
    *("draft", "requested", "offered", "countered_by_owner", "countered_by_sponsor", "answer_deferred", "active"),
    *("change_proposed_by_owner", "change_proposed_by_sponsor", "delivered", "lapsed", "satisfied", "broken"),
)


class GoalsPageQuery(ReadQuery, frozen=True, kw_only=True):
    """Which goals."""

    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    state: GoalState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@page(
    "/console/goals",
    title="Goals",
    template="goals.html",
    query=GoalsPageQuery,
    weight=Weight.PAGE,
    entry=NavigationEntry(name="Goals", section=NavigationSection.MINE, order=20),
)
def show_goals(request: PageRequest) -> Mapping[str, Any]:
    query: GoalsPageQuery = request.query
    wanted = GoalsQuery(
        q=query.q.strip(),
        state=[query.state] if query.state else [],
        cursor=query.cursor or None,
        limit=_LIMIT,
        names=True,
    )
    found: GoalList = request.ask(list_goals, wanted)
    return {
        "goals": found.goals,
        "goal_names": found.names,
        "next": found.next,
        "query": query,
        "states": _STATES,
        "beginnings": {name: words for name, (_, words) in _BEGINNINGS.items()} if may_act(request.viewer) else {},
    }


@page("/console/begin/{how}", title="A new goal", template="goal_begin.html")
def show_beginning(request: PageRequest, how: str) -> Mapping[str, Any]:
    return _build_beginning(request, how)


@form("/console/begin/{how}", title="Begin a goal")
async def send_beginning(request: PageRequest, how: str) -> HttpResponse:
    kind, _ = _find_beginning(how)
    try:
        body = convert_form({**request.form.build_value(), "do": how}, kind)
        done = await request.perform(begin_goal, body)
    except (Refusal, ProblemError) as error:
        problem = (
            problem_from_refusal(error, instance=request.context.path, request_id="")
            if isinstance(error, Refusal)
            else problem_from_error(error, request.context.path, "")
        )
        return await request.show(Weight.LIGHT, partial(_show_refused, how=how, problem=problem))
    return redirect(f"/console/goals/{done.id}?after_position={done.position}&done={how}")


def _show_refused(request: PageRequest, *, how: str, problem: Problem) -> HttpResponse:
    values = _build_beginning(request, how, problem)
    return request.render("goal_begin.html", str(values["title"]), values, status=problem.status)


def _find_beginning(how: str) -> tuple[type[a.Act], str]:
    if how not in _BEGINNINGS:
        raise ProblemError("not_found", "a goal begins as an offer, a request or a draft", allowed=tuple(_BEGINNINGS))
    return _BEGINNINGS[how]


#: Ids of other systems, and what is said later or through `/v1`.
_LEFT_OUT = frozenset({"/ref", "/follow_up_of", "/trade_offs/0/for", "/as", "/tags"})


def _build_beginning(request: PageRequest, how: str, problem: Problem | None = None) -> dict[str, Any]:
    kind, words = _find_beginning(how)
    mine = {"offer": "/owner", "request": "/sponsor"}.get(how)
    content = FormContent(
        constants={mine: str(request.viewer.member_id)} if mine else {},
        left_out=_LEFT_OUT,
        required=frozenset({"/reason/code", "/reason/text", "/terms/outcome", "/terms/measure/kind", "/terms/start"})
        if how != "draft"
        else frozenset(),
        rows={"/terms/supports": [("0", "What it supports")], "/trade_offs": [("0", "What gives for it")]},
        values=request.form.values,
        problems={error.pointer: error.detail for error in problem.errors} if problem is not None else {},
    )
    fields = build_fields(kind, content)
    shown = set(list_pointers(fields))
    return {
        "title": words,
        "how": how,
        "explanation": (kind.__doc__ or "").strip().partition("\n")[0],
        "fields": fields,
        "problem": problem,
        "general": [] if problem is None else [e for e in problem.errors if e.pointer not in shown],
        "key": request.new_form_key(),
    }


ROUTES: list[Route] = [show_goals, show_beginning, send_beginning]
