"""The feed as one viewer sees it: sight first, filters after, and a position that says nothing of what is hidden.

Every reader of the feed (pulls, streams, deliveries) takes its pages here.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from domain.envelope import RecordedEvent
from domain.registry import EVENTS
from ledger.ledger import Ledger
from ledger.serialization import LogRecord
from services.authorization import Viewer
from services.cloud_events import AnyEvent
from services.event_filter import EventFilter, matches_type, select_event
from services.visibility.events import EventVisibility, has_rules

#: Positions that one page looks at for a viewer who does not see everything: the sight of each stream is looked up.
MAX_EXAMINED = 1000
#: Events that one statement loads of these.
_BATCH_SIZE = 200


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
    organisation, sight = viewer.organisation_id, EventVisibility(ledger, viewer)
    head = ledger.position(organisation)
    if sight.is_unrestricted and wanted.team is None:
        found = ledger.read_records(organisation, after, limit, wanted.tags, wanted.subject)
        full = len(found) == limit
        examined = _examined(found, head, after, full=full)
        return FeedPage(events=[*found], examined=examined, head=head, full=full, immutable=full)
    # Of one stream all is looked at: it is as long as it is, and its sight is one question.
    end = max(after, head if wanted.subject is not None else min(head, after + MAX_EXAMINED))
    shown: list[AnyEvent] = []
    last = after
    while last < end:
        found = ledger.read_records(organisation, last, _BATCH_SIZE, wanted.tags, wanted.subject, upto=end)
        sight.look_up((record.kind, record.stream_id) for record in found if record.topic in EVENTS)
        decode = _decode_together(found, sight)
        for record in found:
            if (visible := select_record(record, sight, wanted, decode)) is not None:
                shown.append(visible)
                if len(shown) == limit:
                    return FeedPage(events=shown, examined=record.position, head=head, full=True)
        last = found[-1].position if len(found) == _BATCH_SIZE else end
    return FeedPage(events=shown, examined=end, head=head, full=end < head)


def select_record(
    record: LogRecord,
    sight: EventVisibility,
    wanted: EventFilter,
    decode: Callable[[LogRecord], RecordedEvent] = LogRecord.decode,
) -> AnyEvent | None:
    """What `select_event` says of a record, which is decoded only where its fields decide."""
    if record.topic in EVENTS:
        if not sight.can_see_stream(record.kind, record.stream_id):
            return None
        if wanted.team is None and (sight.is_unrestricted or not has_rules(record.topic)):
            return record if _is_wanted(record, wanted) else None
    return select_event(decode(record), sight, wanted)


def _decode_together(records: list[LogRecord], sight: EventVisibility) -> Callable[[LogRecord], RecordedEvent]:
    """Decodes a record; persons whose figures these show are looked up here, by one statement for all."""
    decoded = {
        record.position: record.decode()
        for record in records
        if record.topic in EVENTS and has_rules(record.topic) and sight.can_see_stream(record.kind, record.stream_id)
    }
    sight.look_up_persons(event.data for event in decoded.values())
    return lambda record: decoded.get(record.position) or record.decode()


def _is_wanted(record: LogRecord, wanted: EventFilter) -> bool:
    """`EventFilter.matches`, of types and a subject alone."""
    if wanted.types and not matches_type(wanted.types, record.topic):
        return False
    return wanted.subject is None or record.stream_id == wanted.subject


def _examined(found: list[LogRecord], head: int, after: int, *, full: bool) -> int:
    """Up to where a page has looked. `head` was asked before: what was recorded in between is in the page already."""
    last = found[-1].position if found else after
    return last if full else max(head, last)
