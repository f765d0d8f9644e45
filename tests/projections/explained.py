"""Figures computed anew from nothing but the events that `explain` names: plainly, day by day, by code of its own.

Only what the events say is read: terms from the request, offer or counter, changes from proposals that were accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.member.member import AbsenceDeclared, CapacityDeclared
from projections.figures import Figure

DAY = timedelta(days=1)
ZERO = Fraction(0)
HORIZON_DAYS = 500
_JUDGEMENTS = (e.GoalPromised, e.GoalAccepted, e.CheckedIn, e.Affirmed, e.LinkAffirmed, e.ChangeAccepted)
#: Parties that a counter does not name: two of them.
_OWNER, _SPONSOR = UUID(int=1), UUID(int=2)
#: When said, first day, and day of resumption; without days the end of a pause.
_Pause = tuple[datetime, date | None, date | None]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def in_time(events: Iterable[RecordedEvent], kind: str) -> list[Any]:
    return sorted((r for r in events if r.kind == kind), key=lambda r: (r.occurred_at, r.version))


def list_proposals(events: Iterable[RecordedEvent]) -> dict[UUID, Any]:
    return {r.event_id: r.data for r in events if isinstance(r.data, e.ChangeProposed | e.ChangeCountered)}


def count_named(recorded: Iterable[RecordedEvent], figure: Figure) -> Counter[str]:
    """How many events of each class the figure names."""
    named = set(figure.events or ())
    return Counter(type(event.data).__name__ for event in recorded if event.event_id in named)


def list_named_goals(recorded: Iterable[RecordedEvent], figure: Figure) -> set[UUID]:
    """The goals of which the figure names an event."""
    named = set(figure.events or ())
    return {event.stream_id for event in recorded if event.kind == "goal" and event.event_id in named}


class ExplainedGoal(msgspec.Struct, kw_only=True):
    """What the named events of one goal say, in the order of business time."""

    owner: UUID
    sponsor: UUID
    effort_hours: str | None
    start: date
    due: date
    measure: Any
    first_duration: int
    progress: Fraction = ZERO
    raised: bool = False
    listed: bool = False
    pause: Any = None
    #: Days by which dues moved: by both sides (`negotiated`), by one (`alone`) or after the fact (`retroactive`).
    moves: list[tuple[int, str]]


def read_goal(events: Iterable[RecordedEvent]) -> ExplainedGoal:
    """Raises where the events do not suffice: no terms, no promise, or an acceptance without its proposal."""
    ordered = in_time(events, "goal")
    opened = next(r.data for r in ordered if isinstance(r.data, e.GoalOffered | e.GoalRequested | e.GoalCountered))
    assert any(isinstance(r.data, e.GoalPromised | e.GoalAccepted) for r in ordered)
    goal = ExplainedGoal(
        owner=getattr(opened, "owner", _OWNER),
        sponsor=getattr(opened, "sponsor", _SPONSOR),
        effort_hours=opened.terms.effort_hours,
        start=opened.terms.start,
        due=opened.terms.due,
        measure=opened.terms.measure,
        first_duration=(opened.terms.due - opened.terms.start).days,
        moves=[],
    )
    for recorded in ordered:
        _apply(goal, recorded, list_proposals(ordered))
    return goal


def _apply(goal: ExplainedGoal, recorded: Any, proposals: dict[UUID, Any]) -> None:
    event = recorded.data
    match event:
        case e.ChangeAccepted():
            _change(goal, recorded, proposals[event.answers])
        case e.CheckedIn():
            if event.value is not None:
                _read(goal, event.value)
            goal.progress = goal.progress if event.progress is None else Fraction(event.progress)
            goal.listed = goal.listed if event.blockers is None else bool(event.blockers)
        case e.ValueRecorded():
            _read(goal, event.value)
        case e.BlockerRaised():
            goal.raised = True
        case e.Resumed():
            goal.pause = None


def _read(goal: ExplainedGoal, value: str) -> None:
    if goal.measure.baseline is not None and goal.measure.target is not None:
        baseline, target = Fraction(goal.measure.baseline), Fraction(goal.measure.target)
        goal.progress = max(ZERO, min(Fraction(1), (Fraction(value) - baseline) / (target - baseline)))


def _change(goal: ExplainedGoal, recorded: Any, proposed: Any) -> None:
    changes = proposed.changes
    if changes.due is not None and changes.due != goal.due:
        one_sided = recorded.data.self_accepted or goal.owner == goal.sponsor
        how = "retroactive" if proposed.retroactive else "alone" if one_sided else "negotiated"
        goal.moves.append(((changes.due - goal.due).days, how))
    for name in ("effort_hours", "start", "due", "measure", "owner", "sponsor", "pause"):
        if getattr(changes, name) is not None:
            setattr(goal, name, getattr(changes, name))


def group_goals(events: Iterable[RecordedEvent]) -> list[ExplainedGoal]:
    streams: dict[UUID, list[RecordedEvent]] = {}
    for recorded in events:
        if recorded.kind == "goal":
            streams.setdefault(recorded.stream_id, []).append(recorded)
    return [read_goal(of_goal) for of_goal in streams.values()]


# --- the load of a week ----------------------------------------------------------------------------------------------


def compute_week(events: Iterable[RecordedEvent], week: date, today: date) -> tuple[Fraction, Fraction]:
    """Planned and available hours, by the policies' defaults."""
    known = list(events)
    absent = set(_absent_days(known))
    days = [day for day in (week + n * DAY for n in range(7)) if day >= today and is_there(day, absent)]
    planned = sum((hours_on(goal, day, today, absent) for goal in group_goals(known) for day in days), ZERO)
    return planned, sum((Fraction(hours_a_week(known, day)) * Fraction(8, 10) / 5 for day in days), ZERO)


def is_there(day: date, absent: set[date]) -> bool:
    return day.weekday() < 5 and day not in absent


def _absent_days(events: Iterable[RecordedEvent]) -> Iterator[date]:
    for recorded in events:
        if isinstance(recorded.data, AbsenceDeclared):
            away = recorded.data.absence
            yield from (away.from_ + n * DAY for n in range((away.to - away.from_).days + 1))


def hours_a_week(events: Iterable[RecordedEvent], day: date) -> str:
    hours, since = "40", date.min
    for recorded in sorted(events, key=lambda r: (r.occurred_at, r.log_position)):
        if isinstance(recorded.data, CapacityDeclared):
            declared = recorded.data.capacity
            if since <= declared.from_ <= day:
                hours, since = declared.hours_per_week, declared.from_
    return hours


def hours_on(goal: ExplainedGoal, day: date, today: date, absent: set[date]) -> Fraction:
    if goal.pause is not None and goal.pause.paused_from <= today < goal.pause.resume_on:
        return ZERO
    share = Fraction(1, 2) if goal.raised or goal.listed else Fraction(1)
    first = max(today, min(goal.start, goal.due))
    if goal.effort_hours is None:
        return Fraction(4, 5) * share if day >= first and (day <= goal.due or goal.due < today) else ZERO
    left = Fraction(goal.effort_hours) * (1 - goal.progress) * share
    ahead = [d for d in (first + n * DAY for n in range(HORIZON_DAYS)) if is_there(d, absent)]
    asked = [d for d in ahead if d <= goal.due] or ahead[:5]
    return left / len(asked) if day in asked else ZERO


# --- drift -----------------------------------------------------------------------------------------------------------


def compute_idle_days(events: Iterable[RecordedEvent], at: datetime) -> Fraction:
    """Days since the last judgement, less pauses and absences; what overlaps counts once."""
    known = list(events)
    judged_at = max(r.occurred_at for r in known if isinstance(r.data, _JUDGEMENTS))
    stops = [*_pause_spans(known), *_absence_spans(known)]
    edges = sorted({judged_at, at, *(edge for span in stops for edge in span if judged_at < edge < at)})
    ran = timedelta()
    for begin, end in pairwise(edges):
        if not any(start <= begin and end <= stop for start, stop in stops):
            ran += end - begin
    return Fraction(ran // timedelta.resolution, DAY // timedelta.resolution)


def _list_pauses(events: list[RecordedEvent]) -> Iterator[_Pause]:
    proposals = list_proposals(events)
    for recorded in in_time(events, "goal"):
        if isinstance(recorded.data, e.Resumed):
            yield recorded.occurred_at, None, None
        elif isinstance(recorded.data, e.ChangeAccepted) and recorded.data.answers in proposals:
            pause = proposals[recorded.data.answers].changes.pause
            if pause is not None:
                yield recorded.occurred_at, pause.paused_from, pause.resume_on


def _pause_spans(events: list[RecordedEvent]) -> Iterator[tuple[datetime, datetime]]:
    pauses = list(_list_pauses(events))
    for number, (_, first, resume) in enumerate(pauses):
        if first is not None and resume is not None:
            cut = [at for at, _, _ in pauses[number + 1 : number + 2]]
            yield midnight(first), min([midnight(resume), *cut])


def _absence_spans(events: Iterable[RecordedEvent]) -> Iterator[tuple[datetime, datetime]]:
    for recorded in events:
        if isinstance(recorded.data, AbsenceDeclared):
            back, left = recorded.data.absence.to, 2
            while left:
                back += DAY
                left -= back.weekday() < 5
            yield midnight(recorded.data.absence.from_), midnight(back + DAY)
