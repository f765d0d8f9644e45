"""What is kept of a pulse beside the log, on both databases: one token each, one answer each, and no order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from ledger.ledger import Ledger
from ledger.pulses import PulseStore, StoredBallot, StoredCell

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WAVE, ORGANISATION, CELL, OTHER = (UUID(int=n) for n in range(1, 5))
MEMBERS = [UUID(int=100 + n) for n in range(5)]


@pytest.fixture
def store(ledger: Ledger) -> PulseStore:
    """An open wave with one cell of five."""
    store = PulseStore(ledger.recorder)
    _add(store, WAVE)
    return store


def _add(store: PulseStore, wave: UUID) -> None:
    store.add(
        wave,
        ORGANISATION,
        closes_at=NOW + timedelta(days=7),
        key_check="check",
        cells=[StoredCell(CELL, None, "public", "private")],
        seats=dict.fromkeys(MEMBERS, CELL),
    )


def ballot(token: str = "token") -> StoredBallot:
    return StoredBallot(token, CELL, "sealed")


def test_a_member_has_one_token(store: PulseStore) -> None:
    def take(asked: str, member: UUID = MEMBERS[0]) -> str:
        return store.take_token(WAVE, member, asked, NOW)

    assert ["taken", "taken", "spent", "taken"] == [take("a"), take("a"), take("b"), take("b", MEMBERS[1])]
    assert CELL == store.find_seat(WAVE, MEMBERS[0])
    assert None is store.find_seat(WAVE, UUID(int=999))


def test_a_token_has_one_answer(store: PulseStore) -> None:
    def add(token: str, wave: UUID = WAVE, at: datetime = NOW) -> str:
        return store.add_ballot(wave, ballot(token), at)

    assert ["taken", "spent", "taken"] == [add("a"), add("a"), add("b")]
    assert ["closed", "closed"] == [add("c", at=NOW + timedelta(days=7)), add("c", wave=OTHER)]


def test_nothing_is_taken_once_it_is_closing(store: PulseStore) -> None:
    store.add_ballot(WAVE, ballot("b"), NOW)
    store.add_ballot(WAVE, ballot("a"), NOW)

    counted = store.begin_closing(WAVE, NOW)

    assert counted is not None
    assert (["a", "b"], {CELL: None}, []) == ([b.token for b in counted.ballots], counted.teams, counted.earlier)
    assert ["closed", "closed"] == [
        store.add_ballot(WAVE, ballot("c"), NOW),
        store.take_token(WAVE, MEMBERS[0], "a", NOW),
    ]


def test_what_is_left_is_with_whom_each_was_counted(store: PulseStore) -> None:
    store.take_token(WAVE, MEMBERS[3], "a", NOW)
    store.add_ballot(WAVE, ballot(), NOW)
    counted = store.begin_closing(WAVE, NOW)
    assert counted is not None

    store.end(WAVE, counted.seats, dict.fromkeys(MEMBERS, CELL), NOW)

    assert (None, None) == (store.find_cell(WAVE, CELL), store.begin_closing(WAVE, NOW))
    _add(store, OTHER)
    following = store.begin_closing(OTHER, NOW - timedelta(days=1))
    assert following is not None
    assert [dict.fromkeys(MEMBERS, CELL)] == following.earlier
    assert 5 == store.purge(NOW + timedelta(days=1))


def test_a_wave_whose_time_is_over_is_found(store: PulseStore) -> None:
    assert [] == store.find_due(NOW, 10)
    assert [(ORGANISATION, WAVE)] == store.find_due(NOW + timedelta(days=7), 10)

    store.remove(WAVE)

    assert None is store.find_wave(WAVE)
    assert [] == store.find_due(NOW + timedelta(days=7), 10)


def test_the_tables_order_tells_nothing_of_who_asked_first(store: PulseStore, database_url: str) -> None:
    """PostgreSQL shows where a row lies: while the wave is open those who asked first lie before the others."""
    for member in reversed(MEMBERS):
        store.take_token(WAVE, member, str(member), NOW)
    counted = store.begin_closing(WAVE, NOW)
    assert counted is not None

    store.end(WAVE, counted.seats, {}, NOW)

    assert [str(member) for member in MEMBERS] == list_as_they_lie(database_url)


def list_as_they_lie(database_url: str) -> list[str]:
    """The members of the seats, in the order of the table itself."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute("SELECT member_id FROM pulse_seats").fetchall()
    else:
        with psycopg.connect(database_url) as connection:
            rows = connection.execute("SELECT member_id FROM pulse_seats ORDER BY ctid").fetchall()
    return [str(UUID(str(row[0]))) for row in rows]
