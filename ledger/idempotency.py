"""Idempotency keys: a request that comes twice is answered twice and recorded once.

The row is written in the events' own transaction: where a client did not learn whether its command was committed, the
row tells, and neither exists without the other. Recent receipts are also cached, so that a client that repeats itself
costs the store nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import msgspec

from domain.errors import IdempotencyMismatch
from ledger.commands import CachedReceipt, Command, IdempotencyIdentity, IdempotencyKey, Receipt
from ledger.states import RecentlyUsed
from ledger.storage.protocol import LogSession, Row, row_uuid

#: How long a key is remembered; after that the same key is a new request.
RETENTION = timedelta(days=7)
_RETENTION_MICROS = RETENTION // timedelta(microseconds=1)


class _StoredReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as stored: the state is folded again when it is needed."""

    event_ids: list[UUID]
    stream: str
    version: int
    position: int
    log_position: int


#: Receipts that a writer keeps in memory.
MAX_CACHED_RECEIPTS = 4096
#: The receipts of the last keyed commands of this process. Other writers do not change them: a key is kept for days.
RecentReceipts = RecentlyUsed[IdempotencyIdentity, CachedReceipt]

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_StoredReceipt)


class IdempotencyRecords:
    """The receipts for a batch's keys: those cached, those stored, and those that the batch adds."""

    def __init__(self, cache: RecentReceipts, now: int) -> None:
        self._cache = cache
        self._now = now
        self._stored: dict[IdempotencyIdentity, tuple[str, str]] = {}
        #: Organisation, digest, receipt.
        self._added: dict[IdempotencyIdentity, tuple[UUID, str, Receipt]] = {}

    def load(self, session: LogSession, commands: Iterable[Command]) -> None:
        """Look up the keys of these commands."""
        keys = {(c.organisation_id, c.idempotency.scope, c.idempotency.key) for c in commands if c.idempotency}
        if keys:
            rows = session.query("answers", wanted=list(keys), since=self._now - _RETENTION_MICROS)
            self._stored = {(row_uuid(row[0]).int, row[1], row[2]): (row[3], row[4]) for row in rows}

    def find_receipt(self, organisation_id: UUID, key: IdempotencyKey) -> Receipt | None:
        """The receipt of the first request with this key; without its state where it was stored.

        Raises `IdempotencyMismatch` where that request had another body.
        """
        identity = (organisation_id.int, key.scope, key.key)
        given = self._added.get(identity)
        if given is not None:
            _check_digest(key, given[1])
            return msgspec.structs.replace(given[2], replayed=True)
        cached = self._cache.get(identity)
        if cached is not None and cached.created_at > self._now - _RETENTION_MICROS:
            _check_digest(key, cached.digest)
            return msgspec.structs.replace(cached.receipt, replayed=True)
        stored = self._stored.get(identity)
        if stored is None:
            return None
        _check_digest(key, stored[0])
        answer = _DECODER.decode(stored[1])
        return Receipt(**msgspec.structs.asdict(answer), replayed=True)

    def add(self, organisation_id: UUID, key: IdempotencyKey, receipt: Receipt) -> None:
        """Note the receipt of a command of this batch under its key."""
        self._added[organisation_id.int, key.scope, key.key] = (organisation_id, key.digest, receipt)

    def rows(self) -> list[Row]:
        """The rows to store for the batch."""
        return [
            (organisation_id, scope, key, digest, _encode_receipt(receipt), self._now)
            for (_, scope, key), (organisation_id, digest, receipt) in self._added.items()
        ]

    def apply_commit(self) -> None:
        """Cache the receipts of the batch, which is committed."""
        for identity, (_, digest, receipt) in self._added.items():
            self._cache.put(identity, CachedReceipt(digest, msgspec.structs.replace(receipt, state=None), self._now))


def purge(session: LogSession, now: int) -> int:
    """Forget the keys that have expired; their number."""
    return session.run("purge_answers", until=now - _RETENTION_MICROS)


def _check_digest(key: IdempotencyKey, digest: str) -> None:
    if digest != key.digest:
        raise IdempotencyMismatch


def _encode_receipt(receipt: Receipt) -> str:
    answer = _StoredReceipt(
        event_ids=receipt.event_ids,
        stream=receipt.stream,
        version=receipt.version,
        position=receipt.position,
        log_position=receipt.log_position,
    )
    return _ENCODER.encode(answer).decode()
