"""What is mine to say about a goal: a form for each act, what it would do, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from domain.errors import NotFound, Refusal
from domain.goal.acts import ACTS
from projections.people import members_at
from services.api.console.act_fields import explain, list_pointers
from services.api.console.forms import NEXT_FIELD, VERSION_FIELD
from services.api.console.goal_acts import LABELS, build_act_fields, find_my_roles, list_my_acts
from services.api.console.page import PageRequest, form, page
from services.api.console.pages.goal import load_whole_history
from services.api.console.rendering import redirect
from services.api.console.signing_in import HOME
from services.api.http.parsing import convert_form
from services.api.http.problems import Problem, ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Route, Weight
from services.api.queries import as_of_now
from services.api.routes import goals as goal_routes
from services.api.routes.goal_queries import GoalView, get_goal
from services.api.routes.goals import preview_act

#: Act -> its route of `/v1`.
_ACT_ROUTES: dict[str, Route] = {
    route.operation.id.removeprefix("goal."): route
    for route in goal_routes.ROUTES
    if route.operation.id.startswith("goal.")
}


class ActQuery(AsOfQuery, frozen=True, kw_only=True):
    """A form for the goal as it stands now."""


@page(
    "/console/goals/{goal}/acts/{act}",
    title="Act",
    template="goal_act.html",
    query=ActQuery,
    weight=Weight.LIGHT,
)
def show_act(request: PageRequest, goal: str, act: str) -> Mapping[str, Any]:
    return build_act_page(request, goal, act)


@form("/console/goals/{goal}/acts/{act}", title="Act on a goal")
async def send_act(request: PageRequest, goal: str, act: str) -> HttpResponse:
    _require_act(act)
    try:
        body = convert_form({**request.form.build_value(), "do": act}, ACTS[act])
        done = await request.perform(_ACT_ROUTES[act], body, goal=goal)
    except (Refusal, ProblemError) as error:
        problem = request.to_problem(error)
        return await request.show(Weight.LIGHT, partial(_show_refused, goal=goal, act=act, problem=problem))
    going_on = HOME if request.form.get(NEXT_FIELD) == HOME else f"{HOME}/goals/{done.id}"
    return redirect(f"{going_on}?after_position={done.position}&done={act}")


@form("/console/goals/{goal}/acts/{act}/preview", title="Look at what an act would do", weight=Weight.LIGHT)
def preview(request: PageRequest, goal: str, act: str) -> HttpResponse:
    _require_act(act)
    try:
        body = convert_form({**request.form.build_value(), "do": act}, ACTS[act])
        found = request.preview(preview_act, body, goal=goal)
    except (Refusal, ProblemError) as error:
        return _show_refused(request, goal=goal, act=act, problem=request.to_problem(error))
    values = build_act_page(request, goal, act, preview=found)
    return request.render("goal_act.html", str(values["title"]), values)


def _require_act(act: str) -> None:
    if act not in _ACT_ROUTES or act not in LABELS:
        raise NotFound("there is no such act")


def _show_refused(request: PageRequest, *, goal: str, act: str, problem: Problem) -> HttpResponse:
    """The form as it was filled in, with the refusal at its field."""
    values = build_act_page(request, goal, act, problem=problem)
    return request.render("goal_act.html", str(values["title"]), values, status=problem.status)


def build_act_page(
    request: PageRequest, goal: str, act: str, *, problem: Problem | None = None, preview: Any = None
) -> dict[str, Any]:
    """The values of a form's page: empty, refused, or with what it would do. Raises what the goal's route raises."""
    _require_act(act)
    view: GoalView = request.ask(get_goal, AsOfQuery(), goal=goal)
    mine = list_my_acts(request.viewer, view)
    history = load_whole_history(request, goal)
    errors = {error.pointer: error.detail for error in problem.errors} if problem is not None else {}
    roles = find_my_roles(request.viewer, view.goal)
    fields = build_act_fields(act, view, history, roles=roles, values=request.form.values, problems=errors)
    shown = set(list_pointers(fields))
    sent_version = request.form.get(VERSION_FIELD)
    is_stale = problem is not None and problem.code in ("version_conflict", "answers_superseded")
    changed = []
    if is_stale and sent_version.isdecimal():
        changed = [entry for entry in history if entry.version > int(sent_version)]
    ids = [view.goal.owner, view.goal.sponsor, *(load.member for load in preview.load)] if preview is not None else []
    return {
        "title": f"{LABELS[act]}: {view.goal.title}",
        "label": LABELS[act],
        "explanation": explain(ACTS[act]),
        "view": view,
        "act": act,
        "is_mine": act in mine,
        "fields": fields,
        "problem": problem,
        "general": [] if problem is None else [e for e in problem.errors if e.pointer not in shown],
        "is_stale": is_stale,
        "changed": changed,
        "preview": preview,
        "names": request.load_names(ids) if ids else {},
        "key": request.form.get("idempotency_key") if preview is not None else request.new_form_key(),
        "people": _list_people(request, view),
        "labels": LABELS,
        "mine": mine,
    }


def _list_people(request: PageRequest, view: GoalView) -> list[tuple[str, str]]:
    """Members who may be meant: of the goal's team, and its parties. (Id, name)."""
    ids = {view.goal.owner, view.goal.sponsor}
    if view.goal.team is not None:
        now = as_of_now(request.context)
        ids |= {member.id for member in members_at(request.context.runtime.database, now, team=view.goal.team)}
    return sorted(request.load_names(ids).items(), key=lambda each: each[1])


ROUTES: list[Route] = [show_act, send_act, preview]
