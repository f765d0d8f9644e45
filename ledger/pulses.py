"""What is kept of a pulse beside the log: who may ask for one token, cells with their keys, sealed answers.

Nothing here says when it was written, and no row names both a member and an answer. What a wave leaves behind when it
is closed is with whom each member was counted: that decides what may be published of the next one. Everything else is
deleted, and the rows that stay are written anew in the order of the members' ids, so that a table's own order tells
nothing of who asked for a token, or when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from domain.instants import to_micros
from ledger.storage.protocol import InsertTarget, LogSession, LogStore, Row, row_uuid

#: Waves that ended this long ago are not compared with any more, and who was counted with whom is deleted.
PULSES_COMPARED = timedelta(days=366)
_WAVES = InsertTarget(
    "pulse_waves",
    {"wave_id": "uuid", "organisation_id": "uuid", "state": "text", "closes_at": "bigint", "key_check": "text"},
)
_CELLS = InsertTarget(
    "pulse_cells",
    {"wave_id": "uuid", "cell_id": "uuid", "team_id": "uuid", "public_key": "text", "private_key": "text"},
)
_SEATS = InsertTarget(
    "pulse_seats",
    {"wave_id": "uuid", "member_id": "uuid", "cell_id": "uuid", "asked": "text", "block": "uuid"},
)


class SealingKeyMissing(Exception):
    """There is no key to seal answers with, or it is another than the wave was opened with."""


WaveState = Literal["open", "closing", "closed"]


class StoredWave(NamedTuple):
    """One wave's row."""

    organisation_id: UUID
    state: WaveState
    #: Microseconds, UTC.
    closes_at: int
    key_check: str


class StoredCell(NamedTuple):
    """A cell and the keys of its tokens, base64; the private one is sealed."""

    id: UUID
    team: UUID | None
    public_key: str
    private_key: str


class StoredBallot(NamedTuple):
    """A sealed answer."""

    token: str
    cell: UUID
    sealed: str


class WaveToCount(NamedTuple):
    """What a wave that takes no answers any more is counted from."""

    #: Cell -> its team; None: of all others.
    teams: dict[UUID, UUID | None]
    #: Member -> cell.
    seats: dict[UUID, UUID]
    ballots: list[StoredBallot]
    #: Of each earlier wave that counts: member -> block.
    earlier: list[dict[UUID, UUID]]


class PulseStore:
    """The tables. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, recorder: LogStore) -> None:
        self._recorder = recorder

    def add(  # noqa: PLR0913 - one wave, all of it
        self,
        wave: UUID,
        organisation_id: UUID,
        *,
        closes_at: datetime,
        key_check: str,
        cells: Sequence[StoredCell],
        seats: Mapping[UUID, UUID],
    ) -> None:
        """Keep a wave that is about to be opened. `seats`: member -> cell."""
        with self._recorder.write() as session:
            session.insert(_WAVES, [(wave, organisation_id, "open", to_micros(closes_at), key_check)])
            session.insert(_CELLS, [(wave, *cell) for cell in cells])
            _write_seats(session, wave, ((member, cell, None) for member, cell in seats.items()))

    def remove(self, wave: UUID) -> None:
        """Forget a wave that was not opened."""
        with self._recorder.write() as session:
            for name in ("remove_pulse_cells", "remove_pulse_seats", "remove_pulse_wave"):
                session.run(name, wave=wave)

    def find_wave(self, wave: UUID) -> StoredWave | None:
        """The wave, None where there is none."""
        with self._recorder.read() as session:
            rows = session.query("pulse_wave", wave=wave)
        return StoredWave(row_uuid(rows[0][0]), *rows[0][1:]) if rows else None

    def find_cell(self, wave: UUID, cell: UUID) -> StoredCell | None:
        """The cell with its keys; None where there is none, as once the wave is closed."""
        with self._recorder.read() as session:
            rows = session.query("pulse_cell", wave=wave, cell=cell)
        return StoredCell(cell, None, *rows[0]) if rows else None

    def find_seat(self, wave: UUID, member: UUID) -> UUID | None:
        """The cell in which the member stands; None: in none."""
        with self._recorder.read() as session:
            rows = session.query("pulse_seat", wave=wave, member=member)
        return row_uuid(rows[0][0]) if rows else None

    def take_token(self, wave: UUID, member: UUID, asked: str, now: datetime) -> Literal["taken", "spent", "closed"]:
        """Use the member's one token for this blinded one: `spent` where another was signed before."""
        with self._recorder.write() as session:
            if not session.run("hold_pulse_wave", wave=wave, now=to_micros(now)):
                return "closed"
            return "taken" if session.run("take_pulse_token", wave=wave, member=member, asked=asked) else "spent"

    def add_ballot(self, wave: UUID, ballot: StoredBallot, now: datetime) -> Literal["taken", "spent", "closed"]:
        """Keep an answer: `spent` where its token has answered, `closed` where none is taken any more."""
        with self._recorder.write() as session:
            if not session.run("hold_pulse_wave", wave=wave, now=to_micros(now)):
                return "closed"
            added = session.run(
                "add_pulse_ballot", wave=wave, token=ballot.token, cell=ballot.cell, sealed=ballot.sealed
            )
        return "taken" if added else "spent"

    def begin_closing(self, wave: UUID, since: datetime) -> WaveToCount | None:
        """Take no answer any more, and what to count; None where it is closed already.

        `since`: earlier waves that ended before do not count.
        """
        with self._recorder.write() as session:
            if not session.run("begin_closing_pulse", wave=wave):
                return None
            organisation_id = row_uuid(session.query("pulse_wave", wave=wave)[0][0])
            blocks = session.query("pulse_blocks", organisation_id=organisation_id, since=to_micros(since))
            cells = session.query("pulse_cells", wave=wave)
            seats = session.query("pulse_seats", wave=wave)
            ballots = session.query("pulse_ballots", wave=wave)
        return WaveToCount(
            {row_uuid(cell): row_uuid(team) if team else None for cell, team in cells},
            {row_uuid(member): row_uuid(cell) for member, cell in seats},
            [StoredBallot(token, row_uuid(cell), sealed) for token, cell, sealed in ballots],
            _group_by_wave(blocks),
        )

    def end(self, wave: UUID, seats: Mapping[UUID, UUID], blocks: Mapping[UUID, UUID], now: datetime) -> None:
        """Delete answers, keys and who asked for a token. `seats`: member -> cell; `blocks`: member -> block."""
        with self._recorder.write() as session:
            for name in ("remove_pulse_ballots", "remove_pulse_cells", "remove_pulse_seats"):
                session.run(name, wave=wave)
            _write_seats(session, wave, ((member, cell, blocks.get(member)) for member, cell in seats.items()))
            session.run("end_pulse_wave", wave=wave, now=to_micros(now))

    def find_due(self, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """Organisation and wave of those whose time is over and that are not closed."""
        with self._recorder.read() as session:
            rows = session.query("pulses_due", now=to_micros(now), limit=limit)
        return [(row_uuid(organisation_id), row_uuid(wave)) for organisation_id, wave in rows]

    def purge(self, before: datetime) -> int:
        """Delete with whom members were counted in waves that ended before."""
        with self._recorder.write() as session:
            return session.run("purge_pulse_seats", before=to_micros(before))


def _write_seats(session: LogSession, wave: UUID, seats: Iterable[tuple[UUID, UUID, UUID | None]]) -> None:
    """In the order of the members' ids."""
    ordered = sorted(seats, key=lambda seat: seat[0].int)
    session.insert(_SEATS, [(wave, member, cell, None, block) for member, cell, block in ordered])


def _group_by_wave(rows: Iterable[Row]) -> list[dict[UUID, UUID]]:
    found: dict[UUID, dict[UUID, UUID]] = {}
    for wave, member, block in rows:
        found.setdefault(row_uuid(wave), {})[row_uuid(member)] = row_uuid(block)
    return list(found.values())
