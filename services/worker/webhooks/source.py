"""What is to be sent for a subscription: the log as its member sees it now. It queries the store: for threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from threading import Lock
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.subscription.subscription import Subscription
from ledger.api_keys import Principal
from ledger.deliveries import Deliveries
from ledger.ledger import Ledger
from projections.database.database import Database
from services.authorization import READ, Viewer
from services.event_filter import EventFilter
from services.visibility.events import EventVisibility
from services.visibility.feed import Feed, FeedPage
from services.visibility.viewers import load_viewer
from services.webhooks.messages import build_body, is_thin

#: In place of a key's id, where it makes no difference.
_ANY_KEY = UUID(int=0)
#: Of one round: each may hold 200 bodies.
_MAX_SHARED_PAGES = 100


class OwnerLeft(Exception):
    """The member on whose behalf events were sent has left since."""


class OutgoingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is sent."""

    event_id: UUID
    position: int
    #: Its stream.
    subject: str
    body: bytes


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The next events of a subscription."""

    events: list[OutgoingEvent]
    #: Every event up to here was looked at.
    examined: int
    #: There may be more behind it.
    full: bool


class SharedPage:
    """A page of the feed, and its events encoded once for all subscriptions that are sent the same."""

    def __init__(self, page: FeedPage, encode: Callable[[RecordedEvent, bool], bytes]) -> None:
        self.events = page.decode()
        self.examined = page.examined
        self.full = page.full
        self._encode = encode
        self._bodies: dict[tuple[int, bool], bytes] = {}

    def body_of(self, event: RecordedEvent, *, thin: bool) -> bytes:
        """The body of its message."""
        key = (event.position, thin)
        if key not in self._bodies:
            self._bodies[key] = self._encode(event, thin)
        return self._bodies[key]


class SharedPages:
    """The pages of one round of the dispatcher: subscriptions that see the same share a read.

    Every page was begun after `begin_round`, and so holds all that the round woke its subscriptions for.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: dict[Hashable, Future[SharedPage]] = {}

    def begin_round(self) -> None:
        """Read anew from now on."""
        with self._lock:
            self._pages = {}

    def load(self, key: Hashable, read: Callable[[], SharedPage]) -> SharedPage:
        """The page of this key; read here, or by another thread that has begun with it. Raises what `read` raises."""
        with self._lock:
            reading = self._pages.get(key)
            if reading is None:
                ours = Future[SharedPage]()
                if len(self._pages) < _MAX_SHARED_PAGES:
                    self._pages[key] = ours
        if reading is not None:
            return reading.result()
        try:
            ours.set_result(read())
        except BaseException as error:  # noqa: BLE001 - raised again, in each thread that waits for it
            ours.set_exception(error)
            with self._lock:
                if self._pages.get(key) is ours:
                    del self._pages[key]
        return ours.result()


class EventSource:
    """Events of all organisations, each for one subscription."""

    def __init__(self, feed: Feed, ledger: Ledger, database: Database, deliveries: Deliveries, base_url: str) -> None:
        self._feed = feed
        self._ledger = ledger
        self._database = database
        self._deliveries = deliveries
        self._base_url = base_url
        self._shared = SharedPages()

    def begin_round(self) -> None:
        """What was read until now may lack what was recorded since."""
        self._shared.begin_round()

    @property
    def epoch(self) -> str:
        """The epoch of the log."""
        return self._ledger.epoch

    def load_position(self, organisation_id: UUID) -> int:
        """The organisation's last position."""
        return self._ledger.position(organisation_id)

    def load_subscription(self, organisation_id: UUID, subscription_id: UUID) -> Subscription | None:
        """The subscription as it stands; None where none was recorded under this id."""
        entry = self._ledger.load_current(organisation_id, "subscription", subscription_id)
        return entry.state if entry is not None else None

    def load_viewer(self, subscription: Subscription) -> Viewer:
        """Where the subscription's member stands now. Raises `OwnerLeft`."""
        principal = Principal(
            key_id=subscription.id,
            organisation_id=subscription.organisation_id,
            member_id=subscription.owner,
            scopes=frozenset({READ}),
        )
        viewer = load_viewer(self._ledger, self._database, principal, since=subscription.created_at)
        if viewer is None:
            raise OwnerLeft
        return viewer

    def load_page(self, subscription: Subscription, viewer: Viewer, after: int, limit: int, *, known: int) -> Page:
        """Events behind a position that are wanted and seen; up to `known` only those that have no delivery yet."""
        wanted = _filter_of(subscription)
        found = self._shared.load(
            # The key is the subscription's own: others of the same member see the same.
            (msgspec.structs.replace(viewer, key_id=_ANY_KEY), wanted, after, limit),
            lambda: SharedPage(self._feed.load_page(viewer, after, limit, wanted), self._build_body),
        )
        asked = [event.event_id for event in found.events if event.position <= known]
        done = self._deliveries.find_existing(subscription.id, asked)
        return Page(
            events=[
                _to_outgoing(event, found.body_of(event, thin=is_thin(event, subscription)))
                for event in found.events
                if event.event_id not in done
            ],
            examined=found.examined,
            full=found.full,
        )

    def load_events(
        self, subscription: Subscription, viewer: Viewer, positions: Sequence[int]
    ) -> dict[int, OutgoingEvent]:
        """Events at these positions as they may be sent now; those that are not seen any more are left out."""
        sight = EventVisibility(self._ledger, viewer)
        events = self._ledger.read_events_at(subscription.organisation_id, positions)
        return {
            event.position: _to_outgoing(seen, self._build_body(seen, is_thin(seen, subscription)))
            for event in events
            if (seen := sight.redact(event)) is not None
        }

    def _build_body(self, event: RecordedEvent, thin: bool) -> bytes:  # noqa: FBT001 - called by position
        return build_body(event, self._base_url, self._ledger.epoch, thin=thin)


def _to_outgoing(event: RecordedEvent, body: bytes) -> OutgoingEvent:
    return OutgoingEvent(event_id=event.event_id, position=event.position, subject=event.stream, body=body)


def _filter_of(subscription: Subscription) -> EventFilter:
    subject = UUID(subscription.subject.partition("/")[2]) if subscription.subject is not None else None
    return EventFilter(types=subscription.types, subject=subject, team=subscription.team)
