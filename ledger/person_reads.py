"""Who read person-level figures, and of whom: a row for each day, viewer and kind of figure, beside the log.

No event: it is no fact of the organisation's work, it is for those whom it concerns, and it ends with its retention.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from ledger.storage.protocol import PERSON_READS, LogStore, row_uuid

_DAY_MICROS = 24 * 3600 * 10**6


class ReadSubject(StrEnum):
    """Whose figures were read."""

    MEMBER = "member"
    TEAM = "team"
    ORGANISATION = "organisation"


class PersonRead(NamedTuple):
    """Figures that were read: of whom, by whom, in which role, and which."""

    organisation_id: UUID
    subject: ReadSubject
    #: The member's, the team's or the organisation's id.
    subject_id: UUID
    viewer: UUID
    role: str
    #: The figures' name in the API: reports/overload, members, charters.
    what: str


class ReadTimes(msgspec.Struct):
    """When and how often, within one day; microseconds UTC."""

    first_at: int
    last_at: int
    times: int


class StoredRead(msgspec.Struct, frozen=True, kw_only=True):
    """The reads of one day that are the same but for their time."""

    subject: ReadSubject
    subject_id: UUID
    viewer: UUID
    role: str
    what: str
    first_at: datetime
    last_at: datetime
    times: int


class PersonReadStore:
    """The reads that are kept. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, recorder: LogStore) -> None:
        self._recorder = recorder

    def add(self, reads: Mapping[tuple[PersonRead, int], ReadTimes]) -> None:
        """Add reads, by what and by day (`day_of`), to those that are there: one statement."""
        rows = [
            (
                read.organisation_id,
                day,
                read.subject_id,
                str(read.subject),
                read.viewer,
                read.role,
                read.what,
                when.first_at,
                when.last_at,
                when.times,
            )
            for (read, day), when in reads.items()
        ]
        with self._recorder.write() as session:
            session.insert(PERSON_READS, rows)

    def load(
        self, organisation_id: UUID, subjects: Collection[UUID], *, reader: UUID, since: int, limit: int
    ) -> list[StoredRead]:
        """Reads of these subjects from a day on, the latest first, without those by `reader`."""
        with self._recorder.read() as session:
            rows = session.query(
                "person_reads",
                organisation_id=organisation_id,
                subjects=sorted(subjects),
                since=since,
                reader=reader,
                limit=limit,
            )
        return [
            StoredRead(
                subject=ReadSubject(subject),
                subject_id=row_uuid(subject_id),
                viewer=row_uuid(viewer),
                role=role,
                what=what,
                first_at=from_micros(first_at),
                last_at=from_micros(last_at),
                times=times,
            )
            for subject_id, subject, viewer, role, what, first_at, last_at, times in rows
        ]

    def purge(self, kept_from: Callable[[UUID], int]) -> int:
        """Delete what is older than the day that each organisation keeps them from; how many rows."""
        with self._recorder.write() as session:
            known = [row_uuid(row[0]) for row in session.query("organisations_with_reads")]
            until = {organisation_id: kept_from(organisation_id) for organisation_id in known}
            return sum(session.run("purge_person_reads", organisation_id=o, until=day) for o, day in until.items())


def day_of(at: datetime) -> int:
    """The day of an instant, UTC, counted from 1970-01-01."""
    return to_micros(at) // _DAY_MICROS
