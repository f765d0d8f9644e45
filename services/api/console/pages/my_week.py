"""My week: what waits for me by deadline, my weeks of load against the line, and keeping in touch in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec

from domain.goal.state import LIVE_STATES
from projections.figures import Figure
from projections.inbox.inbox import Inbox, InboxEntry
from services.api.console.drawings import draw_weeks
from services.api.console.forms import SEEN_FIELD
from services.api.console.goal_acts import LABELS
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import redirect
from services.api.http.parsing import convert_form
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.queries import as_of_now
from services.api.routes import reports
from services.api.routes.goal_queries import GoalList, GoalsQuery, list_goals
from services.api.routes.inbox import AffirmationResult, AffirmGoals, InboxQuery, affirm_goals, get_inbox
from services.authorization import may_act

#: What of the inbox is listed; the rest is counted.
_MAX_ENTRIES = 50
_MAX_GOALS = 50
#: What one is asked as a helper, not as a party.
_HELP = frozenset({"need", "blocker"})
#: What asks for nothing: it was done in my name.
_NOTICES = frozenset({"attributed", "key", "subscription_disabled"})
_OVERLOAD: Route = next(route for route in reports.ROUTES if route.operation.id == "overloadReport")


class MyWeekQuery(ReadQuery, frozen=True, kw_only=True):
    """What was just recorded."""

    done: Annotated[str, msgspec.Meta(max_length=40)] | None = None


@page(
    "/console",
    title="My week",
    template="my_week.html",
    query=MyWeekQuery,
    weight=Weight.REPORT,
    entry=NavigationEntry(name="My week", section=NavigationSection.MINE, order=10),
)
def show_my_week(request: PageRequest) -> Mapping[str, Any]:
    return build_my_week(request)


@form("/console/still-right", title="Nothing changed, still right")
async def send_still_right(request: PageRequest) -> HttpResponse:
    said = {
        "goals": request.form.get_all("goals"),
        "seen": request.form.get(SEEN_FIELD),
        "note": request.form.get("note"),
    }
    if not said["goals"]:
        return redirect("/console")
    done: AffirmationResult = await request.perform(affirm_goals, convert_form(said, AffirmGoals))
    if done.refused:
        return await request.show(Weight.REPORT, partial(_show_result, done=done))
    after = f"?after_position={done.position}&done=affirm" if done.position is not None else ""
    return redirect(f"/console{after}")


def _show_result(request: PageRequest, *, done: AffirmationResult) -> HttpResponse:
    return request.render("my_week.html", "My week", build_my_week(request, result=done))


def build_my_week(request: PageRequest, result: AffirmationResult | None = None) -> dict[str, Any]:
    """The page's values; `result`: what became of several goals that were affirmed."""
    inbox: Inbox = request.ask(get_inbox, InboxQuery(names=True, limit=_MAX_ENTRIES))
    mine = str(request.viewer.member_id)
    goals: GoalList = request.ask(
        list_goals, GoalsQuery(owner=mine, state=list(LIVE_STATES), limit=_MAX_GOALS, sort="due", names=True)
    )
    report = request.ask(_OVERLOAD, _OVERLOAD.operation.query(member=mine))
    done = request.query.done if isinstance(request.query, MyWeekQuery) else None
    weeks = [figure for figure in report.figures if figure.name == "load_ratio" and figure.week is not None]
    to_check = {entry.goal for entry in inbox.entries for ask in entry.asks if ask.kind == "check_in"}
    names = request.load_names([request.viewer.member_id])
    return {
        "me": request.viewer.member_id,
        "names": names,
        "inbox": inbox,
        "waiting": _select(inbox.entries, lambda kind: kind not in _HELP | _NOTICES),
        "help": _select(inbox.entries, _HELP.__contains__),
        "notices": _select(inbox.entries, _NOTICES.__contains__),
        "titles": {str(goal.id): goal.title for goal in goals.goals},
        "goals": goals.goals,
        "goal_names": goals.names,
        "to_check": to_check,
        "weeks": weeks,
        "over": _describe_weeks(weeks),
        "load_picture": draw_weeks(weeks, as_of_now(request.context).policy.policy),
        "labels": LABELS,
        "may_act": may_act(request.viewer),
        "seen": as_of_now(request.context).position,
        "keys": [request.new_form_key() for _ in range(len(goals.goals) + 1)],
        "done": LABELS.get(done or ""),
        "result": result,
    }


def _select(entries: Sequence[InboxEntry], is_wanted: Callable[[str], bool]) -> list[InboxEntry]:
    """The entries with their asks of these kinds, without those that have none."""
    found = []
    for entry in entries:
        asks = [ask for ask in entry.asks if is_wanted(ask.kind)]
        if asks:
            found.append(msgspec.structs.replace(entry, asks=asks))
    return found


def _describe_weeks(weeks: Sequence[Figure]) -> str:
    """What the weeks come to, in a sentence."""
    red = sum(figure.line == "red" for figure in weeks)
    amber = sum(figure.line == "amber" for figure in weeks)
    if not weeks:
        return "There is nothing planned with hours yet."
    if not red and not amber:
        return f"All {len(weeks)} weeks are under the line."
    counts = [(red, "over the line"), (amber, "near it")]
    parts = [f"{count} of {len(weeks)} weeks {words}" for count, words in counts if count]
    said = ": more was promised than there are hours. That is a reason to talk, early." if red else "."
    return f"{' and '.join(parts)}{said}"


ROUTES: list[Route] = [show_my_week, send_still_right]
