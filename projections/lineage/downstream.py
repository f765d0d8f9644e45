"""What a change above caused below: each link that it left unaffirmed, and what became of it.

A parent's material change or end, or a purpose's revision, asks everybody who supports it: does it still hold? The
owner affirms, renegotiates, unlinks, or has not answered yet. Where a renegotiation names a trigger from above
and is itself material, what it caused is listed too, a step deeper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import Database
from projections.lineage.links import (
    MAX_DEPTH,
    MAX_ENTRIES,
    CausedBy,
    LinkStatement,
    MaterialChange,
    SupportedGoal,
    find_end_of_goal,
    load_material_changes,
    load_statements_by_parent,
    parents_at,
)
from projections.lineage.upstream import PurposeVersionEntry, load_purpose_versions
from projections.sight import Sight

LinkOutcome = Literal["affirmed", "renegotiated", "unlinked", "ended", "waiting"]


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """One link that an event above left unaffirmed."""

    #: 1: caused by the event asked about; 2: by what that caused; and so on.
    depth: int
    #: The event above, when it happened, and whose it is: a goal or a charter.
    event: UUID
    since: datetime
    above: UUID
    #: The goal whose link it is.
    goal: UUID
    title: str
    became: LinkOutcome
    #: The event that answered; none while it waits.
    by: UUID | None
    at: datetime | None
    #: Whether the answer names its cause; null where it was affirmed without a word, and while it waits.
    because: CausedBy | None
    #: By when it was to be answered, and whether it was not, or not by then.
    until: datetime
    overdue: bool


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the links below; the nearest first, then by time."""

    entries: list[Consequence]
    #: There is more than is listed here.
    more: bool


def find_downstream_consequences(
    database: Database, as_of: AsOf, events: Mapping[UUID, list[MaterialChange]]
) -> Consequences:
    """What these events of goals and charters caused, by stream; at most 5 steps deep and 200 entries long."""
    entries: list[Consequence] = []
    seen: set[UUID] = set()
    level = {stream: of_stream for stream, of_stream in events.items() if of_stream}
    for depth in range(1, MAX_DEPTH + 1):
        seen |= {event.event_id for of_stream in level.values() for event in of_stream}
        below = load_statements_by_parent(database, as_of, level)
        goals = {statement.goal for of_stream in below.values() for statement in of_stream}
        moved = load_material_changes(database, as_of, goals)
        called = parents_at(database, as_of, goals)
        step = [
            c
            for stream, of_stream in sorted(level.items(), key=lambda item: item[0].int)
            for c in _find_consequences(depth, of_stream, below.get(stream, []), moved, called, as_of)
        ]
        entries += sorted(step, key=lambda c: (c.since, c.event.int, c.goal.int))
        level = _find_next_level(step, moved, seen)
        if not level or len(entries) > MAX_ENTRIES:
            break
    return Consequences(entries=entries[:MAX_ENTRIES], more=len(entries) > MAX_ENTRIES or bool(level))


def _find_consequences(  # noqa: PLR0913 - the inputs of a level
    depth: int,
    events: list[MaterialChange],
    statements: Iterable[LinkStatement],
    moved: Mapping[UUID, list[MaterialChange]],
    called: Mapping[UUID, SupportedGoal],
    as_of: AsOf,
) -> Iterator[Consequence]:
    """What these events of one stream, in their order, did to the links to it."""
    by_goal: dict[UUID, list[LinkStatement]] = {}
    for statement in statements:
        by_goal.setdefault(statement.goal, []).append(statement)
    for event in events:
        for goal, of_goal in by_goal.items():
            before = [s for s in of_goal if s.at < event.at]
            end = find_end_of_goal(moved.get(goal, []))
            if not before or not before[-1].affirmed or (end is not None and end.at <= event.at):
                continue
            answer = next((s for s in of_goal if s.at >= event.at), None)
            yield _build_consequence(depth, event, answer, end, before[-1], events, called, as_of)


def _build_consequence(  # noqa: PLR0913 - the inputs of a consequence
    depth: int,
    event: MaterialChange,
    answer: LinkStatement | None,
    end: MaterialChange | None,
    link: LinkStatement,
    events: list[MaterialChange],
    called: Mapping[UUID, SupportedGoal],
    as_of: AsOf,
) -> Consequence:
    became: LinkOutcome = "waiting"
    by, at = None, None
    because = None
    if answer is not None:
        became = "affirmed" if answer.how == "promised" else answer.how
        by, at = answer.event_id, answer.at
        cause = answer.find_cause(events)
        because = cause[1] if cause is not None and cause[0].event_id == event.event_id else None
    elif end is not None:
        became, by, at = "ended", end.event_id, end.at
    until = from_micros(event.at) + timedelta(days=as_of.policy.policy.unaffirmed_days)
    return Consequence(
        depth=depth,
        event=event.event_id,
        since=from_micros(event.at),
        above=link.parent,
        goal=link.goal,
        title=called[link.goal].title if link.goal in called else "",
        became=became,
        by=by,
        at=None if at is None else from_micros(at),
        because=because,
        until=until,
        overdue=(to_micros(as_of.at) if at is None else at) > to_micros(until),
    )


def _find_next_level(
    step: Iterable[Consequence], moved: Mapping[UUID, list[MaterialChange]], seen: set[UUID]
) -> dict[UUID, list[MaterialChange]]:
    """The renegotiations that name their cause and were material themselves."""
    level: dict[UUID, list[MaterialChange]] = {}
    for c in step:
        if c.because is None or c.by is None or c.by in seen:
            continue
        changes = [m for m in moved.get(c.goal, []) if m.event_id == c.by]
        if changes and changes[0] not in level.get(c.goal, []):
            level.setdefault(c.goal, []).extend(changes)
    return {goal: sorted(changes, key=lambda m: (m.at, m.event_id.int)) for goal, changes in level.items()}


class PurposeConsequences(msgspec.Struct, frozen=True, kw_only=True):
    """Every version of a purpose, the newest first, and what its revisions caused."""

    charter: UUID
    versions: list[PurposeVersionEntry]
    #: Nearest first, at most 5 steps down.
    downstream: list[Consequence]
    #: There is more below than the 200 entries that are listed.
    more: bool


def find_purpose_consequences(
    database: Database, as_of: AsOf, charter: UUID, *, sight: Sight, version: int | None = None
) -> PurposeConsequences:
    """What became of the links to a purpose at each revision, or at that of one version; a first one left none."""
    versions = [v for v in load_purpose_versions(database, as_of, charter, sight=sight) if version in (None, v.version)]
    events = {v.event_id for v in versions}
    revisions = [m for m in load_material_changes(database, as_of, [charter]).get(charter, []) if m.event_id in events]
    caused = find_downstream_consequences(database, as_of, {charter: revisions})
    return PurposeConsequences(charter=charter, versions=versions[::-1], downstream=caused.entries, more=caused.more)
