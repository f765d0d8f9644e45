"""What owners and machines said of a goal: progress, values, confidence, blockers; by business time, and as corrected.

A goal keeps its last statements one by one, so that one which was wrong can be corrected or taken back: then what was
said before it, or after it, holds again.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.envelope import RecordedEvent
from domain.goal import events as e

#: The last statements of a goal, which can be corrected.
MAX_STATEMENTS = 20


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One check-in or reading of the measure, as its last correction says it. Acyclic."""

    event_id: UUID
    #: Of an imported row with an id of its own, `domain.corrections.row_id` of that.
    correlation_id: UUID
    at: datetime
    is_check_in: bool
    progress: str | None = None
    #: As a fraction, where `progress` is rounded.
    exact_progress: str | None = None
    #: Where the value means the progress: the events that set the measure of that time.
    measured_by: tuple[UUID, ...] = ()
    value: str | None = None
    confidence: str | None = None
    #: Whether blockers were listed, and when; None: not spoken about.
    blocked: bool | None = None
    blocked_at: datetime | None = None
    #: The last correction, and when it was made.
    corrected_by: UUID | None = None
    corrected_at: datetime | None = None
    is_taken_back: bool = False


class Progress(NamedTuple):
    """Progress 0..1 as printed; as a fraction where that says more; the events that set the measure of a reading."""

    text: str
    exact: str | None = None
    measured_by: tuple[UUID, ...] = ()


class Statements(msgspec.Struct, frozen=True):
    """In business order: the last ones, and of those before them each that something still follows from."""

    kept: tuple[Statement, ...] = ()

    @property
    def recent(self) -> tuple[Statement, ...]:
        """Those that can be corrected."""
        return self.kept[-MAX_STATEMENTS:]


#: The fields of `domain.goal.state.Promised` that follow from statements, where nothing was said.
_NOTHING_SAID: dict[str, Any] = {
    "progress": "0",
    "exact_progress": None,
    "progress_at": None,
    "confidence": None,
    "value": None,
    "value_at": None,
    "last_check_in": None,
    "last_check_in_at": None,
    "last_words": (),
    "blocked_in_check_in": False,
    "blockers_told_at": None,
    "sources": {"progress": (), "blockers": ()},
}


def add_statement(
    known: Statements, event: e.CheckedIn | e.ValueRecorded, progress: Progress | None, recorded: RecordedEvent
) -> dict[str, Any]:
    """The fields of the goal after a statement that stands by itself, at whatever time.

    `progress`: as stated, or as the value means it. `sources` of the result names only what changes.
    """
    check_in = isinstance(event, e.CheckedIn)
    listed = event.blockers if isinstance(event, e.CheckedIn) else None
    new = Statement(
        event_id=recorded.event_id,
        correlation_id=recorded.correlation_id,
        at=recorded.occurred_at,
        is_check_in=check_in,
        **_progress_fields(progress),
        value=event.value,
        confidence=event.confidence if isinstance(event, e.CheckedIn) else None,
        blocked=None if listed is None else bool(listed),
        blocked_at=None if listed is None else recorded.occurred_at,
    )
    place = bisect_right(known.kept, new.at, key=attrgetter("at"))
    kept = (*known.kept[:place], new, *known.kept[place:])
    if len(kept) > 2 * MAX_STATEMENTS:
        kept = (*_still_holding(kept[:-MAX_STATEMENTS]), *kept[-MAX_STATEMENTS:])
    if place == len(known.kept):
        return {**_updates(new), "statements": Statements(kept)}
    return _fields(kept)


def correct_statement(
    known: Statements, event: e.CheckedIn | e.ValueRecorded, progress: Progress | None, recorded: RecordedEvent
) -> dict[str, Any]:
    """The fields of the goal after a correction: what it says holds in the place of what was said."""
    said: dict[str, Any] = {} if event.value is None else {"value": event.value}
    if isinstance(event, e.CheckedIn):
        if event.confidence is not None:
            said["confidence"] = event.confidence
        if event.blockers is not None:
            said |= {"blocked": bool(event.blockers), "blocked_at": recorded.occurred_at}
    return _change(known, event.corrects, recorded, said | _progress_fields(progress))


def take_back_statement(known: Statements, corrects: UUID, recorded: RecordedEvent) -> dict[str, Any]:
    """The fields of the goal once a statement holds no more."""
    return _change(known, corrects, recorded, {"is_taken_back": True})


def _change(
    known: Statements, corrects: UUID | None, recorded: RecordedEvent, changes: dict[str, Any]
) -> dict[str, Any]:
    """An older statement than those that are kept changes nothing: its correction is history."""
    changes |= {"corrected_by": recorded.event_id, "corrected_at": recorded.occurred_at}
    kept = tuple(replace(s, **changes) if s.event_id == corrects else s for s in known.kept)
    return _fields(kept) if kept != known.kept else {}


def _progress_fields(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return {}
    return {"progress": progress.text, "exact_progress": progress.exact, "measured_by": progress.measured_by}


def _fields(kept: tuple[Statement, ...]) -> dict[str, Any]:
    fields = dict(_NOTHING_SAID)
    for statement in kept:
        if not statement.is_taken_back:
            updates = _updates(statement)
            fields |= {**updates, "sources": fields["sources"] | updates.get("sources", {})}
    return {**fields, "statements": Statements(kept)}


def _still_holding(older: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Of these statements each that is the last to say something of one field."""
    last: dict[str, Statement] = {}
    for statement in older:
        if not statement.is_taken_back:
            last |= dict.fromkeys(_updates(statement), statement)
    holding = {statement.event_id for statement in last.values()}
    return tuple(statement for statement in older if statement.event_id in holding)


def _updates(said: Statement) -> dict[str, Any]:
    at = said.corrected_at or said.at
    # A correction is read with what it corrects.
    own = (said.event_id,) if said.corrected_by is None else (said.corrected_by, said.event_id)
    updates: dict[str, Any] = {}
    sources: dict[str, tuple[UUID, ...]] = {}
    if said.is_check_in:
        updates = {"last_check_in": own[0], "last_check_in_at": at, "last_words": own}
        if said.confidence is not None:
            updates["confidence"] = said.confidence
        if said.blocked is not None:
            updates["blocked_in_check_in"], updates["blockers_told_at"] = said.blocked, said.blocked_at
            sources["blockers"] = own
    if said.value is not None:
        updates["value"], updates["value_at"] = said.value, at
    if said.progress is not None:
        updates |= {"progress": said.progress, "exact_progress": said.exact_progress, "progress_at": at}
        sources["progress"] = (*own, *said.measured_by)
    return {**updates, "sources": sources} if sources else updates
