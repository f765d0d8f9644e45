"""The feed as one viewer sees it: sight first, filters after, and a position that says nothing of what is hidden.

Every reader of the feed (pulls, streams, deliveries) takes its pages here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress, count, islice

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
from services.visibility.policy import is_unrestricted
from services.visibility.sight_cache import SightCache, StreamIndex

#: Positions that one page looks at for a viewer who does not see everything: the sight of each stream is looked up.
MAX_EXAMINED = 1000
#: Events that one statement loads of these.
_BATCH_SIZE = 200
#: Of a few that are visible some may be of no use to the viewer.
_SMALLEST_BATCH = 50


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


class Feed:
    """The feeds of one ledger's organisations, for all threads of a process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sights = SightCache(ledger)

    def load_page(self, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> FeedPage:
        """The viewer's next events behind a position, `limit` at most.

        Where the page stopped is that of its last visible event, of a fixed number of positions, or of the head: never
        that of an event that matched and was hidden, which would tell what it is.
        """
        organisation = viewer.organisation_id
        head = self._ledger.position(organisation)
        sees_everything = is_unrestricted(viewer)
        if sees_everything and wanted.team is None:
            found = self._ledger.read_records(organisation, after, limit, wanted.tags, wanted.subject)
            full = len(found) == limit
            examined = _examined(found, head, after, full=full)
            return FeedPage(events=[*found], examined=examined, head=head, full=full, immutable=full)
        # Of one stream all is looked at: it is as long as it is, and its sight is one question.
        end = max(after, head if wanted.subject is not None else min(head, after + MAX_EXAMINED))
        cached = None if sees_everything or wanted.subject is not None else self._sights.find(viewer, head)
        sight = EventVisibility(self._ledger, viewer, cached)
        if cached is None or wanted.narrows:
            batches = self._read_all(sight, after, end, wanted)
        else:
            batches = self._read_visible(sight, cached.index, after, end, max(limit, _SMALLEST_BATCH))
        shown: list[AnyEvent] = []
        for records in batches:
            for record, visible in show_records(records, sight, wanted):
                shown.append(visible)
                if len(shown) == limit:
                    return FeedPage(events=shown, examined=record.position, head=head, full=True)
        return FeedPage(events=shown, examined=end, head=head, full=end < head)

    def _read_all(self, sight: EventVisibility, after: int, end: int, wanted: EventFilter) -> Iterator[list[LogRecord]]:
        """The visible records behind a position, up to another, of the types and the stream that are wanted."""
        while after < end:
            found = self._ledger.read_records(
                sight.organisation_id, after, _BATCH_SIZE, wanted.tags, wanted.subject, upto=end
            )
            yield keep_visible(found, sight)
            after = found[-1].position if len(found) == _BATCH_SIZE else end

    def _read_visible(
        self, sight: EventVisibility, index: StreamIndex, after: int, end: int, size: int
    ) -> Iterator[list[LogRecord]]:
        """The same of all types and streams, so many at a time: no other record is read for it."""
        visible = self._list_visible(sight, index, after, end)
        while batch := dict(islice(visible, size)):
            found = self._ledger.read_records_at(sight.organisation_id, list(batch))
            # Others are at these positions where the log was restored under the process (0027).
            yield [record for record in found if record.stream_id == index.streams[batch[record.position]][1]]

    def _list_visible(
        self, sight: EventVisibility, index: StreamIndex, after: int, end: int
    ) -> Iterator[tuple[int, int]]:
        """Positions of streams that the viewer may see, behind one and up to another, each with its stream's number."""
        for begin in range(after, end, _BATCH_SIZE):
            numbers = index.read(self._ledger, begin, min(begin + _BATCH_SIZE, end))
            seen = sight.look_up_numbered(numbers)
            yield from zip(compress(count(begin + 1), seen), compress(numbers, seen), strict=True)


def keep_visible(records: Sequence[LogRecord], sight: EventVisibility) -> list[LogRecord]:
    """The records but those of streams that the viewer may not see, which are looked up together.

    One of a type that this version does not know is kept: `show_records` decides.
    """
    streams = {record.position: (record.kind, record.stream_id) for record in records if record.topic in EVENTS}
    sight.look_up(streams.values())
    return [r for r in records if r.position not in streams or sight.can_see_stream(*streams[r.position])]


def show_records(
    records: Sequence[LogRecord],
    sight: EventVisibility,
    wanted: EventFilter,
    decode: Callable[[LogRecord], RecordedEvent] | None = None,
) -> Iterator[tuple[LogRecord, AnyEvent]]:
    """Each record, of streams that the viewer may see, of which `select_event` shows something, and that.

    It is read only where its fields decide, and decoded where its text does not do or `decode` is given. The persons
    whose figures the records show are looked up together.
    """
    matching = (record for record in records if record.topic not in EVENTS or _is_wanted(record, wanted))
    read = [(record, _read(record, sight, wanted, decode)) for record in matching]
    sight.look_up_persons(each.data for _, each in read if each is not None)
    for record, each in read:
        if each is None:
            yield record, record
        elif isinstance(each, EventText):
            fact = sight.redact_fact(record.kind, record.stream_id, each.data, version=record.version)
            if fact is not None:
                yield record, record.with_text(each if fact is each.data else replace(each, data=fact))
        elif (shown := select_event(each, sight, wanted)) is not None:
            yield record, shown


def _read(
    record: LogRecord,
    sight: EventVisibility,
    wanted: EventFilter,
    decode: Callable[[LogRecord], RecordedEvent] | None,
) -> RecordedEvent | EventText | None:
    """What decides what is shown of a record; None: all of it is."""
    if wanted.team is None and record.topic in EVENTS:
        if sight.is_unrestricted or not has_rules(record.topic):
            return None
        if decode is None and (text := record.read_text()) is not None:
            return text
    return record.decode() if decode is None else decode(record)


def _is_wanted(record: LogRecord, wanted: EventFilter) -> bool:
    """`EventFilter.matches`, of types and a subject alone."""
    if wanted.types and not matches_type(wanted.types, record.topic):
        return False
    return wanted.subject is None or record.stream_id == wanted.subject


def _examined(found: list[LogRecord], head: int, after: int, *, full: bool) -> int:
    """Up to where a page has looked. `head` was asked before: what was recorded in between is in the page already."""
    last = found[-1].position if found else after
    return last if full else max(head, last)
