"""What every event carries, and what a decision returns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.reasons import Reason

#: An instant, always aware and UTC once inside.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Source(StrEnum):
    """Where a fact came in."""

    API = "api"
    IMPORT = "import"
    TIMER = "timer"
    WORKER = "worker"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact in the past tense. Subclasses carry `tag="<kind>.<fact>.v<n>"`; unknown fields are tolerated."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What `decide` returns: an event with its business time and reason, not yet in the log."""

    event_id: UUID
    data: Event
    #: Business time, UTC. For a timer the instant at which it fell due, never the sweep's.
    occurred_at: Instant
    reason: Reason | None = None
    #: None: as the command's. Timer facts say TIMER and have no actor.
    source: Source | None = None
    #: The event of another stream that led to it; None: the command's.
    causation_id: UUID | None = None


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event with its whole envelope, as read from the log."""

    event_id: UUID
    organisation_id: UUID
    #: "<kind>/<uuid>", for example "goal/0190...".
    stream: str
    #: 1 for the first event of a stream.
    version: int
    #: The event's tag, with its version: "goal.change_accepted.v1".
    type: str
    occurred_at: Instant
    recorded_at: Instant
    #: Member id of the principal that acted; None for a timer.
    actor: UUID | None
    on_behalf_of: UUID | None
    source: Source
    #: Event (or command) that led to this one.
    causation_id: UUID | None
    correlation_id: UUID
    reason: Reason | None
    #: The tracker or file, by its name, that an import's row came from; None: nothing was said of one.
    external_source: str | None = None
    #: The API key with which it was said; None: a timer, the command line, or a fact from before keys were named.
    key_id: UUID | None = None
    #: The organisation's gapless, commit-ordered sequence, from 1: the only one that leaves the process.
    position: int
    #: Global and internal: projectors and operators.
    log_position: int
    data: Event

    @property
    def party(self) -> UUID | None:
        """The member whose act this was: the one acted for, else the actor."""
        return self.on_behalf_of or self.actor

    @property
    def stream_id(self) -> UUID:
        """The id part of `stream`."""
        return UUID(self.stream.partition("/")[2])

    @property
    def kind(self) -> str:
        """The aggregate kind part of `stream`."""
        return self.stream.partition("/")[0]


def by_business_time(recorded: RecordedEvent) -> tuple[datetime, int]:
    """The order in which one stream's events happened: those of the same instant as they were recorded."""
    return recorded.occurred_at, recorded.version
