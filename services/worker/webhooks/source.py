"""What is to be sent for a subscription: the log as its member sees it now. It asks the store: call it in a thread."""

from __future__ import annotations

from collections.abc import Sequence
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
from services.visibility.feed import load_feed_page
from services.visibility.viewers import load_viewer
from services.webhooks.messages import build_body


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


class EventSource:
    """Events of all organisations, each for one subscription."""

    def __init__(self, ledger: Ledger, database: Database, deliveries: Deliveries, base_url: str) -> None:
        self._ledger = ledger
        self._database = database
        self._deliveries = deliveries
        self._base_url = base_url

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
        found = load_feed_page(self._ledger, viewer, after, limit, _filter_of(subscription))
        events = found.decode()
        asked = [event.event_id for event in events if event.position <= known]
        done = self._deliveries.find_existing(subscription.id, asked)
        return Page(
            events=[self._encode(event, subscription) for event in events if event.event_id not in done],
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
            event.position: self._encode(seen, subscription)
            for event in events
            if (seen := sight.redact(event)) is not None
        }

    def _encode(self, event: RecordedEvent, subscription: Subscription) -> OutgoingEvent:
        body = build_body(event, subscription, self._base_url, self._ledger.epoch)
        return OutgoingEvent(event_id=event.event_id, position=event.position, subject=event.stream, body=body)


def _filter_of(subscription: Subscription) -> EventFilter:
    subject = UUID(subscription.subject.partition("/")[2]) if subscription.subject is not None else None
    return EventFilter(types=subscription.types, subject=subject, team=subscription.team)
