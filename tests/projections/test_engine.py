"""Following the log: together, apart, doubled, lost, poisoned, and from zero."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.envelope import RecordedEvent
from domain.member import member
from domain.team import team
from projections.database.database import Database
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table
from projections.engine import engine as engine_module
from projections.engine.checkpoints import load_held_streams
from projections.engine.engine import Engine, Status
from projections.engine.fold import event_digest
from projections.people import MEMBERS, TEAMS
from tests.projections.conftest import dump_views
from tests.projections.in_memory_log import ORGANISATION, InMemoryLog, identity

PEOPLE = ("members", "teams")


class FailingProjection:
    """A projection that cannot fold the streams named in `poison`."""

    name = "fragile"
    version = 1
    kinds = frozenset({"member"})
    tables = (
        Table(
            name="fragile",
            columns=(*SYSTEM_TIME, Column("length", "integer", "Number of events.")),
            key=("organisation_id", "stream_id", "known_from"),
        ),
    )

    def __init__(self, *poison: str) -> None:
        self.poison = {identity(name) for name in poison}

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
        first = stream[0]
        if first.stream_id in self.poison:
            raise ZeroDivisionError("no words for this")
        head = (str(first.organisation_id), str(first.stream_id))
        return {"fragile": [(*head, e.log_position, END_OF_TIME, e.version) for e in stream]}


class RefusedProjection(FailingProjection):
    """One whose rows the database refuses for the streams named in `poison`."""

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
        head = (str(stream[0].organisation_id), str(stream[0].stream_id))
        length = 2**63 if stream[0].stream_id in self.poison else 1
        return {"fragile": [(*head, e.log_position, END_OF_TIME, length) for e in stream]}


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """Without a table: here engines of a few views make their own."""
    database = Database.open(empty_url)
    yield database
    database.close()


def record_members(log: InMemoryLog, *names: str) -> InMemoryLog:
    for name in names:
        log.record(f"member/{name}", member.Joined(name=name.title()))
    return log


def build_engine(log: InMemoryLog, database: Database, *projections: Any) -> Engine:
    engine = Engine(log, database, projections or (MEMBERS, TEAMS))
    engine.migrate()
    return engine


def find_status(engine: Engine, name: str) -> Status:
    (found,) = [s for s in engine.status() if s.name == name]
    return found


def load_lengths(database: Database) -> list[tuple[str, int]]:
    rows = database.query("SELECT stream_id, MAX(length) AS n FROM fragile GROUP BY stream_id ORDER BY n, stream_id")
    return [(row.stream_id, row.n) for row in rows]


def test_following_moves_the_checkpoint_with_the_rows_and_knows_what_it_has(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben")
    log.record("team/core", team.Created(name="Core", lead=identity("ana")))
    engine = build_engine(log, database)

    assert 3 == engine.catch_up()

    found = find_status(engine, "members")
    digest = sum(event_digest(e.event_id) for e in log.events) % 2**256
    assert (3, 3, 3, 0, 0) == (found.position, found.head, found.applied, found.held, found.missing)
    assert f"{digest:064x}" == found.digest
    assert 0 == engine.catch_up()


def test_a_limit_stops_on_the_way_and_the_next_call_goes_on(database: Database) -> None:
    log = record_members(InMemoryLog(), *"abcdefg")
    engine = build_engine(log, database)

    assert [3, 3, 1, 0] == [engine.catch_up(3) for _ in range(4)]


def test_a_new_view_catches_up_with_the_others_before_all_go_on_together(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben")
    build_engine(log, database, MEMBERS).catch_up()
    record_members(log, "cem")

    build_engine(log, database, MEMBERS, FailingProjection()).catch_up()

    engine = build_engine(log, database, MEMBERS, FailingProjection())
    assert [3, 3] == [s.applied for s in engine.status()]
    assert 3 == engine.position()
    assert 3 == len(load_lengths(database))


def test_any_batch_size_leads_to_the_same_tables(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    log = InMemoryLog()
    for number in range(12):
        capacity = member.Capacity(hours_per_week=str(number), from_=log_day(number))
        record_members(log, "ana" if number % 3 else "ben")
        log.record("member/ana", member.CapacityDeclared(capacity=capacity))
    monkeypatch.setattr(engine_module, "BATCH_SIZE", 1)
    build_engine(log, database).catch_up()
    one_by_one = dump_views(database, only=PEOPLE)

    build_engine(log, database).rebuild()

    assert one_by_one == dump_views(database, only=PEOPLE)
    assert [] == build_engine(log, database).verify()


def log_day(number: int) -> date:
    return date(2026, 3, 1 + number)


# --- several at once ---------------------------------------------------------------------------------------------


class ContendedLog(InMemoryLog):
    """Another worker finishes the same batch between this worker's reading and its writing."""

    def __init__(self) -> None:
        super().__init__()
        self.other: list[Engine] = []

    def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
        found = super().read_log(after, limit)
        if self.other:
            self.other.pop().catch_up()
        return found


def test_whoever_finds_the_checkpoint_moved_writes_nothing_and_reads_again(database: Database) -> None:
    log = ContendedLog()
    record_members(log, "ana", "ben")
    engine = build_engine(log, database)
    log.other = [Engine(log, database, (MEMBERS, TEAMS))]

    assert 0 == engine.catch_up()  # all of it was followed by the other one

    assert (2, 2, 0) == (
        find_status(engine, "members").applied,
        engine.position(),
        find_status(engine, "members").missing,
    )


def test_a_stream_released_by_another_worker_meanwhile_is_counted_once(database: Database) -> None:
    class Released(InMemoryLog):
        retried = False

        def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
            found = super().read_log(after, limit)
            if not self.retried:
                self.retried = True
                assert 1 == Engine(self, database, (FailingProjection(),)).retry_held()
            return found

    log = Released()
    log.retried = True
    record_members(log, "ana", "ben")
    build_engine(log, database, FailingProjection("ana")).catch_up()
    record_members(log, "cem")
    log.retried = False

    engine = build_engine(log, database, FailingProjection())
    engine.catch_up()

    assert (3, 3, 0, 0) == tuple(
        getattr(find_status(engine, "fragile"), n) for n in ("position", "applied", "held", "missing")
    )


def test_many_workers_at_once_lose_nothing_and_double_nothing(database: Database, empty_url: str) -> None:
    log = record_members(InMemoryLog(), *(f"member {n % 17}" for n in range(300)))
    build_engine(log, database)
    errors: list[BaseException] = []

    def work() -> None:
        own = Database.open(empty_url)
        try:
            worker = Engine(log, own, (MEMBERS, TEAMS))
            while worker.position() < log.head():
                worker.catch_up(7)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            errors.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors
    engine = build_engine(log, database)
    assert [(300, 0), (300, 0)] == [(s.applied, s.missing) for s in engine.status()]
    assert [] == engine.verify()


# --- poison ------------------------------------------------------------------------------------------------------


def test_a_poisoned_stream_is_held_back_alone_and_counted(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben", "ana", "cem")
    engine = build_engine(log, database, FailingProjection("ana"))

    assert 4 == engine.catch_up()

    found = find_status(engine, "fragile")
    assert (4, 2, 2, 0) == (found.position, found.applied, found.held, found.missing)
    (held,) = load_held_streams(database, ORGANISATION)
    assert (identity("ana"), 0, 2, "ZeroDivisionError: no words for this") == (
        held.stream_id,
        held.since,
        held.events,
        held.error,
    )
    assert [] == load_held_streams(database, ORGANISATION, [identity("ben")])


def test_a_held_stream_is_tried_again_with_its_next_event(database: Database) -> None:
    log = record_members(InMemoryLog(), "ben", "ana", "ana")
    build_engine(log, database, FailingProjection("ana")).catch_up()
    record_members(log, "ana")

    engine = build_engine(log, database, FailingProjection())
    engine.catch_up()

    assert {str(identity("ben")): 1, str(identity("ana")): 3} == dict(load_lengths(database))
    found = find_status(engine, "fragile")
    assert (4, 0, 0) == (found.applied, found.held, found.missing)
    assert [] == load_held_streams(database, ORGANISATION)


def test_held_streams_flow_again_once_the_code_is_mended(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben", "ana")
    build_engine(log, database, FailingProjection("ana")).catch_up()

    engine = build_engine(log, database, FailingProjection())

    assert 1 == engine.retry_held()
    assert 0 == engine.retry_held()
    found = find_status(engine, "fragile")
    assert (3, 0, 0) == (found.applied, found.held, found.missing)
    assert f"{sum(event_digest(e.event_id) for e in log.events) % 2**256:064x}" == found.digest


def test_a_stream_that_stays_poisoned_stays_held_with_all_its_events(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana")
    engine = build_engine(log, database, FailingProjection("ana"))
    engine.catch_up()
    record_members(log, "ana", "ben")

    engine.catch_up()

    assert 0 == engine.retry_held("fragile")
    assert (1, 2, 0) == tuple(getattr(find_status(engine, "fragile"), n) for n in ("applied", "held", "missing"))


def test_what_was_right_before_the_poison_stays_and_is_not_written_anew(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben")
    build_engine(log, database, FailingProjection()).catch_up()
    record_members(log, "ana")

    build_engine(log, database, FailingProjection("ana")).catch_up()

    assert {str(identity("ana")): 1, str(identity("ben")): 1} == dict(load_lengths(database))
    (held,) = load_held_streams(database, ORGANISATION)
    assert (2, 1) == (held.since, held.events)


def test_rows_that_the_database_refuses_hold_back_their_stream_only(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben")
    engine = build_engine(log, database, RefusedProjection("ana"), MEMBERS)

    engine.catch_up()

    assert (1, 1, 0) == tuple(getattr(find_status(engine, "fragile"), n) for n in ("applied", "held", "missing"))
    assert (2, 0, 0) == tuple(getattr(find_status(engine, "members"), n) for n in ("applied", "held", "missing"))
    assert [identity("ana")] == [held.stream_id for held in load_held_streams(database, ORGANISATION)]


def test_a_rebuild_holds_back_what_it_cannot_fold_and_lets_the_rest_flow(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben", "ana")
    build_engine(log, database, FailingProjection()).catch_up()

    engine = build_engine(log, database, FailingProjection("ana"))
    engine.rebuild()

    assert [(str(identity("ben")), 1)] == load_lengths(database)
    assert (1, 2, 0) == tuple(getattr(find_status(engine, "fragile"), n) for n in ("applied", "held", "missing"))


# --- anew --------------------------------------------------------------------------------------------------------


@pytest.fixture
def damaged_views(database: Database) -> tuple[Engine, Database]:
    log = record_members(InMemoryLog(), "ana", "ben", "cem")
    engine = build_engine(log, database)
    engine.catch_up()
    with database.transaction() as transaction:
        transaction.execute("UPDATE members SET name = 'Mallory' WHERE name = 'Ana'")
        transaction.execute("DELETE FROM members WHERE name = 'Ben'")
    return engine, database


def test_verify_tells_rows_that_were_changed_from_rows_that_are_lost(damaged_views: tuple[Engine, Database]) -> None:
    engine, _ = damaged_views

    (found,) = engine.verify()

    assert ("members", 2, 1) == (found.table, found.missing, found.surplus)
    assert sorted([identity("ana"), identity("ben")]) == found.streams
    assert [found] == engine.verify("members")  # verifying mends nothing
    assert [] == engine.verify("teams")


def test_a_rebuild_puts_right_what_was_damaged(damaged_views: tuple[Engine, Database]) -> None:
    engine, database = damaged_views
    seen: list[tuple[int, int]] = []

    (found,) = engine.rebuild(progress=lambda done, of: seen.append((done, of)))

    assert (2, 1) == (found.missing, found.surplus)
    assert [] == engine.verify()
    assert [(3, 3)] == seen
    names = database.query("SELECT name FROM members WHERE known_to = :forever ORDER BY name", {"forever": END_OF_TIME})
    assert ["Ana", "Ben", "Cem"] == [row.name for row in names]


def test_a_rebuild_follows_what_the_live_view_followed_meanwhile(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana", "ben")
    engine = build_engine(log, database)
    engine.catch_up()

    def meanwhile(done: int, of: int) -> None:
        record_members(log, "cem")
        Engine(log, database, (MEMBERS, TEAMS)).catch_up()

    assert [] == engine.rebuild(progress=meanwhile)

    assert (3, 3, 0) == tuple(getattr(find_status(engine, "members"), n) for n in ("position", "applied", "missing"))
    assert [] == engine.verify()


def test_a_rebuild_of_a_view_that_is_behind_brings_it_to_the_head(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana")
    engine = build_engine(log, database)

    engine.rebuild("members")

    assert (1, 0) == (engine.position("members"), engine.position("teams"))
    assert 1 == engine.catch_up()


def test_a_view_of_another_version_is_not_written_until_it_is_migrated(database: Database) -> None:
    log = record_members(InMemoryLog(), "ana")
    build_engine(log, database, FailingProjection()).catch_up()

    class Newer(FailingProjection):
        version = 2

        def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
            return {"fragile": [(*row[:4], 100) for row in super().rows(stream)["fragile"]]}

    newer = Engine(log, database, (Newer(),))
    assert 0 == newer.catch_up()
    assert find_status(newer, "fragile").outdated

    newer.migrate()
    newer.catch_up()

    assert [(str(identity("ana")), 100)] == load_lengths(database)
    assert not find_status(newer, "fragile").outdated
    assert 0 == Engine(log, database, (FailingProjection(),)).catch_up()  # the old code stands aside


def test_workers_that_start_at_once_migrate_without_hindering_each_other(empty_url: str) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(6)

    def migrate() -> None:
        try:
            start.wait()
            own = Database.open(empty_url)
            Engine(InMemoryLog(), own, (MEMBERS, TEAMS)).migrate()
            own.close()
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors


def test_a_table_that_does_not_say_whose_rows_it_holds_is_refused(database: Database) -> None:
    class Stray(FailingProjection):
        tables = (Table(name="stray", columns=(Column("x", "integer", "x"),), key=("x",)),)

    with pytest.raises(ValueError, match="SYSTEM_TIME"):
        Engine(InMemoryLog(), database, (Stray(),))


def test_ids_of_the_digest_tell_sets_apart_but_not_orders() -> None:
    first, second = event_digest(UUID(int=1)), event_digest(UUID(int=2))

    assert first + second == second + first
    assert first != second
