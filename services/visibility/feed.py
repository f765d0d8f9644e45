"""The feed as one viewer sees it: sight first, filters after, and a position that says nothing of what is hidden.

Every reader of the feed (pulls, streams, deliveries) takes its pages here.
"""

from __future__ import annotations

import msgspec

from domain.envelope import RecordedEvent
from ledger.ledger import Ledger
from services.authorization import Viewer
from services.event_filter import EventFilter, select_event
from services.visibility.events import EventVisibility

#: Positions that one page looks at for a viewer who does not see everything: the sight of each stream is looked up.
MAX_EXAMINED = 1000
#: Events that one statement loads of these.
_BATCH_SIZE = 200


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some visible events, and from where to go on."""

    events: list[RecordedEvent]
    #: Every position up to here was looked at. It depends on the head, on `after` and on visible events alone.
    examined: int
    #: The organisation's last position before it was looked for.
    head: int
    #: There may be more behind `examined`, before the head.
    full: bool
    #: The same question has the same answer for good: every event is shown, and no later one belongs to the page.
    immutable: bool = False


def load_feed_page(ledger: Ledger, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> FeedPage:
    """The viewer's next events behind a position, `limit` at most.

    Where the page stopped is that of its last visible event, of a fixed number of positions, or of the head: never that
    of an event that matched and was hidden, which would tell what it is.
    """
    organisation, sight = viewer.organisation_id, EventVisibility(ledger, viewer)
    head = ledger.position(organisation)
    if sight.is_unrestricted and wanted.team is None:
        found = ledger.read_feed(organisation, after, limit, wanted.tags, wanted.subject)
        full = len(found) == limit
        examined = _examined(found, head, after, full=full)
        return FeedPage(events=found, examined=examined, head=head, full=full, immutable=full)
    # Of one stream all is looked at: it is as long as it is, and its sight is one question.
    end = max(after, head if wanted.subject is not None else min(head, after + MAX_EXAMINED))
    shown: list[RecordedEvent] = []
    last = after
    while last < end:
        found = ledger.read_feed(organisation, last, _BATCH_SIZE, wanted.tags, wanted.subject, upto=end)
        for event in found:
            if (visible := select_event(event, sight, wanted)) is not None:
                shown.append(visible)
                if len(shown) == limit:
                    return FeedPage(events=shown, examined=event.position, head=head, full=True)
        last = found[-1].position if len(found) == _BATCH_SIZE else end
    return FeedPage(events=shown, examined=end, head=head, full=end < head)


def _examined(found: list[RecordedEvent], head: int, after: int, *, full: bool) -> int:
    """Up to where a page has looked. `head` was asked before: what was recorded in between is in the page already."""
    last = found[-1].position if found else after
    return last if full else max(head, last)
