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
from projections.engine.checkpoints import degraded
from projections.engine.engine import Engine, Status
from projections.engine.fold import event_digest
from projections.people import MEMBERS, TEAMS
from tests.projections.conftest import dump
from tests.projections.in_memory_log import ORGANISATION, InMemoryLog, identity

PEOPLE = ("members", "teams")


class Fragile:
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


class Unfit(Fragile):
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


def told(log: InMemoryLog, *names: str) -> InMemoryLog:
    for name in names:
        log.record(f"member/{name}", member.Joined(name=name.title()))
    return log


def ready(log: InMemoryLog, database: Database, *projections: Any) -> Engine:
    engine = Engine(log, database, projections or (MEMBERS, TEAMS))
    engine.migrate()
    return engine


def status(engine: Engine, name: str) -> Status:
    (found,) = [s for s in engine.status() if s.name == name]
    return found


def lengths(database: Database) -> list[tuple[str, int]]:
    rows = database.query("SELECT stream_id, MAX(length) AS n FROM fragile GROUP BY stream_id ORDER BY n, stream_id")
    return [(row.stream_id, row.n) for row in rows]


def test_following_moves_the_checkpoint_with_the_rows_and_knows_what_it_has(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben")
    log.record("team/core", team.Created(name="Core", lead=identity("ana")))
    engine = ready(log, database)

    assert 3 == engine.catch_up()

    found = status(engine, "members")
    digest = sum(event_digest(e.event_id) for e in log.events) % 2**256
    assert (3, 3, 3, 0, 0) == (found.position, found.head, found.applied, found.held, found.missing)
    assert f"{digest:064x}" == found.digest
    assert 0 == engine.catch_up()


def test_a_limit_stops_on_the_way_and_the_next_call_goes_on(database: Database) -> None:
    log = told(InMemoryLog(), *"abcdefg")
    engine = ready(log, database)

    assert [3, 3, 1, 0] == [engine.catch_up(3) for _ in range(4)]


def test_a_new_view_catches_up_with_the_others_before_all_go_on_together(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben")
    ready(log, database, MEMBERS).catch_up()
    told(log, "cem")

    ready(log, database, MEMBERS, Fragile()).catch_up()

    engine = ready(log, database, MEMBERS, Fragile())
    assert [3, 3] == [s.applied for s in engine.status()]
    assert 3 == engine.position()
    assert 3 == len(lengths(database))


def test_any_batch_size_leads_to_the_same_tables(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    log = InMemoryLog()
    for number in range(12):
        capacity = member.Capacity(hours_per_week=str(number), from_=log_day(number))
        told(log, "ana" if number % 3 else "ben")
        log.record("member/ana", member.CapacityDeclared(capacity=capacity))
    monkeypatch.setattr(engine_module, "BATCH", 1)
    ready(log, database).catch_up()
    one_by_one = dump(database, only=PEOPLE)

    ready(log, database).rebuild()

    assert one_by_one == dump(database, only=PEOPLE)
    assert [] == ready(log, database).verify()


def log_day(number: int) -> date:
    return date(2026, 3, 1 + number)


# --- several at once ---------------------------------------------------------------------------------------------


class Contended(InMemoryLog):
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
    log = Contended()
    told(log, "ana", "ben")
    engine = ready(log, database)
    log.other = [Engine(log, database, (MEMBERS, TEAMS))]

    assert 0 == engine.catch_up()  # all of it was followed by the other one

    assert (2, 2, 0) == (status(engine, "members").applied, engine.position(), status(engine, "members").missing)


def test_a_stream_released_by_another_worker_meanwhile_is_counted_once(database: Database) -> None:
    class Released(InMemoryLog):
        retried = False

        def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
            found = super().read_log(after, limit)
            if not self.retried:
                self.retried = True
                assert 1 == Engine(self, database, (Fragile(),)).retry_held()
            return found

    log = Released()
    log.retried = True
    told(log, "ana", "ben")
    ready(log, database, Fragile("ana")).catch_up()
    told(log, "cem")
    log.retried = False

    engine = ready(log, database, Fragile())
    engine.catch_up()

    assert (3, 3, 0, 0) == tuple(
        getattr(status(engine, "fragile"), n) for n in ("position", "applied", "held", "missing")
    )


def test_many_workers_at_once_lose_nothing_and_double_nothing(database: Database, empty_url: str) -> None:
    log = told(InMemoryLog(), *(f"member {n % 17}" for n in range(300)))
    ready(log, database)
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
    engine = ready(log, database)
    assert [(300, 0), (300, 0)] == [(s.applied, s.missing) for s in engine.status()]
    assert [] == engine.verify()


# --- poison ------------------------------------------------------------------------------------------------------


def test_a_poisoned_stream_is_held_back_alone_and_counted(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben", "ana", "cem")
    engine = ready(log, database, Fragile("ana"))

    assert 4 == engine.catch_up()

    found = status(engine, "fragile")
    assert (4, 2, 2, 0) == (found.position, found.applied, found.held, found.missing)
    (held,) = degraded(database, ORGANISATION)
    assert (identity("ana"), 0, 2, "ZeroDivisionError: no words for this") == (
        held.stream_id,
        held.since,
        held.events,
        held.error,
    )
    assert [] == degraded(database, ORGANISATION, [identity("ben")])


def test_a_held_stream_is_tried_again_with_its_next_event(database: Database) -> None:
    log = told(InMemoryLog(), "ben", "ana", "ana")
    ready(log, database, Fragile("ana")).catch_up()
    told(log, "ana")

    engine = ready(log, database, Fragile())
    engine.catch_up()

    assert {str(identity("ben")): 1, str(identity("ana")): 3} == dict(lengths(database))
    found = status(engine, "fragile")
    assert (4, 0, 0) == (found.applied, found.held, found.missing)
    assert [] == degraded(database, ORGANISATION)


def test_held_streams_flow_again_once_the_code_is_mended(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben", "ana")
    ready(log, database, Fragile("ana")).catch_up()

    engine = ready(log, database, Fragile())

    assert 1 == engine.retry_held()
    assert 0 == engine.retry_held()
    found = status(engine, "fragile")
    assert (3, 0, 0) == (found.applied, found.held, found.missing)
    assert f"{sum(event_digest(e.event_id) for e in log.events) % 2**256:064x}" == found.digest


def test_a_stream_that_stays_poisoned_stays_held_with_all_its_events(database: Database) -> None:
    log = told(InMemoryLog(), "ana")
    engine = ready(log, database, Fragile("ana"))
    engine.catch_up()
    told(log, "ana", "ben")

    engine.catch_up()

    assert 0 == engine.retry_held("fragile")
    assert (1, 2, 0) == tuple(getattr(status(engine, "fragile"), n) for n in ("applied", "held", "missing"))


def test_what_was_right_before_the_poison_stays_and_is_not_written_anew(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben")
    ready(log, database, Fragile()).catch_up()
    told(log, "ana")

    ready(log, database, Fragile("ana")).catch_up()

    assert {str(identity("ana")): 1, str(identity("ben")): 1} == dict(lengths(database))
    (held,) = degraded(database, ORGANISATION)
    assert (2, 1) == (held.since, held.events)


def test_rows_that_the_database_refuses_hold_back_their_stream_only(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben")
    engine = ready(log, database, Unfit("ana"), MEMBERS)

    engine.catch_up()

    assert (1, 1, 0) == tuple(getattr(status(engine, "fragile"), n) for n in ("applied", "held", "missing"))
    assert (2, 0, 0) == tuple(getattr(status(engine, "members"), n) for n in ("applied", "held", "missing"))
    assert [identity("ana")] == [held.stream_id for held in degraded(database, ORGANISATION)]


def test_a_rebuild_holds_back_what_it_cannot_fold_and_lets_the_rest_flow(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben", "ana")
    ready(log, database, Fragile()).catch_up()

    engine = ready(log, database, Fragile("ana"))
    engine.rebuild()

    assert [(str(identity("ben")), 1)] == lengths(database)
    assert (1, 2, 0) == tuple(getattr(status(engine, "fragile"), n) for n in ("applied", "held", "missing"))


# --- anew --------------------------------------------------------------------------------------------------------


@pytest.fixture
def damaged(database: Database) -> tuple[Engine, Database]:
    log = told(InMemoryLog(), "ana", "ben", "cem")
    engine = ready(log, database)
    engine.catch_up()
    with database.transaction() as transaction:
        transaction.execute("UPDATE members SET name = 'Mallory' WHERE name = 'Ana'")
        transaction.execute("DELETE FROM members WHERE name = 'Ben'")
    return engine, database


def test_verify_tells_rows_that_were_changed_from_rows_that_are_lost(damaged: tuple[Engine, Database]) -> None:
    engine, _ = damaged

    (found,) = engine.verify()

    assert ("members", 2, 1) == (found.table, found.missing, found.surplus)
    assert sorted([identity("ana"), identity("ben")]) == found.streams
    assert [found] == engine.verify("members")  # verifying mends nothing
    assert [] == engine.verify("teams")


def test_a_rebuild_puts_right_what_was_damaged(damaged: tuple[Engine, Database]) -> None:
    engine, database = damaged
    seen: list[tuple[int, int]] = []

    (found,) = engine.rebuild(progress=lambda done, of: seen.append((done, of)))

    assert (2, 1) == (found.missing, found.surplus)
    assert [] == engine.verify()
    assert [(3, 3)] == seen
    names = database.query("SELECT name FROM members WHERE known_to = :forever ORDER BY name", {"forever": END_OF_TIME})
    assert ["Ana", "Ben", "Cem"] == [row.name for row in names]


def test_a_rebuild_follows_what_the_live_view_followed_meanwhile(database: Database) -> None:
    log = told(InMemoryLog(), "ana", "ben")
    engine = ready(log, database)
    engine.catch_up()

    def meanwhile(done: int, of: int) -> None:
        told(log, "cem")
        Engine(log, database, (MEMBERS, TEAMS)).catch_up()

    assert [] == engine.rebuild(progress=meanwhile)

    assert (3, 3, 0) == tuple(getattr(status(engine, "members"), n) for n in ("position", "applied", "missing"))
    assert [] == engine.verify()


def test_a_rebuild_of_a_view_that_is_behind_brings_it_to_the_head(database: Database) -> None:
    log = told(InMemoryLog(), "ana")
    engine = ready(log, database)

    engine.rebuild("members")

    assert (1, 0) == (engine.position("members"), engine.position("teams"))
    assert 1 == engine.catch_up()


def test_a_view_of_another_version_is_not_written_until_it_is_migrated(database: Database) -> None:
    log = told(InMemoryLog(), "ana")
    ready(log, database, Fragile()).catch_up()

    class Newer(Fragile):
        version = 2

        def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
            return {"fragile": [(*row[:4], 100) for row in super().rows(stream)["fragile"]]}

    newer = Engine(log, database, (Newer(),))
    assert 0 == newer.catch_up()
    assert status(newer, "fragile").outdated

    newer.migrate()
    newer.catch_up()

    assert [(str(identity("ana")), 100)] == lengths(database)
    assert not status(newer, "fragile").outdated
    assert 0 == Engine(log, database, (Fragile(),)).catch_up()  # the old code stands aside


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
    class Stray(Fragile):
        tables = (Table(name="stray", columns=(Column("x", "integer", "x"),), key=("x",)),)

    with pytest.raises(ValueError, match="SYSTEM_TIME"):
        Engine(InMemoryLog(), database, (Stray(),))


def test_ids_of_the_digest_tell_sets_apart_but_not_orders() -> None:
    first, second = event_digest(UUID(int=1)), event_digest(UUID(int=2))

    assert first + second == second + first
    assert first != second
