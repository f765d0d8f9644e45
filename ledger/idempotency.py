"""Idempotency keys: a request that comes twice is answered twice and recorded once.

The row is written in the events' own transaction: where a client never learnt whether its command was committed, the
row is the answer, and there is no moment at which one exists without the other.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from domain.errors import IdempotencyMismatch
from ledger.commands import IdempotencyKey, Receipt
from ledger.recorders import Row, Session

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


def find_answer(session: Session, organisation_id: UUID, key: IdempotencyKey, now: int) -> Receipt | None:
    """The receipt of the first request with this key, without its state.

    Raises `IdempotencyMismatch` where that request had another body. `now`: microseconds, UTC.
    """
    rows = session.query(
        "answer", organisation_id=organisation_id, scope=key.scope, key=key.key, since=now - _KEPT_MICROS
    )
    if not rows:
        return None
    digest, text = rows[0]
    check_digest(key, digest)
    answer = msgspec.json.decode(text, type=_Answer)
    return Receipt(**msgspec.structs.asdict(answer), replayed=True)


def check_digest(key: IdempotencyKey, digest: str) -> None:
    """Raise `IdempotencyMismatch` where the key came with another body before."""
    if digest != key.digest:
        raise IdempotencyMismatch


def answer_row(organisation_id: UUID, key: IdempotencyKey, receipt: Receipt, now: int) -> Row:
    """The row that remembers a receipt from `now` (microseconds, UTC) on."""
    answer = _Answer(
        event_ids=receipt.event_ids,
        stream=receipt.stream,
        version=receipt.version,
        position=receipt.position,
        log_position=receipt.log_position,
    )
    return (organisation_id, key.scope, key.key, key.digest, msgspec.json.encode(answer).decode(), now)


def purge(session: Session, now: int) -> int:
    """Forget the keys that have expired; their number."""
    return session.run("purge_answers", until=now - _KEPT_MICROS)
