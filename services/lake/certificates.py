"""Whether a table of the lake holds what the log gives: counts, and digests of the rows behind a position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

import msgspec

from services.exports.columnar import RecordBatch, plain_rows


class TableCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """One table as it was found in the lake, beside the log."""

    table: str
    #: The organisation's position up to which it is written.
    position: int
    delta_version: int
    schema_version: int
    #: In the lake.
    rows: int
    #: By the log; None: not counted.
    log_rows: int | None
    #: The digests are of the rows behind this position.
    after: int
    digest: str
    log_digest: str
    #: Counts and digests are.
    equal: bool


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A whole lake beside the log."""

    uri: str
    organisation: UUID
    epoch: str
    #: The organisation's position up to which all tables are written.
    position: int
    equal: bool
    tables: list[TableCertificate]
    #: Tables that were written whole.
    rewritten: list[str] = []


class RowDigest:
    """The sum of SHA-256 over rows, and how many there were: equal where the same rows came, in any order."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, batch: RecordBatch) -> None:
        """Take the rows of a batch."""
        encode, sha256 = msgspec.json.Encoder().encode, hashlib.sha256
        self.rows += batch.num_rows
        self._sum += sum(int.from_bytes(sha256(encode(row)).digest(), "big") for row in plain_rows(batch))

    def add_all(self, batches: Iterable[RecordBatch]) -> RowDigest:
        """Take the rows of all of them; itself."""
        for batch in batches:
            self.add(batch)
        return self

    @property
    def text(self) -> str:
        """64 hex digits."""
        return f"{self._sum % 2**256:064x}"
