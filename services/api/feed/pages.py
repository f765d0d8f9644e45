"""One page of an organisation's events as one viewer is shown them."""

from __future__ import annotations

import msgspec

from domain.envelope import RecordedEvent
from ledger.ledger import Ledger
from services.api.auth.visibility import EventVisibility
from services.authorization import Viewer
from services.event_filter import EventFilter, select_events

#: Positions that one page looks at for a viewer who does not see everything: the visibility of each stream is checked.
#: With a filter of types or a stream most of them are not even decoded.
WINDOW, FILTERED_WINDOW = 200, 1000


class FeedPage(msgspec.Struct, frozen=True):
    """Events behind a position, and how far was looked."""

    events: list[RecordedEvent]
    #: Everything up to here was looked at.
    examined: int
    #: The organisation's last position before it was looked for.
    head: int
    #: There may be more events of what was asked for, before the head.
    full: bool
    #: The same question has the same answer for good: every event is shown, and no later one belongs to the page.
    immutable: bool = False


def load_page(ledger: Ledger, viewer: Viewer, wanted: EventFilter, after: int, limit: int) -> FeedPage:
    """At most `limit` events behind `after`. It asks the store: call it in a thread."""
    sight, head = EventVisibility(ledger, viewer), ledger.position(viewer.organisation_id)
    if sight.is_unrestricted and wanted.team is None:
        # Every event is shown, so the store may look as far as it takes: where it stops gives nothing away.
        found = ledger.read_feed(viewer.organisation_id, after, limit, wanted.tags, wanted.subject)
        full = len(found) == limit
        return FeedPage(found, compute_examined_position(found, head, after, full=full), head, full, immutable=full)
    # Of a fixed number of positions, so that the end of a page does not depend on an event that is not shown.
    upto = min(after + (FILTERED_WINDOW if wanted.narrows else WINDOW), max(head, after))
    found = ledger.read_feed(viewer.organisation_id, after, FILTERED_WINDOW, wanted.tags, wanted.subject, upto=upto)
    shown = select_events(found, sight, wanted)
    if len(shown) > limit:
        return FeedPage(shown[:limit], shown[limit - 1].position, head, full=True)
    return FeedPage(shown, upto, head, full=upto < head)


def compute_examined_position(found: list[RecordedEvent], head: int, after: int, *, full: bool) -> int:
    """Up to where a page has looked. `head` was read before: what was recorded in between is in the page already."""
    last = found[-1].position if found else after
    return last if full else max(head, last)
