"""Idempotency keys: a request that comes twice is answered twice and recorded once.

The row is written in the events' own transaction: where a client never learnt whether its command was committed, the
row is the answer, and there is no moment at which one exists without the other. What was answered of late is also kept
in memory, so that a client that repeats itself costs the store nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import msgspec

from domain.errors import IdempotencyMismatch
from ledger.commands import Answered, Command, IdempotencyKey, Identity, Receipt
from ledger.recorders import Row, Session, as_uuid

#: How long a key is remembered; after that the same key is a new request.
KEPT = timedelta(days=7)
_KEPT_MICROS = KEPT // timedelta(microseconds=1)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as stored: the state is folded again when it is asked for."""

    event_ids: list[UUID]
    stream: str
    version: int
    position: int
    log_position: int


#: Answers that a writer keeps in memory.
REMEMBERED = 4096

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Answer)


class Answers:
    """The answers given to a batch's keys: those remembered, those stored, and those that the batch gives."""

    def __init__(self, memory: OrderedDict[Identity, Answered], now: int) -> None:
        #: The oldest first.
        self._memory = memory
        self._now = now
        self._stored: dict[Identity, tuple[str, str]] = {}
        #: Organisation, digest, receipt.
        self._given: dict[Identity, tuple[UUID, str, Receipt]] = {}

    def find(self, session: Session, commands: Iterable[Command]) -> None:
        """Look up the keys of these commands."""
        keys = {(c.organisation_id, c.idempotency.scope, c.idempotency.key) for c in commands if c.idempotency}
        if keys:
            rows = session.query("answers", wanted=list(keys), since=self._now - _KEPT_MICROS)
            self._stored = {(as_uuid(row[0]).int, row[1], row[2]): (row[3], row[4]) for row in rows}

    def earlier(self, organisation_id: UUID, key: IdempotencyKey) -> Receipt | None:
        """The receipt of the first request with this key; without its state where it was stored.

        Raises `IdempotencyMismatch` where that request had another body.
        """
        its = identity(organisation_id, key)
        given = self._given.get(its)
        if given is not None:
            _check(key, given[1])
            return msgspec.structs.replace(given[2], replayed=True)
        remembered = self._memory.get(its)
        if remembered is not None and remembered.created_at > self._now - _KEPT_MICROS:
            _check(key, remembered.digest)
            return msgspec.structs.replace(remembered.receipt, replayed=True)
        stored = self._stored.get(its)
        if stored is None:
            return None
        _check(key, stored[0])
        answer = _DECODER.decode(stored[1])
        return Receipt(**msgspec.structs.asdict(answer), replayed=True)

    def give(self, organisation_id: UUID, key: IdempotencyKey, receipt: Receipt) -> None:
        """The batch answers the key with this receipt."""
        self._given[identity(organisation_id, key)] = (organisation_id, key.digest, receipt)

    def rows(self) -> list[Row]:
        """The rows that remember what the batch answers."""
        return [
            (organisation_id, scope, key, digest, _stored_form(receipt), self._now)
            for (_, scope, key), (organisation_id, digest, receipt) in self._given.items()
        ]

    def settle(self) -> None:
        """The batch is stored: what it answered is remembered."""
        for its, (_, digest, receipt) in self._given.items():
            self._memory[its] = Answered(digest, msgspec.structs.replace(receipt, state=None), self._now)
        while len(self._memory) > REMEMBERED:
            self._memory.popitem(last=False)


def identity(organisation_id: UUID, key: IdempotencyKey) -> Identity:
    return (organisation_id.int, key.scope, key.key)


def purge(session: Session, now: int) -> int:
    """Forget the keys that have expired; their number."""
    return session.run("purge_answers", until=now - _KEPT_MICROS)


def _check(key: IdempotencyKey, digest: str) -> None:
    if digest != key.digest:
        raise IdempotencyMismatch


def _stored_form(receipt: Receipt) -> str:
    answer = _Answer(
        event_ids=receipt.event_ids,
        stream=receipt.stream,
        version=receipt.version,
        position=receipt.position,
        log_position=receipt.log_position,
    )
    return _ENCODER.encode(answer).decode()
