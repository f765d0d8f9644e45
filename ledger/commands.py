"""What goes into the ledger and what comes back: a command, its receipt, its preview."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.envelope import NewEvent, Source


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A promise of the client that two requests with this key are one."""

    #: Principal and route; the same key elsewhere is another key.
    scope: str
    key: str
    #: Digest of the request's body: the same key with another body is refused.
    digest: str


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act, by whom, on which stream."""

    organisation_id: UUID
    #: A key of `domain.registry.AGGREGATES`, such as goal or member.
    kind: str
    stream_id: UUID
    #: An act Struct of that kind.
    act: Any
    #: Member id of the acting principal; None only before there is any member.
    actor: UUID | None
    on_behalf_of: UUID | None = None
    #: The API key with which it is said.
    key_id: UUID | None = None
    #: Roles of the acting principal.
    roles: frozenset[str] = frozenset()
    source: Source = Source.API
    #: Import only: the tracker or file, by its name, that the row came from.
    external_source: str | None = None
    #: Import only: when it happened, aware. None: now.
    occurred_at: datetime | None = None
    #: If-Match: the stream is at one of these versions, as the sender saw it; 0: it must not exist yet.
    expected_versions: tuple[int, ...] | None = None
    #: `NotFound` where the stream has no event yet, so that no path can begin one.
    must_exist: bool = False
    idempotency: IdempotencyKey | None = None
    causation_id: UUID | None = None
    #: None: the id of the command's first event.
    correlation_id: UUID | None = None
    #: Identity of an import row; one recorded already is answered with `Receipt.already`.
    import_row: str | None = None

    @property
    def party(self) -> UUID | None:
        """The member whose act it is: the one acted for, else the actor."""
        return self.on_behalf_of or self.actor


class EventPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event of an organisation stands."""

    #: In the organisation's sequence; 0: there is no event.
    position: int
    log_position: int
    #: UTC; None where there is no event.
    recorded_at: datetime | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a command recorded, and where the stream and the log stand after it."""

    #: The act's own events; timers that ran before it are in the stream, not here.
    event_ids: list[UUID]
    stream: str
    version: int
    #: The organisation's position after it: read your own writes from here.
    position: int
    log_position: int
    #: The same request had been answered before; nothing was recorded now.
    replayed: bool = False
    #: This import row had been recorded before; nothing was recorded now.
    already: bool = False
    #: The stream's state at `version`.
    state: Any = None


#: Organisation (as an integer: see `ledger.states.Key`), scope and key.
IdempotencyIdentity = tuple[int, str, str]


class CachedReceipt(msgspec.Struct, frozen=True, gc=False):
    """The receipt of an idempotency key, as it is cached."""

    digest: str
    #: Without its state.
    receipt: Receipt
    #: Microseconds, UTC.
    created_at: int


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a command would record, timers first, and what it would make of the stream. Nothing was recorded."""

    facts: list[NewEvent]
    before: Any
    after: Any
