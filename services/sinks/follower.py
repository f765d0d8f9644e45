"""Following the log into a stream of a broker.

How far a stream is, is read from the broker alone: there it cannot differ from what the broker kept. An append names
what the stream's end has to be. So a sink that was killed, a broker that lost its last writes, and two sinks of one
stream leave neither a gap nor an event twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from domain.envelope import RecordedEvent
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from services.cloud_events import encode_binary, encode_event
from services.event_filter import matches_type
from services.person_figures import withhold_figures
from services.sinks import metrics
from services.wakeups.local import WakeupSubscription

#: Events that are read, and appended, at a time.
BATCH = 500
#: After so many events that are not selected the stream's position is kept without one that is.
MAX_SKIPPED = 10_000
#: Without a wake-up the log is looked at this often (seconds).
POLL_S = 1.0
#: After an error the broker is left alone for so long (seconds), doubled up to the maximum.
MIN_PAUSE_S, MAX_PAUSE_S = 0.1, 5.0

_log = structlog.get_logger(__name__)


class SinkUnavailable(Exception):
    """The broker is away, or the stream's end is not where it was left: it is opened again."""


class SinkRefused(Exception):
    """The stream cannot be followed into; its text says why, and what to do."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream holds: kept with it, as positions of one selection mean nothing in another."""

    #: The log's.
    epoch: str
    #: Positions are those of the organisation; None: of the log, which holds all organisations.
    organisation: UUID | None
    types: tuple[str, ...]

    def encode(self) -> str:
        """The text that is kept with the stream."""
        return msgspec.json.encode(self).decode()

    def require(self, kept: str, stream: str) -> None:
        """Raise `SinkRefused` where a stream was begun with another selection."""
        if kept == self.encode():
            return
        try:
            other = msgspec.json.decode(kept, type=Selection)
        except (msgspec.DecodeError, ValueError):
            raise SinkRefused(f"{stream} is not a stream of `plimsoll sink`; name another --stream") from None
        if other.epoch != self.epoch:
            raise SinkRefused(
                f"{stream} holds events of the log's epoch {other.epoch}, and the log is of epoch {self.epoch}: it was"
                " restored from a copy, or is another one; its consumers begin anew with another --stream, or once"
                " this one is deleted"
            )
        raise SinkRefused(
            f"{stream} was begun for {other.describe()}, not for {self.describe()}; name another --stream"
        )

    def describe(self) -> str:
        """In words."""
        where = "all organisations" if self.organisation is None else f"organisation {self.organisation}"
        return f"{where}, {', '.join(self.types) or 'all types'}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a broker gets it."""

    position: int
    event_id: str
    organisation_id: UUID
    type: str
    #: Its stream, in whose order it is sent.
    key: str
    #: Those of the CloudEvent in binary content mode; empty in the structured one.
    attributes: Mapping[str, str]
    #: The CloudEvent, structured; its data alone in binary content mode.
    body: bytes


class Sink(Protocol):
    """A stream of a broker."""

    #: Whether its messages are CloudEvents in binary content mode.
    is_binary: bool

    async def open(self) -> int:
        """The position up to which the stream holds what is selected. Raises `SinkUnavailable`, `SinkRefused`."""

    async def append(self, messages: Sequence[Message], position: int) -> None:
        """Add what comes next; `position`: every event up to there was looked at.

        Raises `SinkUnavailable` where it is not known to be kept whole, `SinkRefused`.
        """

    async def close(self) -> None:
        """Disconnect. Never raises."""


class SinkFollower:
    """Sends what is selected of the log to one sink, until it is stopped."""

    def __init__(
        self, ledger: Ledger, selection: Selection, sink: Sink, wakeups: WakeupSubscription, base_url: str
    ) -> None:
        self._ledger = ledger
        self._selection = selection
        self._sink = sink
        self._wakeups = wakeups
        self._base_url = base_url
        self._pause = MIN_PAUSE_S
        #: Up to where the log was looked at.
        self._position = 0

    async def run(self, has_to_stop: Callable[[], bool]) -> None:
        """Loop until `has_to_stop`. What is away is waited for; raises `SinkRefused`."""
        while not has_to_stop():
            try:
                position = await self._sink.open()
                await asyncio.to_thread(self._require_reached, position)
                _log.info("sink.opened", position=position)
                await self._follow(position, has_to_stop)
            except (SinkUnavailable, LedgerUnavailable) as error:
                _log.warning("sink.interrupted", error=str(error), pause_seconds=self._pause)
                metrics.FAILURES.inc()
                await asyncio.to_thread(self._measure_lag)
                await asyncio.sleep(self._pause)
                self._pause = min(self._pause * 2, MAX_PAUSE_S)
            finally:
                await self._sink.close()

    async def _follow(self, position: int, has_to_stop: Callable[[], bool]) -> None:
        kept = self._position = position
        await asyncio.to_thread(self._measure_lag)
        while not has_to_stop():
            events = await asyncio.to_thread(self._read, position)
            position = self._position_of(events[-1]) if events else position
            types = self._selection.types
            messages = [self._encode(event) for event in events if not types or matches_type(types, event.type)]
            if messages or position - kept >= MAX_SKIPPED:
                await self._sink.append(messages, position)
                kept, self._pause = position, MIN_PAUSE_S
                metrics.MESSAGES.inc(len(messages))
            self._position = position
            metrics.POSITION.set(position)
            if len(events) < BATCH:
                metrics.LAG.set(0)
                await asyncio.to_thread(self._wakeups.wait, POLL_S)
            else:
                await asyncio.to_thread(self._measure_lag)

    def _measure_lag(self) -> None:
        """Note how far it is behind; where the log is away, that is not known."""
        with suppress(LedgerUnavailable):
            metrics.LAG.set(max(0, self._load_head() - self._position))

    def _read(self, after: int) -> list[RecordedEvent]:
        organisation = self._selection.organisation
        if organisation is None:
            events = self._ledger.read_log(after, BATCH)
        else:
            events = self._ledger.read_feed(organisation, after, BATCH)
        # After them, so that they are of this epoch: a restore ends every connection, not this process.
        epoch = self._ledger.read_epoch()
        if epoch != self._selection.epoch:
            raise SinkRefused(
                f"the log was restored from a copy: its epoch is {epoch}, no longer {self._selection.epoch}"
            )
        return withhold_figures(self._ledger, events)

    def _require_reached(self, position: int) -> None:
        """A stream that is ahead of its log: the log was restored, and has not been given an epoch of its own."""
        head = self._load_head()
        if position > head:
            raise SinkRefused(
                f"the stream is at position {position} and the log at {head}: a log that was restored from a copy"
                " gets an epoch of its own with: plimsoll migrate --restored"
            )

    def _load_head(self) -> int:
        organisation = self._selection.organisation
        return self._ledger.head() if organisation is None else self._ledger.position(organisation)

    def _position_of(self, event: RecordedEvent) -> int:
        return event.log_position if self._selection.organisation is None else event.position

    def _encode(self, event: RecordedEvent) -> Message:
        attributes: Mapping[str, str] = {}
        if self._sink.is_binary:
            attributes, body = encode_binary(event, self._base_url, self._selection.epoch)
        else:
            body = encode_event(event, self._base_url, self._selection.epoch)
        return Message(
            position=self._position_of(event),
            event_id=str(event.event_id),
            organisation_id=event.organisation_id,
            type=event.type,
            key=event.stream,
            attributes=attributes,
            body=body,
        )
