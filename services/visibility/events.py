"""What of an event a viewer may see: the whole of it, a part, or not even that it happened.

Everything that shows events goes through `EventVisibility`: the feed and what is pushed from it, histories, previews.
An instance remembers each stream's answer, so it is made anew for each page, batch or delivery.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.charter.events import CharterFact
from domain.envelope import RecordedEvent
from domain.pulse.pulse import WaveClosed
from domain.registry import AGGREGATES, EVENTS
from ledger.states import StreamState, fold
from services.authorization import Viewer
from services.person_figures import list_figure_fields, withhold_figure
from services.visibility.policy import (
    PRIVATE_CHARTER_EVENTS,
    can_see_kind,
    can_see_person,
    can_see_scope,
    can_see_stream,
    is_unrestricted,
    redact_cycle_event,
    redact_pulse,
)
from services.visibility.sight_cache import UNKNOWN, CachedSight, Stream


class StreamSource(Protocol):
    """Where streams come from: the ledger, or what was loaded of it a moment ago for many viewers."""

    def load_current(self, organisation_id: UUID, kind: str, stream_id: UUID) -> StreamState | None:
        """A stream's last state, or None where this organisation has no such stream of this kind."""

    def load_all_current(self, organisation_id: UUID, stream_ids: Collection[UUID]) -> Mapping[UUID, StreamState]:
        """The last states of many streams, of those that the organisation has."""

    def events(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        """A whole stream by version."""


class EventVisibility:
    """What one viewer sees of the log's events now; each stream and member is looked up once."""

    def __init__(self, ledger: StreamSource, viewer: Viewer, cached: CachedSight | None = None) -> None:
        self._ledger = ledger
        self._viewer = viewer
        #: What was looked up before, for other pages of the viewer.
        self._cached = cached
        #: What is looked up here is as new as this at least, and is kept where the cache has not gone on since.
        self._as_of = cached.position if cached is not None else 0
        #: Kinds of which every stream is for the viewer.
        self._whole_kinds: dict[str, bool] = {}
        self._streams: dict[Stream, bool] = {}
        self._persons: dict[UUID, bool] = {}
        self.organisation_id = viewer.organisation_id
        self.is_unrestricted = is_unrestricted(viewer)

    def redact(self, event: RecordedEvent) -> RecordedEvent | None:
        """This event of the viewer's organisation as it may be shown; None: it may not."""
        if self.is_unrestricted:
            return event
        if not self.can_see_stream(event.kind, event.stream_id):
            return None
        fact = self.redact_fact(event.kind, event.stream_id, event.data, version=event.version)
        return None if fact is None else event if fact is event.data else replace(event, data=fact)

    def redact_fact(self, kind: str, stream_id: UUID, fact: Any, *, version: int | None = None) -> Any:
        """The event's own fields as they may be shown to a viewer who may see the stream; None: they may not.

        `version` is None for an event that was not recorded (a preview).
        """
        if self.is_unrestricted:
            return fact
        if isinstance(fact, CharterFact):
            is_private = fact.__struct_config__.tag in PRIVATE_CHARTER_EVENTS
            return None if is_private and not can_see_scope(self._viewer, fact.of.team) else fact
        if isinstance(fact, WaveClosed):
            return redact_pulse(self._viewer, fact)
        if kind == "cycle":
            return redact_cycle_event(fact, lambda goal: self.can_see_stream("goal", goal))
        cls: type[msgspec.Struct] = type(fact)
        hidden = {
            name: withhold_figure(figure)
            for name in list_figure_fields(cls)
            if (figure := getattr(fact, name)) is not None
            and not self._can_see_person(self._find_subject(figure, fact, stream_id, version))
        }
        return replace(fact, **hidden) if hidden else fact

    def includes(self, kind: str, stream_id: UUID) -> bool:
        """Whether the viewer's organisation has this stream, and the viewer may be shown events of it."""
        entry = self._ledger.load_current(self._viewer.organisation_id, kind, stream_id)
        return entry is not None and entry.state is not None and self.can_see_stream(kind, stream_id)

    def can_see_stream(self, kind: str, stream_id: UUID) -> bool:
        """Whether the viewer may be shown events of this stream, as it stands now."""
        if self._sees_kind(kind):
            return True
        if kind == "group":
            # No stream: whose own a mart's row is.
            team = None if stream_id == self._viewer.organisation_id else stream_id
            return can_see_scope(self._viewer, team)
        stream = (kind, stream_id)
        if stream not in self._streams:
            self.look_up([stream])
        return self._streams[stream]

    def look_up(self, streams: Iterable[Stream]) -> None:
        """Look up together what `can_see_stream` is going to be asked for: a statement for all, not for each."""
        unknown = {stream for stream in streams if not self.knows(*stream)}
        self._streams |= self._find(
            unknown, lambda stream, state: state is not None and can_see_stream(self._viewer, *stream, state)
        )

    def look_up_numbered(self, numbers: array[int]) -> bytes:
        """Of each of the streams that have these numbers in the cache's index whether it may be seen: 1 or 0."""
        if self._cached is None:
            raise TypeError("numbers are of a cache's index")
        seen = self._cached.get(numbers)
        if UNKNOWN not in seen:
            return seen
        streams = [self._cached.index.streams[number] for number in numbers]
        self.look_up(streams)
        seen = bytes(self.can_see_stream(*stream) for stream in streams)
        # Those of kinds that are visible as a whole too, which `look_up` leaves out.
        self._cached.keep(numbers, seen, self._as_of)
        return seen

    def look_up_persons(self, facts: Iterable[Any]) -> None:
        """Look up together the persons whose figures these facts hold, as far as they say whose."""
        named = {_named_subject(figure, fact) for fact in facts for figure in _list_figures(fact)}
        unknown = {("member", member) for member in named if member is not None and member not in self._persons}
        found = self._find(unknown, lambda stream, state: can_see_person(self._viewer, stream[1], state))
        self._persons |= {member: is_visible for (_, member), is_visible in found.items()}

    def knows(self, kind: str, stream_id: UUID) -> bool:
        """Whether this stream needs no look-up any more."""
        return (kind, stream_id) in self._streams or self._sees_kind(kind)

    def _sees_kind(self, kind: str) -> bool:
        if kind not in self._whole_kinds:
            self._whole_kinds[kind] = can_see_kind(self._viewer, kind)
        return self._whole_kinds[kind]

    def _find(self, streams: set[Stream], may_see: Callable[[Stream, Any], bool]) -> dict[Stream, bool]:
        """Of each of these streams whether it may be seen, by its last state: None where there is no such stream."""
        known = self._cached.recall(streams) if self._cached is not None else {}
        unknown = streams - known.keys()
        if not unknown:
            return known
        entries = self._ledger.load_all_current(self._viewer.organisation_id, [stream_id for _, stream_id in unknown])
        states = {
            (kind, stream_id): entry.state
            for kind, stream_id in unknown
            if (entry := entries.get(stream_id)) is not None and entry.kind == kind
        }
        found = {stream: may_see(stream, states.get(stream)) for stream in unknown}
        if self._cached is not None:
            self._cached.keep(self._cached.index.number(states), [found[stream] for stream in states], self._as_of)
        return known | found

    def remember(self, kind: str, streams: Mapping[UUID, bool]) -> None:
        """Take over what was looked up for many streams at once."""
        self._streams |= {(kind, stream): visible for stream, visible in streams.items()}

    def _can_see_person(self, member: UUID | None) -> bool:
        if member is None:
            return False
        if member not in self._persons:
            self._persons[member] = can_see_person(self._viewer, member, self.load_state("member", member))
        return self._persons[member]

    def _find_subject(self, figure: Any, fact: Any, stream_id: UUID, version: int | None) -> UUID | None:
        """Whose figure it is. Events of before do not say it: then it is who joined, or the goal's owner after it."""
        named = _named_subject(figure, fact)
        if named is not None or version is None:
            return named
        events = self._ledger.events(self._viewer.organisation_id, stream_id)
        owner: UUID | None = fold(events[:version], AGGREGATES).state.owner
        return owner

    def load_state(self, kind: str, stream_id: UUID) -> Any:
        """The stream's last state; None where the organisation has no such stream."""
        entry = self._ledger.load_current(self._viewer.organisation_id, kind, stream_id)
        return entry.state if entry is not None else None


def _list_figures(fact: Any) -> Iterator[Any]:
    """The figures of persons that the fact holds."""
    cls: type[msgspec.Struct] = type(fact)
    return (figure for name in list_figure_fields(cls) if (figure := getattr(fact, name)) is not None)


def _named_subject(figure: Any, fact: Any) -> UUID | None:
    """Whose figure it is, where the fact itself says so."""
    named: UUID | None = figure.of or getattr(fact, "member", None)
    return named


@lru_cache(maxsize=1024)
def has_rules(tag: str) -> bool:
    """Whether an event of this type may have to be reduced for a viewer who may see its stream."""
    cls = EVENTS.get(tag)
    # What a later version recorded may have rules that this one does not know.
    is_private = tag in PRIVATE_CHARTER_EVENTS or tag.startswith(("cycle.", "pulse."))
    return cls is None or is_private or bool(list_figure_fields(cls))
