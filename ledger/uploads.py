"""Spreadsheets between their upload and their import: one of each member, which any process finds, and for an hour.

No event: nothing was said yet. A new one takes the place of the former, so that what is kept is bounded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.instants import to_micros
from ledger.api_keys import KeyStore

UPLOAD_LIFETIME = timedelta(hours=1)
#: Bytes of a file, and characters of its name that are kept.
MAX_UPLOAD_BYTES = 5_000_000
_MAX_NAME = 200


class Upload(msgspec.Struct, frozen=True):
    """A file that was uploaded, and what it was called."""

    name: str
    body: bytes


class Uploads:
    """The uploads of all organisations. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, ledger: KeyStore) -> None:
        self._recorder = ledger.recorder
        self._clock: Callable[[], datetime] = ledger.clock

    def put(self, organisation_id: UUID, member_id: UUID, upload: Upload) -> None:
        """Keep the member's upload in the place of a former one."""
        packed = zlib.compress(upload.body)
        with self._recorder.write() as session:
            session.run("remove_console_upload", organisation_id=organisation_id, member_id=member_id)
            session.run(
                "add_console_upload",
                organisation_id=organisation_id,
                member_id=member_id,
                name=upload.name[:_MAX_NAME],
                body=packed,
                expires_at=to_micros(self._clock() + UPLOAD_LIFETIME),
            )

    def find(self, organisation_id: UUID, member_id: UUID) -> Upload | None:
        """The member's upload; None where there is none, or its hour is over."""
        with self._recorder.read() as session:
            rows = session.query(
                "console_upload",
                organisation_id=organisation_id,
                member_id=member_id,
                now=to_micros(self._clock()),
            )
        return Upload(rows[0][0], zlib.decompress(bytes(rows[0][1]))) if rows else None

    def remove(self, organisation_id: UUID, member_id: UUID) -> None:
        """Delete the member's upload, where there is one."""
        with self._recorder.write() as session:
            session.run("remove_console_upload", organisation_id=organisation_id, member_id=member_id)

    def purge(self, now: datetime) -> int:
        """Delete the uploads whose hour is over; how many."""
        with self._recorder.write() as session:
            return session.run("purge_console_uploads", now=to_micros(now))
