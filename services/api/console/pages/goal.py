"""A goal: its life on one line, its terms now and as of any day, and why each of them is as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.goal.events import CompletionDeclared, SatisfactionDeclared
from domain.references import as_uuid
from projections.history.history import FIELDS, HistoryEntry, HistoryPage
from services.api.console.drawings import draw_chain, draw_life
from services.api.console.goal_acts import LABELS, group_acts, list_my_acts
from services.api.console.page import PageRequest, page
from services.api.console.rendering import format_percent, format_value
from services.api.filters import GoalField
from services.api.operations import AsOfQuery, HistoryQuery, Route, TimeText, Weight
from services.api.routes.goal_queries import DiffQuery, GoalView, get_diff, get_goal, get_history
from services.api.routes.lineage import WhyQuery, get_links, get_why
from services.event_filter import EventFilter

#: Events that a page shows: the latest of them, where there are more.
MAX_EVENTS = 300
_PAGE = 100
#: Fields of the terms that one can ask a reason of, in the order in which they are shown.
_SHOWN_TERMS = ("outcome", "due", "start", "measure", "effort_hours", "priority", "progress", "confidence", "pause")


class GoalPageQuery(AsOfQuery, frozen=True, kw_only=True):
    """As of which day, and between which two days what differs is shown."""

    from_: TimeText | None = msgspec.field(name="from", default=None)
    to: TimeText | None = None
    #: The act that was just recorded.
    done: Annotated[str, msgspec.Meta(max_length=40)] | None = None


@page("/console/goals/{goal}", title="Goal", template="goal.html", query=GoalPageQuery, weight=Weight.PAGE)
def show_goal(request: PageRequest, goal: str) -> Mapping[str, Any]:
    query: GoalPageQuery = request.query
    then = AsOfQuery(as_of=query.as_of or None, recorded_as_of=query.recorded_as_of or None)
    is_now = then == AsOfQuery()
    view: GoalView = request.ask(get_goal, then, goal=goal)
    entries = load_whole_history(request, goal)
    names = request.load_names(find_ids(view, entries))
    links = request.ask(get_links, then, goal=goal)
    diff = None
    if query.from_:
        diff = request.ask(get_diff, DiffQuery(from_=query.from_, to=query.to or None), goal=goal)
    return {
        "title": view.goal.title,
        "view": view,
        "goal": view.goal,
        "promised": getattr(view.goal, "promised", None) or view.goal,
        "terms": list_terms(view, names),
        "entries": [describe_entry(entry, names, request.zone) for entry in entries],
        "links": links,
        "evidence": load_evidence(request, view.id, entries),
        "names": names,
        "is_now": is_now,
        "as_of": query.as_of or "",
        "acts": group_acts(list_my_acts(request.viewer, view)) if is_now else [],
        "labels": LABELS,
        "done": LABELS.get(query.done or ""),
        "diff": diff,
        "diff_from": query.from_ or "",
        "diff_to": query.to or "",
        "life_picture": draw_life(view.goal, entries, request.zone),
        "chain_picture": draw_chain(view.goal, links),
    }


class WhyPageQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which field's value is to be explained."""

    field: GoalField = "due"


@page("/console/goals/{goal}/why", title="Why", template="goal_why.html", query=WhyPageQuery, weight=Weight.PAGE)
def show_why(request: PageRequest, goal: str) -> Mapping[str, Any]:
    query: WhyPageQuery = request.query
    why = request.ask(
        get_why, WhyQuery(field=query.field, as_of=query.as_of, recorded_as_of=query.recorded_as_of), goal=goal
    )
    ids = [id_ for step in why.chain for id_ in _ids_in([step.before, step.after])]
    trade_offs = [give for step in why.chain if step.said for give in step.said.trade_offs]
    names = request.load_names([*ids, *_ids_in([why.value]), *(give.goal for give in trade_offs)])
    return {
        "title": f"Why: {query.field.replace('_', ' ')}",
        "why": why,
        "names": names,
        "value": format_value(why.value, names),
        "steps": [
            {"step": step, "before": format_value(step.before, names), "after": format_value(step.after, names)}
            for step in why.chain
        ],
        "fields": FIELDS,
    }


def load_whole_history(request: PageRequest, goal: str) -> list[HistoryEntry]:
    """Every event of the goal that the viewer may see, the latest `MAX_EVENTS` of them, the oldest first."""
    query = request.query
    as_of, recorded = (getattr(query, name, None) or None for name in ("as_of", "recorded_as_of"))
    entries: list[HistoryEntry] = []
    after: int | None = 0
    while after is not None:
        page_query = HistoryQuery(after=after, limit=_PAGE, as_of=as_of, recorded_as_of=recorded)
        part: HistoryPage = request.ask(get_history, page_query, goal=goal)
        entries = [*entries, *part.entries][-MAX_EVENTS:]
        after = part.next
    return entries


def find_ids(view: GoalView, entries: Sequence[HistoryEntry]) -> set[UUID | str]:
    """The ids of which the page says how they are called."""
    goal = view.goal
    found: set[UUID | str] = {each for each in (goal.owner, goal.sponsor, goal.team) if each is not None}
    delivery = getattr(goal, "delivery", None)
    if delivery is not None and delivery.mediator is not None:
        found.add(delivery.mediator)
    for need in getattr(goal, "needs", ()):
        found |= {need.addressee} if need.addressee is not None else set()
    for entry in entries:
        found |= {entry.party} if entry.party is not None else set()
        found.update(_ids_in([entry.before, entry.after]))
    return found


def _ids_in(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict):
            yield from _ids_in(list(value.values()))
        elif isinstance(value, list):
            yield from _ids_in(value)
        elif isinstance(value, str) and as_uuid(value) is not None:
            yield value


#: Events that say of conditions whether they are met, and what shows it.
_OF_CONDITIONS = ("goal.completion_declared.v1", "goal.satisfaction_declared.v1")


class ShownEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a condition: by the owner as evidence, by the sponsor as a verdict."""

    #: None: it is evidence.
    met: bool | None
    text: str
    url: str
    at: datetime


def load_evidence(request: PageRequest, goal: UUID, entries: Sequence[HistoryEntry]) -> dict[str, list[ShownEvidence]]:
    """Condition -> what was said of it up to the last of these events, the oldest first."""
    known = {entry.event_id for entry in entries if entry.type in _OF_CONDITIONS}
    found: dict[str, list[ShownEvidence]] = {}
    if not known:
        return found
    wanted = EventFilter(types=_OF_CONDITIONS, subject=goal)
    page = request.context.runtime.feed.load_page(request.viewer, 0, _PAGE, wanted)
    for event in page.decode():
        if event.event_id not in known:
            continue
        said = event.data
        if isinstance(said, CompletionDeclared):
            for one in said.evidence:
                shown = ShownEvidence(met=None, text=one.text, url=one.url, at=event.occurred_at)
                found.setdefault(one.condition, []).append(shown)
        elif isinstance(said, SatisfactionDeclared):
            for verdict in said.verdicts:
                shown = ShownEvidence(met=verdict.met, text=verdict.text, url="", at=event.occurred_at)
                found.setdefault(verdict.condition, []).append(shown)
    return found


class ShownChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field before and after an event, in words."""

    field: str
    before: str
    after: str


class ShownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the line."""

    version: int
    id: UUID
    at: datetime
    recorded_at: datetime
    #: Its day in the organisation's zone.
    day: date
    text: str
    reason: Any
    changes: list[ShownChange]
    source: str


#: Said by the sentence, or no one's question.
_UNSHOWN = frozenset({"state", "tags"})


def describe_entry(entry: HistoryEntry, names: Mapping[str, str], zone: str) -> ShownEvent:
    """An event as the line shows it."""
    changes = [
        ShownChange(
            field=name,
            before=format_value(entry.before.get(name), names),
            after=format_value(value, names),
        )
        for name, value in entry.after.items()
        if name not in _UNSHOWN and value is not None
    ]
    return ShownEvent(
        version=entry.version,
        id=entry.event_id,
        at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        day=entry.occurred_at.astimezone(ZoneInfo(zone)).date(),
        text=entry.text,
        reason=entry.reason,
        changes=changes,
        source=entry.source,
    )


class ShownTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One of the terms with its value in words."""

    field: str
    text: str
    #: A day, shown as one.
    day: date | None = None


def list_terms(view: GoalView, names: Mapping[str, str]) -> list[ShownTerm]:
    """The terms that the goal has, in the order in which they are read."""
    goal = view.goal
    promised = getattr(goal, "promised", None) or goal
    values: dict[str, Any] = msgspec.to_builtins(goal.terms) if goal.terms is not None else {}
    values |= {name: getattr(promised, name, None) for name in ("progress", "confidence")}
    pause = getattr(promised, "pause", None)
    values["pause"] = f"from {pause.paused_from} until {pause.resume_on}" if pause is not None else None
    found = []
    for name in _SHOWN_TERMS:
        value = values.get(name)
        if value is not None and value != "":
            is_day = name in ("start", "due")
            text = format_percent(value) if name in ("progress", "confidence") else format_value(value, names)
            found.append(ShownTerm(field=name, text=text, day=date.fromisoformat(str(value)) if is_day else None))
    return found


ROUTES: list[Route] = [show_goal, show_why]
