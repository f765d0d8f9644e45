"""The feed as one viewer sees it: sight first, filters after, and a position that says nothing of what is hidden.

Every reader of the feed (pulls, streams, deliveries) takes its pages here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, count, islice
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.envelope import RecordedEvent
from domain.registry import EVENTS
from ledger.ledger import Ledger
from ledger.serialization import EventText, LogRecord
from services.authorization import Viewer
from services.cloud_events import AnyEvent
from services.event_filter import EventFilter, matches_type, select_event
from services.visibility.events import EventVisibility, has_rules
from services.visibility.known_streams import HIDDEN, UNKNOWN, VISIBLE, KnownSight, find_known_sight
from services.visibility.policy import is_unrestricted

#: Positions that one page looks at for a viewer who does not see everything: the sight of each stream is looked up.
MAX_EXAMINED = 1000
#: Events that one statement loads of these.
_BATCH_SIZE = 200
#: Of a few that are visible some may be of no use to the viewer.
_SMALLEST_BATCH = 50
#: 1 for what is visible, and 0.
_IS_VISIBLE = bytes(each == VISIBLE for each in range(256))


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some visible events, and from where to go on."""

    #: Those that are shown whole as they are stored: to be sent on they need not be decoded.
    events: list[AnyEvent]
    #: Every position up to here was looked at. It depends on the head, on `after` and on visible events alone.
    examined: int
    #: The organisation's last position before it was looked for.
    head: int
    #: There may be more behind `examined`, before the head.
    full: bool
    #: The same question has the same answer for good: every event is shown, and no later one belongs to the page.
    immutable: bool = False

    def decode(self) -> list[RecordedEvent]:
        """The events, decoded."""
        return [event if isinstance(event, RecordedEvent) else event.decode() for event in self.events]


def load_feed_page(ledger: Ledger, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> FeedPage:
    """The viewer's next events behind a position, `limit` at most.

    Where the page stopped is that of its last visible event, of a fixed number of positions, or of the head: never that
    of an event that matched and was hidden, which would tell what it is.
    """
    organisation = viewer.organisation_id
    head = ledger.position(organisation)
    if is_unrestricted(viewer) and wanted.team is None:
        found = ledger.read_records(organisation, after, limit, wanted.tags, wanted.subject)
        full = len(found) == limit
        examined = _examined(found, head, after, full=full)
        return FeedPage(events=[*found], examined=examined, head=head, full=full, immutable=full)
    # Of one stream all is looked at: it is as long as it is, and its sight is one question.
    end = max(after, head if wanted.subject is not None else min(head, after + MAX_EXAMINED))
    if wanted.subject is not None or is_unrestricted(viewer):
        sight = EventVisibility(ledger, viewer)
        batches = _read_all(ledger, organisation, sight, after, end, wanted)
    else:
        known = find_known_sight(ledger, viewer, head)
        sight = EventVisibility(ledger, viewer, known)
        size = _BATCH_SIZE if wanted.types else min(max(limit, _SMALLEST_BATCH), _BATCH_SIZE)
        seen = _list_visible(ledger, sight, known, after, end)
        batches = _read_at(ledger, organisation, seen, size, wanted)
    shown: list[AnyEvent] = []
    for records in batches:
        for record, visible in show_records(records, sight, wanted):
            shown.append(visible)
            if len(shown) == limit:
                return FeedPage(events=shown, examined=record.position, head=head, full=True)
    return FeedPage(events=shown, examined=end, head=head, full=end < head)


def _read_all(
    ledger: Ledger, organisation: UUID, sight: EventVisibility, after: int, end: int, wanted: EventFilter
) -> Iterator[list[LogRecord]]:
    """The records behind a position, up to another, of the types and the stream that are wanted and may be seen."""
    while after < end:
        found = ledger.read_records(organisation, after, _BATCH_SIZE, wanted.tags, wanted.subject, upto=end)
        yield keep_visible(found, sight)
        after = found[-1].position if len(found) == _BATCH_SIZE else end


def _read_at(
    ledger: Ledger, organisation: UUID, positions: Iterator[int], size: int, wanted: EventFilter
) -> Iterator[list[LogRecord]]:
    """The records at these positions that are of the types that are wanted."""
    while batch := list(islice(positions, size)):
        records = ledger.read_records_at(organisation, batch, wanted.tags)
        # Read once for the rules and for sending on: a third of what decoding them costs.
        yield [record.with_text() if wanted.team is None and has_rules(record.topic) else record for record in records]


def _list_visible(ledger: Ledger, sight: EventVisibility, known: KnownSight, after: int, end: int) -> Iterator[int]:
    """The positions behind one, up to another, of the streams that the viewer may see: no event is read for it."""
    for begin in range(after, end, _BATCH_SIZE):
        numbers = known.outline.read(ledger, begin, min(begin + _BATCH_SIZE, end))
        seen = known.get(numbers)
        if UNKNOWN in seen:
            seen = _look_up(sight, known, numbers, seen)
        yield from compress(count(begin + 1), seen.translate(_IS_VISIBLE))


def _look_up(sight: EventVisibility, known: KnownSight, numbers: array[int], seen: bytes) -> bytes:
    """What `seen` says of the streams with these numbers, once those that are unknown are looked up together."""
    position = known.position
    unknown = {number for number, each in zip(numbers, seen, strict=True) if each == UNKNOWN}
    streams = {number: known.outline.streams[number] for number in unknown}
    sight.look_up(streams.values())
    found = {number: sight.can_see_stream(*stream) for number, stream in streams.items()}
    known.keep({streams[number]: is_visible for number, is_visible in found.items()}, position)
    # Not what is kept: another thread may have forgotten it already.
    return bytes(
        (VISIBLE if found[number] else HIDDEN) if number in found else each
        for number, each in zip(numbers, seen, strict=True)
    )


def keep_visible(records: Sequence[LogRecord], sight: EventVisibility) -> list[LogRecord]:
    """The records but those of streams that the viewer may not see, which are looked up together.

    One of a type that this version does not know is kept: `show_records` decides.
    """
    kinds = {record.stream_id: record.kind for record in records if record.topic in EVENTS}
    sight.look_up((kind, stream_id) for stream_id, kind in kinds.items())
    hidden = {stream_id for stream_id, kind in kinds.items() if not sight.can_see_stream(kind, stream_id)}
    return [record for record in records if record.stream_id not in hidden or record.topic not in EVENTS]


def show_records(
    records: Sequence[LogRecord],
    sight: EventVisibility,
    wanted: EventFilter,
    decode: Callable[[LogRecord], RecordedEvent] = LogRecord.decode,
) -> Iterator[tuple[LogRecord, AnyEvent]]:
    """Each record, of streams that the viewer may see, of which `select_event` shows something, and that.

    It is decoded only where its fields decide; the persons whose figures they show are looked up together.
    """
    found: list[tuple[LogRecord, RecordedEvent | EventText | None]] = []
    for record in records:
        if record.topic not in EVENTS:
            found.append((record, decode(record)))
        elif _is_wanted(record, wanted):
            is_plain = wanted.team is None and (sight.is_unrestricted or not has_rules(record.topic))
            found.append((record, None if is_plain else record.text or decode(record)))
    sight.look_up_persons(read.data for _, read in found if read is not None)
    for record, read in found:
        if read is None:
            yield record, record
        elif isinstance(read, EventText):
            fact = sight.redact_fact(record.kind, record.stream_id, read.data, version=record.version)
            if fact is not None:
                yield record, record if fact is read.data else replace(decode(record), data=fact)
        elif (shown := select_event(read, sight, wanted)) is not None:
            yield record, shown


def _is_wanted(record: LogRecord, wanted: EventFilter) -> bool:
    """`EventFilter.matches`, of types and a subject alone."""
    if wanted.types and not matches_type(wanted.types, record.topic):
        return False
    return wanted.subject is None or record.stream_id == wanted.subject


def _examined(found: list[LogRecord], head: int, after: int, *, full: bool) -> int:
    """Up to where a page has looked. `head` was asked before: what was recorded in between is in the page already."""
    last = found[-1].position if found else after
    return last if full else max(head, last)
