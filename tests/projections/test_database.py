"""One SQL text on two databases."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from projections.database.database import Database, DatabaseUnavailable, Query, WriteRefused
from projections.database.sql import named_statements, to_pyformat
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table, TableWrite

THINGS = Table(
    name="things",
    columns=(
        Column("id", "text", "What it is called; it's unique."),
        Column("amount", "integer", "How many."),
        Column("note", "text", "Free text.", nullable=True),
    ),
    key=("id",),
    indexes=(("amount",),),
    comment="Things.",
)


@pytest.fixture
def database(own_database: Database) -> Database:
    """Of its own: these tests make tables in it."""
    return own_database


@pytest.fixture
def things(database: Database) -> Database:
    database.migrate([THINGS])
    database.migrate([THINGS])
    return database


def list_ids(database: Database) -> list[str]:
    return [row.id for row in database.query("SELECT id FROM things ORDER BY id")]


def test_rows_are_read_by_name_attribute_and_place(things: Database) -> None:
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [("a", 2**63 - 1, None)])

    (row,) = things.query("SELECT id, amount, note FROM things WHERE id = :id", {"id": "a"})

    assert ("a", "a", "a") == (row.id, row["id"], row[0])
    assert {"id": "a", "amount": 2**63 - 1, "note": None} == row.as_dict()
    with pytest.raises(AttributeError):
        _ = row.nothing


def test_an_upsert_replaces_what_has_the_same_key(things: Database) -> None:
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [("a", 1, "one"), ("b", 2, "two")])
        transaction.upsert_many(THINGS, [("b", 3, None), ("c", 4, "four")])

    rows = things.query("SELECT * FROM things ORDER BY id")
    assert [("a", 1, "one"), ("b", 3, None), ("c", 4, "four")] == [tuple(row) for row in rows]


@pytest.mark.parametrize("number", [0, 1, 2, 7])
def test_what_is_asked_together_is_answered_in_the_order_of_the_questions(things: Database, number: int) -> None:
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [(f"{n}", n, None) for n in range(number)])

    sql = "SELECT id, amount FROM things WHERE amount >= :from ORDER BY id"
    answers = things.query_many([(sql, {"from": n}) for n in range(number)])

    assert [[(f"{n}", n) for n in range(first, number)] for first in range(number)] == [
        [(row.id, row.amount) for row in rows] for rows in answers
    ]


def test_a_question_among_others_that_cannot_be_answered_does_no_harm_to_what_is_asked_next(things: Database) -> None:
    known: Query = ("SELECT COUNT(*) AS n FROM things", {})
    unknown: Query = ("SELECT n FROM no_such_table", {})

    with pytest.raises(DatabaseUnavailable):
        things.query_many([known, known, unknown, known])

    assert [[0], [0], [0]] == [[row.n for row in rows] for rows in things.query_many([known] * 3)]


BELIEFS = Table(
    name="beliefs",
    columns=(*SYSTEM_TIME, Column("words", "text", "What is believed.")),
    key=("organisation_id", "stream_id", "known_from"),
    comment="Beliefs.",
)


def test_what_ends_changes_its_end_alone_and_is_written_whole_where_it_is_missing(things: Database) -> None:
    things.migrate([BELIEFS])
    o, a, lost = (str(UUID(int=n)) for n in range(3))
    with things.transaction() as transaction:
        transaction.write([TableWrite(table=BELIEFS, upserts=[(o, a, 1, END_OF_TIME, "as it was")])])
        transaction.write([TableWrite(table=BELIEFS, upserts=[], closures=[(o, a, 1, 4, "not written")])])
    assert [("as it was", 4)] == [tuple(row) for row in things.query("SELECT words, known_to FROM beliefs")]

    with things.transaction() as transaction:
        told = [(o, a, 1, 5, "as told"), (o, lost, 2, 5, "written again")]
        parts = [TableWrite(table=BELIEFS, upserts=[(o, a, 5, END_OF_TIME, "new")], closures=told)]
        transaction.write([*parts, TableWrite(table=THINGS, upserts=[("a", 1, None)])])
        transaction.write([])

    rows = things.query("SELECT stream_id, known_from, known_to, words FROM beliefs ORDER BY known_from")
    assert [(a, 1, 5), (lost, 2, 5), (a, 5, END_OF_TIME)] == [tuple(row)[:3] for row in rows]
    # Where a row was missing, all that were to end with it are written whole.
    assert ["as told", "written again", "new"] == [row.words for row in rows]
    assert ["a"] == list_ids(things)


@pytest.mark.parametrize(
    ("expected", "ended", "is_written"),
    # Another writer was first, or what is to end is not there: a transaction finds out.
    [(1, "kept", True), (2, "kept", False), (1, "lost", False)],
)
def test_rows_are_written_at_once_where_others_are_as_expected_and_else_not_at_all(
    things: Database, expected: int, ended: str, is_written: bool
) -> None:
    things.migrate([BELIEFS])
    ids = {name: str(UUID(int=n)) for n, name in enumerate(("organisation", "kept", "lost", "opened"))}
    o, kept = ids["organisation"], ids["kept"]
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [("a", 1, ""), ("b", 7, "")])
        transaction.insert_many(BELIEFS, [(o, kept, 1, END_OF_TIME, "as it was")])
    before = TableWrite(table=THINGS, upserts=[("a", expected, ""), ("b", 7, "")])
    after = TableWrite(table=THINGS, upserts=[("a", 5, "moved"), ("b", 8, "moved")])
    beliefs = TableWrite(
        table=BELIEFS,
        upserts=[(o, ids["opened"], 2, END_OF_TIME, "new")],
        closures=[(o, ids[ended], 1, 2, "not written")],
    )

    done = things.try_write(before, [beliefs, after])

    # SQLite has no round trip to save: there a transaction always does it.
    assert done is (is_written and things.dialect == "postgresql")
    amounts = [row.amount for row in things.query("SELECT amount FROM things ORDER BY id")]
    words = [(row.words, row.known_to) for row in things.query("SELECT words, known_to FROM beliefs ORDER BY words")]
    assert ([5, 8] if done else [1, 7]) == amounts
    assert ([("as it was", 2), ("new", END_OF_TIME)] if done else [("as it was", END_OF_TIME)]) == words


def test_of_two_that_write_from_the_same_rows_at_once_one_does(things: Database) -> None:
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [(f"t{n}", 0, "") for n in range(20)])
    before = TableWrite(table=THINGS, upserts=[(f"t{n}", 0, "") for n in range(20)])

    def write(writer: int) -> bool:
        # From either end: locks are taken in one order all the same.
        rows = [(f"t{n}", writer, "") for n in range(20)][:: 1 if writer % 2 else -1]
        return things.try_write(before, [TableWrite(table=THINGS, upserts=rows)])

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(write, range(1, 5)))

    assert done.count(True) == (1 if things.dialect == "postgresql" else 0)
    assert {done.index(True) + 1 if any(done) else 0} == {
        row.amount for row in things.query("SELECT amount FROM things")
    }


def test_an_id_is_text_to_whoever_reads_it_and_a_word_that_is_none_is_refused_where_the_database_knows(
    things: Database,
) -> None:
    things.migrate([BELIEFS])
    o, a, b = (str(UUID(int=n)) for n in (3, 2, 1))
    with things.transaction() as transaction:
        transaction.insert_many(BELIEFS, [(o, a, 1, END_OF_TIME, "one")])
        transaction.upsert_many(BELIEFS, [(o, b, 1, END_OF_TIME, "two")])

    rows = things.query("SELECT * FROM beliefs WHERE organisation_id = :o ORDER BY stream_id", {"o": o})
    assert [(o, b), (o, a)] == [(row.organisation_id, row.stream_id) for row in rows]

    if things.dialect == "postgresql":
        with pytest.raises(WriteRefused), things.transaction() as transaction:
            transaction.upsert_many(BELIEFS, [(o, "no id", 1, END_OF_TIME, "three")])


def test_half_a_surrogate_pair_is_refused_as_any_value_that_does_not_fit(things: Database) -> None:
    def write() -> None:
        with things.transaction() as transaction:
            transaction.upsert_many(THINGS, [("a", 1, "\ud800")])

    with pytest.raises(WriteRefused):
        write()

    assert [] == list_ids(things)


def test_more_rows_than_one_statement_takes_are_written(things: Database) -> None:
    rows = [(f"{n:06}", n, "x") for n in range(12_345)]

    with things.transaction() as transaction:
        transaction.upsert_many(THINGS, rows)

    assert 12_345 == things.query("SELECT COUNT(*) AS n FROM things")[0].n


def test_text_is_ordered_by_its_bytes_whatever_the_locale(things: Database) -> None:
    with things.transaction() as transaction:
        transaction.insert_many(THINGS, [(name, 1, None) for name in ("é", "a", "Z", "z", "_", "Ä")])

    assert ["Z", "_", "a", "z", "Ä", "é"] == list_ids(things)


def test_an_exception_keeps_nothing_of_a_transaction(things: Database) -> None:
    def fails_half_way() -> None:
        with things.transaction() as transaction:
            transaction.insert_many(THINGS, [("a", 1, None)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_half_way()

    assert [] == list_ids(things)


@pytest.mark.parametrize("row", [("a", 2**63, None), ("a", None, None)], ids=["too large", "missing"])
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_kept(things: Database, row: tuple[object, ...]) -> None:
    def write() -> None:
        with things.transaction() as transaction:
            transaction.upsert_many(THINGS, [("b", 1, None)])
            transaction.upsert_many(THINGS, [row])

    with pytest.raises(WriteRefused):
        write()

    assert [] == list_ids(things)


def test_temporary_tables_end_with_their_session(things: Database) -> None:
    aside = THINGS.with_name("things_aside")

    with things.session() as session:
        session.create_temporary_table(aside)
        with session.transaction() as transaction:
            transaction.insert_many(aside, [("a", 1, None)])
            assert 1 == transaction.query("SELECT COUNT(*) AS n FROM things_aside")[0].n

    with pytest.raises(DatabaseUnavailable):
        things.query("SELECT * FROM things_aside")
    with things.session() as session:
        session.create_temporary_table(aside)  # and the name is free again


def test_postgresql_carries_the_comments_of_tables_and_columns(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    database.migrate([THINGS])

    (row,) = database.query(
        "SELECT obj_description('things'::regclass) AS about, col_description('things'::regclass, 1) AS id"
    )
    database.close()

    assert ("Things.", "What it is called; it's unique.") == tuple(row)


def test_a_closed_or_unreachable_database_says_that_it_is_unavailable(database: Database, sqlite_url: str) -> None:
    database.close()
    database.close()

    with pytest.raises(DatabaseUnavailable):
        database.query("SELECT 1 AS one")
    with pytest.raises(DatabaseUnavailable):
        Database.open(sqlite_url + "/no/such/directory/x.db")


def test_connections_that_the_server_dropped_are_replaced_unseen(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    database.migrate([THINGS])
    drop = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'plimsoll-views' AND datname = current_database()"
    )

    with psycopg.connect(postgres_url) as other:
        other.execute(drop)
        assert [1] == [row.one for row in database.query("SELECT 1 AS one")]
        other.execute(drop)
        with database.transaction() as transaction:
            transaction.upsert_many(THINGS, [("a", 1, "")])
        step = [TableWrite(table=THINGS, upserts=[("a", amount, "")]) for amount in (1, 2, 3)]
        assert database.try_write(step[0], step[1:2])
        other.execute(drop)
        # It comes to nothing on a connection that is gone, and has another one then.
        assert database.try_write(step[1], step[2:]) or database.try_write(step[1], step[2:])

    assert ["a"] == list_ids(database)
    database.close()


def test_a_server_that_was_away_is_found_again_at_once_however_long_it_was_away(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    database.query("SELECT 1")
    server, _, name = postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as operator, ThreadPoolExecutor(1) as pool:
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        waiting = pool.submit(database.query, "SELECT 1")
        # Pauses of 1 and 2 seconds have been made, and one of 4 would be under way.
        time.sleep(3.3)
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        began = time.monotonic()

        waiting.result()

    assert time.monotonic() - began < 2.5
    database.close()


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite"):
        Database.open("mysql://localhost/x")


def test_parameters_are_found_outside_of_text_casts_and_comments() -> None:
    sql = "SELECT ':no', 'it''s 100 %', a::text, '%' || :yes -- :neither\nFROM t WHERE b > :also_1"

    assert (
        "SELECT ':no', 'it''s 100 %%', a::text, '%%' || %(yes)s -- :neither\nFROM t WHERE b > %(also_1)s"
        == to_pyformat(sql)
    )


@pytest.mark.parametrize("name", ["goals", "history", "people", "streams"])
def test_every_named_statement_names_its_organisation(name: str) -> None:
    for title, sql in named_statements(name).items():
        # About no one organisation; completed by goals.timelines.
        if title in ("followed", "organisations", "organisations_called", "timelines"):
            continue
        # A FROM of a bracket reads what is inside.
        assert sql.count("organisation_id = :organisation_id") >= len(re.findall(r"FROM (?!\()", sql)), title
