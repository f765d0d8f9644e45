"""Events as server-sent events, encoded once for all streams that show the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from ledger.serialization import LogRecord
from ledger.states import StreamState
from services.authorization import Viewer
from services.cloud_events import AnyEvent, encode_event
from services.event_filter import EventFilter
from services.visibility.events import EventVisibility, StreamSource
from services.visibility.feed import keep_visible, show_records

_LAST_EVENT_ID = re.compile(r"(?:(?P<epoch>[0-9a-f]{32})\.)?(?P<position>[0-9]{1,18})")
#: In place of the key's id: two keys of one member show the same.
_ANY_KEY = UUID(int=0)


class StreamView(msgspec.Struct, frozen=True):
    """What the bytes of a stream depend on: streams that are equal in it get the same ones."""

    viewer: Viewer
    wanted: EventFilter
    #: Base of absolute addresses.
    base_url: str

    def seen_by(self, viewer: Viewer) -> StreamView:
        """The same for a viewer as they stand now."""
        seen = msgspec.structs.replace(viewer, key_id=_ANY_KEY)
        return self if seen == self.viewer else msgspec.structs.replace(self, viewer=seen)


class Chunk(msgspec.Struct, frozen=True):
    """What one view shows of the events behind a position, up to another."""

    after: int
    last: int
    #: Position and bytes of each event that is shown.
    frames: tuple[tuple[int, bytes], ...]
    data: bytes

    def data_behind(self, position: int) -> bytes:
        """The bytes without the events up to a position."""
        if position <= self.after:
            return self.data
        return b"".join(frame for at, frame in self.frames if at > position)


class Encoder:
    """Makes the chunks of one batch of events. Each event is decoded once at most, and encoded whole once."""

    def __init__(self, source: StreamSource, epoch: str) -> None:
        self._source = source
        self._epoch = epoch
        self._decoded: dict[int, RecordedEvent] = {}
        self._whole: dict[tuple[str, int], bytes] = {}

    def encode(self, records: Sequence[LogRecord], after: int, last: int, view: StreamView) -> Chunk:
        """What the view shows of these events."""
        sight = EventVisibility(self._source, view.viewer)
        frames = [
            (record.position, self._encode(record, shown, view.base_url))
            for record, shown in show_records(keep_visible(records, sight), sight, view.wanted, self._decode)
        ]
        return Chunk(after, last, tuple(frames), b"".join(frame for _, frame in frames))

    def _decode(self, record: LogRecord) -> RecordedEvent:
        if record.position not in self._decoded:
            self._decoded[record.position] = record.decode()
        return self._decoded[record.position]

    def _encode(self, record: LogRecord, shown: AnyEvent, base_url: str) -> bytes:
        if shown is not record and shown is not self._decoded.get(record.position):
            return format_frame(shown, base_url, self._epoch)
        key = (base_url, record.position)
        if key not in self._whole:
            self._whole[key] = format_frame(record, base_url, self._epoch)
        return self._whole[key]


class SharedStreams:
    """The streams that a batch of events concerns, each looked up once for all viewers."""

    def __init__(self, ledger: StreamSource) -> None:
        self._ledger = ledger
        self._states: dict[tuple[UUID, str, UUID], StreamState | None] = {}
        #: Whatever their kind.
        self._current: dict[tuple[UUID, UUID], StreamState | None] = {}
        self._events: dict[tuple[UUID, UUID], list[RecordedEvent]] = {}

    def load_current(self, organisation_id: UUID, kind: str, stream_id: UUID) -> StreamState | None:
        key = (organisation_id, kind, stream_id)
        if key not in self._states:
            self._states[key] = self._ledger.load_current(organisation_id, kind, stream_id)
        return self._states[key]

    def load_all_current(self, organisation_id: UUID, stream_ids: Collection[UUID]) -> Mapping[UUID, StreamState]:
        unread = [stream_id for stream_id in stream_ids if (organisation_id, stream_id) not in self._current]
        found = self._ledger.load_all_current(organisation_id, unread) if unread else {}
        self._current |= {(organisation_id, stream_id): found.get(stream_id) for stream_id in unread}
        known = {stream_id: self._current[organisation_id, stream_id] for stream_id in stream_ids}
        return {stream_id: entry for stream_id, entry in known.items() if entry is not None}

    def events(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        key = (organisation_id, stream_id)
        if key not in self._events:
            self._events[key] = self._ledger.events(organisation_id, stream_id)
        return self._events[key]


def format_event_id(epoch: str, position: int) -> str:
    """The `id` of a server-sent event: a position, and of which log."""
    return f"{epoch}.{position}"


def parse_event_id(text: str) -> tuple[str | None, int] | None:
    """The epoch (None: none was named) and position of a `Last-Event-ID`; None for another text."""
    found = _LAST_EVENT_ID.fullmatch(text.strip())
    return (found["epoch"], int(found["position"])) if found is not None else None


def format_frame(event: AnyEvent, base_url: str, epoch: str) -> bytes:
    """One event as `text/event-stream` sends it; JSON has no line break, so one line of `data` holds it."""
    data = encode_event(event, base_url, epoch)
    return b"id: %s\ndata: %s\n\n" % (format_event_id(epoch, event.position).encode(), data)


def format_keep_alive(epoch: str, position: int) -> bytes:
    """A comment, and the position up to which everything was looked at: no event is dispatched for it.

    A client to whom nothing was shown for long goes on from there, not from the last event that it saw.
    """
    return b": keep-alive\nid: %s\n\n" % format_event_id(epoch, position).encode()
