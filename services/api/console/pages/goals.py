"""The goals that I may see: searched and selected, a page at a time, and a new one begun."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from domain.errors import Refusal
from domain.goal import acts as a
from domain.goal.agreement import STATES
from domain.goal.state import PROMISED_STATES
from projections.inbox.goal_requests import AWAITING_ANSWER_STATES
from projections.people import members_at
from services.api.console.act_fields import Choice, FormContent, build_fields, explain, list_pointers
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import redirect
from services.api.http.parsing import convert_form
from services.api.http.problems import Problem, ProblemError, field_error
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.queries import as_of_now
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
#: States in which something is still to come; what is in none of them has ended.
_OPEN_STATES = ("draft", *AWAITING_ANSWER_STATES, *PROMISED_STATES)


def _select_states(chosen: str) -> list[str]:
    """The states that are meant. Raises ProblemError 422 for what is none."""
    if chosen == "any":
        return []
    if chosen == "open":
        return list(_OPEN_STATES)
    if chosen not in STATES:
        raise field_error("/state", f"open, any, or one of: {', '.join(sorted(STATES))}", where="query")
    return [chosen]


class GoalsPageQuery(ReadQuery, frozen=True, kw_only=True):
    """Which goals."""

    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    #: One of the agreement's; `open`: every one in which something is still to come; `any`.
    state: Annotated[str, msgspec.Meta(max_length=40)] = "open"
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
        state=_select_states(query.state),
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
        "states": sorted(STATES, key=lambda state: (state not in _OPEN_STATES, state)),
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
        problem = request.to_problem(error)
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
    teams, people = _list_teams_and_people(request)
    content = FormContent(
        choices={"/team": teams} if teams else {},
        suggestions=dict.fromkeys(("/owner", "/sponsor"), "people"),
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
        "explanation": explain(kind),
        "fields": fields,
        "problem": problem,
        "general": [] if problem is None else [e for e in problem.errors if e.pointer not in shown],
        "key": request.new_form_key(),
        "people": people,
    }


def _list_teams_and_people(request: PageRequest) -> tuple[list[Choice], list[Choice]]:
    """The viewer's own teams, and the members of these: (id, name)."""
    teams = sorted(request.viewer.teams | request.viewer.leads, key=str)
    now, database = as_of_now(request.context), request.context.runtime.database
    members = {member.id for team in teams for member in members_at(database, now, team=team)}
    names = request.load_names([*teams, *members])
    choices = sorted(names.items(), key=lambda each: each[1])
    ids = set(map(str, teams))
    return [each for each in choices if each[0] in ids], [each for each in choices if each[0] not in ids]


ROUTES: list[Route] = [show_goals, show_beginning, send_beginning]
