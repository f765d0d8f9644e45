"""Which events a follower wants, the same for the pull feed, the live stream and subscriptions.

A filter is applied to what its viewer sees, never before (`select_event`): what it leaves out, and where it stops,
says nothing about an event that is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.charter.events import CharterFact
from domain.envelope import RecordedEvent
from domain.registry import EVENTS

#: Ends a pattern that stands for every type below it.
_ANY = ".*"


def _list_patterns() -> tuple[str, ...]:
    prefixes = {tag.rsplit(".", steps)[0] + _ANY for tag in EVENTS for steps in (1, 2)}
    return (*sorted(EVENTS), *sorted(prefixes))


#: What `types` takes: each tag, `<kind>.<fact>.*` for every version of a type, `<kind>.*` for all types of a kind.
TYPE_PATTERNS: tuple[str, ...] = _list_patterns()


def matches_type(patterns: Iterable[str], tag: str) -> bool:
    """Whether one of the patterns stands for this tag."""
    return any(tag.startswith(pattern[:-1]) if pattern.endswith(_ANY) else tag == pattern for pattern in patterns)


class EventSight(Protocol):
    """What one viewer sees of an organisation's events."""

    def redact(self, event: RecordedEvent) -> RecordedEvent | None:
        """The event as it may be shown; None: it may not."""

    def load_state(self, kind: str, stream_id: UUID) -> Any:
        """The stream's last state; None where there is none."""


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Of some types, of one stream, of one team; what is not named does not narrow."""

    types: tuple[str, ...] = ()
    #: Id of the stream.
    subject: UUID | None = None
    #: A team's own events, and those of its charter, cycles, decisions, experiments, goals and members as they belong
    #: to it now.
    team: UUID | None = None

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.types) or self.subject is not None or self.team is not None

    @property
    def tags(self) -> tuple[str, ...]:
        """The known tags that its patterns stand for; empty where it takes every type."""
        return tuple(tag for tag in EVENTS if matches_type(self.types, tag)) if self.types else ()

    def matches(self, event: RecordedEvent, sight: EventSight) -> bool:
        """Whether an event that its viewer sees is wanted."""
        if self.types and not matches_type(self.types, event.type):
            return False
        if self.subject is not None and event.stream_id != self.subject:
            return False
        return self.team is None or self.team in find_teams(event, sight)


def find_teams(event: RecordedEvent, sight: EventSight) -> frozenset[UUID]:
    """The teams that an event belongs to, as its stream stands now."""
    if event.kind == "team":
        return frozenset({event.stream_id})
    if isinstance(event.data, CharterFact):
        return _one(event.data.of.team)
    if event.kind == "organisation":
        return frozenset()
    state = sight.load_state(event.kind, event.stream_id)
    if state is None:
        return frozenset()
    match event.kind:
        case "goal":
            return _one(state.team)
        case "member":
            return frozenset({*state.teams, *_one(getattr(event.data, "team", None))})
        case "pulse" | "recognition" | "subscription":
            return _one(state.team)
        case "cycle" | "decision" | "experiment":
            return _one(state.of.team)

    return frozenset()


def _one(team: UUID | None) -> frozenset[UUID]:
    return frozenset({team}) if team is not None else frozenset()


def select_event(event: RecordedEvent, sight: EventSight, wanted: EventFilter) -> RecordedEvent | None:
    """The event as one viewer is shown it, where it is wanted: sight first, then the filter."""
    shown = sight.redact(event)
    return shown if shown is not None and wanted.matches(shown, sight) else None
