"""What owners and machines said of a goal: progress, values, confidence, blockers; by business time, and as corrected.

A goal keeps its last statements one by one, so that one which was wrong can be corrected or taken back: then what was
said before it, or after it, holds again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.envelope import RecordedEvent
from domain.goal import events as e

#: By field of a goal: the events in which its value can be read.
Sources = Mapping[str, tuple[UUID, ...]]

#: The last statements of a goal, which can be corrected.
MAX_STATEMENTS = 20


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One check-in or reading of the measure, as its last correction says it. Acyclic."""

    #: The integers of two UUIDs: a UUID is tracked by the garbage collector, and a cache of goals holds up to 40
    #: statements of each (6 us per command of 60 with UUIDs).
    event: int
    correlation: int
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

    @property
    def event_id(self) -> UUID:
        """The event that recorded it."""
        return UUID(int=self.event)

    @property
    def correlation_id(self) -> UUID:
        """Of an imported row with an id of its own, `domain.corrections.row_id` of that."""
        return UUID(int=self.correlation)


class Progress(msgspec.Struct, frozen=True, gc=False):
    """Progress 0..1 as printed; as a fraction where that says more; the events that set the measure of a reading."""

    text: str
    exact: str | None = None
    measured_by: tuple[UUID, ...] = ()


class Statements(msgspec.Struct, frozen=True, gc=False):
    """In business order: the last ones, and of those before them each that something still follows from. Acyclic.

    A linked list from the last one back: most statements are added at the end, and a tuple of 40 would be copied for
    each, which writes to the reference count of all 40 (40 lines of cache; 4 us of a command's 50).
    """

    last: Statement | None = None
    before: Statements | None = None
    count: int = 0
    #: When the last correction of any statement was made, of one that is not kept any more too.
    corrected_at: datetime | None = None

    @classmethod
    def build(cls, statements: Iterable[Statement], corrected_at: datetime | None) -> Statements:
        """The list of these, which are in business order."""
        built = cls(corrected_at=corrected_at)
        for statement in statements:
            built = built.append(statement)
        return built

    def append(self, statement: Statement) -> Statements:
        """The list with one more, which is not before the last one in business time."""
        return Statements(statement, self, self.count + 1, self.corrected_at)

    @property
    def kept(self) -> tuple[Statement, ...]:
        """All of them, in business order."""
        found: list[Statement] = []
        node: Statements | None = self
        while node is not None and node.last is not None:
            found.append(node.last)
            node = node.before
        return tuple(reversed(found))

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
}

_NO_PROGRESS: tuple[str | None, str | None, tuple[UUID, ...]] = (None, None, ())


def add_statement(
    known: Statements,
    sources: Sources,
    event: e.CheckedIn | e.ValueRecorded,
    progress: Progress | None,
    recorded: RecordedEvent,
) -> dict[str, Any]:
    """The fields of the goal after a statement that stands by itself, at whatever time.

    `progress`: as stated, or as the value means it.
    """
    check_in = isinstance(event, e.CheckedIn)
    listed, confidence = (event.blockers, event.confidence) if isinstance(event, e.CheckedIn) else (None, None)
    text, exact, measured_by = _NO_PROGRESS
    if progress is not None:
        text, exact, measured_by = progress.text, progress.exact, progress.measured_by
    at = recorded.occurred_at
    new = Statement(
        event=recorded.event_id.int,
        correlation=recorded.correlation_id.int,
        at=at,
        is_check_in=check_in,
        progress=text,
        exact_progress=exact,
        measured_by=measured_by,
        value=event.value,
        confidence=confidence,
        blocked=None if listed is None else bool(listed),
        blocked_at=None if listed is None else at,
    )
    # Most statements come in business order: the commonest of events neither searches nor folds the others again.
    if known.last is not None and known.last.at > at:
        kept = known.kept
        place = bisect_right(kept, at, key=attrgetter("at"))
        return _fields(_drop_oldest((*kept[:place], new, *kept[place:])), sources, known.corrected_at)
    statements = known.append(new)
    if statements.count > 2 * MAX_STATEMENTS:
        statements = Statements.build(_drop_oldest(statements.kept), known.corrected_at)
    fields, changed = _updates(new, recorded.event_id)
    fields["statements"] = statements
    if changed:
        fields["sources"] = {**sources, **changed}
    return fields


def correct_statement(
    known: Statements,
    sources: Sources,
    event: e.CheckedIn | e.ValueRecorded,
    progress: Progress | None,
    recorded: RecordedEvent,
) -> dict[str, Any]:
    """The fields of the goal after a correction: what it says holds in the place of what was said."""
    said: dict[str, Any] = {} if event.value is None else {"value": event.value}
    if isinstance(event, e.CheckedIn):
        if event.confidence is not None:
            said["confidence"] = event.confidence
        if event.blockers is not None:
            said |= {"blocked": bool(event.blockers), "blocked_at": recorded.occurred_at}
    if progress is not None:
        said |= {"progress": progress.text, "exact_progress": progress.exact, "measured_by": progress.measured_by}
    return _change(known, sources, event.corrects, recorded, said)


def take_back_statement(known: Statements, sources: Sources, corrects: UUID, recorded: RecordedEvent) -> dict[str, Any]:
    """The fields of the goal once a statement holds no more."""
    return _change(known, sources, corrects, recorded, {"is_taken_back": True})


def _change(
    known: Statements, sources: Sources, corrects: UUID | None, recorded: RecordedEvent, changes: dict[str, Any]
) -> dict[str, Any]:
    """An older statement than those that are kept changes nothing: its correction is history."""
    changes |= {"corrected_by": recorded.event_id, "corrected_at": recorded.occurred_at}
    kept = tuple(replace(s, **changes) if s.event_id == corrects else s for s in known.kept)
    if kept == known.kept:
        return {}
    at = recorded.occurred_at
    return _fields(kept, sources, at if known.corrected_at is None else max(known.corrected_at, at))


def _fields(kept: tuple[Statement, ...], sources: Sources, corrected_at: datetime | None) -> dict[str, Any]:
    fields, all_sources = dict(_NOTHING_SAID), {**sources, "progress": (), "blockers": ()}
    for statement in kept:
        if not statement.is_taken_back:
            updates, changed = _updates(statement, statement.event_id)
            fields |= updates
            all_sources |= changed
    named = {field: events for field, events in all_sources.items() if events}
    return {**fields, "sources": named, "statements": Statements.build(kept, corrected_at)}


def _drop_oldest(kept: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Without those that neither can be corrected nor hold, once they are twice as many as can be corrected."""
    if len(kept) <= 2 * MAX_STATEMENTS:
        return kept
    return (*_still_holding(kept[:-MAX_STATEMENTS]), *kept[-MAX_STATEMENTS:])


def _still_holding(older: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Of these statements each that is the last to say something of one field."""
    last: dict[str, Statement] = {}
    for statement in older:
        if not statement.is_taken_back:
            fields, sources = _updates(statement, statement.event_id)
            last |= dict.fromkeys((*fields, *sources), statement)
    holding = {statement.event for statement in last.values()}
    return tuple(statement for statement in older if statement.event in holding)


def _updates(said: Statement, event_id: UUID) -> tuple[dict[str, Any], dict[str, tuple[UUID, ...]]]:
    """What the statement says of the goal's fields, and of their sources."""
    at = said.corrected_at or said.at
    # A correction is read with what it corrects.
    own = (event_id,) if said.corrected_by is None else (said.corrected_by, event_id)
    fields: dict[str, Any] = {}
    sources: dict[str, tuple[UUID, ...]] = {}
    if said.is_check_in:
        fields = {"last_check_in": own[0], "last_check_in_at": at, "last_words": own}
        if said.confidence is not None:
            fields["confidence"] = said.confidence
        if said.blocked is not None:
            fields["blocked_in_check_in"], fields["blockers_told_at"] = said.blocked, said.blocked_at
            sources["blockers"] = own
    if said.value is not None:
        fields["value"], fields["value_at"] = said.value, at
    if said.progress is not None:
        fields["progress"], fields["exact_progress"], fields["progress_at"] = said.progress, said.exact_progress, at
        sources["progress"] = (*own, *said.measured_by) if said.measured_by else own
    return fields, sources
