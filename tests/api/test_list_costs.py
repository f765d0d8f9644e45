"""Lists cost with their page, and not with what the organisation has: counted in the store, on both.

Two organisations of one store, the second eight times as large; what one member has to do with is as much in both.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest
from litestar.testing import TestClient

from domain.references import resolve_stream_id
from ledger.api_keys import Principal
from projections.database.backend import Query, Row
from projections.database.database import Database
from projections.database.sql import to_pyformat
from services.api.pipeline import HttpPipeline
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import open_client
from tests.long.attacks.large_organisation import build_rows

#: Members of the two organisations, and goals of each member.
SMALL, LARGE, GOALS_EACH = 20, 160, 1
#: How many times more the larger one may cost; and so many steps of SQLite's machine, or rows that PostgreSQL looks at.
FACTOR, SLACK = 1.3, {"sqlite": 400, "postgresql": 12}

LISTS = (
    *(f"goals?limit=5&sort={sort}" for sort in ("due", "-due", "title", "-title", "updated", "-updated")),
    "goals?limit=5&names=true",
    "goals?limit=5&state=active",
    "goals?limit=5&owner=m1",
    "goals?limit=5&sponsor=m1",
    "goals?limit=5&team=t1",
    "members?limit=5",
    "members?limit=5&team=t1",
    "teams?limit=2",
    "teams/t1",
    "decisions?limit=5",
    "cycles?limit=5",
    "recognitions?limit=5",
    "subscriptions?limit=5",
    "me/inbox?limit=5",
)


class Organisation(NamedTuple):
    """One of the two: its id, and who asks -> the key."""

    id: UUID
    keys: dict[str, str]


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    with Runtime(Settings(database_url=database_url)) as opened:
        yield opened


def fill(runtime: Runtime, name: str, members: int) -> Organisation:
    """Teams of ten, goals, and a decision and a cycle of each team."""
    founded = create_organisation(runtime, name, steward="stella")
    scopes = frozenset({"admin", "import", "read", "act"})
    principal = Principal(
        key_id=founded.organisation_id,
        organisation_id=founded.organisation_id,
        member_id=founded.steward_id,
        scopes=scopes,
    )
    history = build_rows(datetime.now(UTC), members, members * GOALS_EACH)
    # Who leads every team has more to do the more there are.
    rows = (row.replace(b'"lead": "stella"', b'"lead": "m0"') for row in history)
    result = import_lines(runtime, founded.organisation_id, rows, principal=principal)
    assert result.refused == 0, result.errors[:3]
    keys = {
        name: runtime.keys.create(
            founded.organisation_id, resolve_stream_id(founded.organisation_id, "member", ref), ("read",)
        )
        for name, ref in (("lead", "m0"), ("member", "m1"))
    }
    return Organisation(founded.organisation_id, {**keys, "steward": founded.api_key})


class CountedDatabase:
    """What the statements of the views cost: each is run once more, and counted."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._path = url.removeprefix("sqlite:///") + "-views"
        self.asked: list[Query] = []

    def analyse(self, database: Database) -> None:
        """Have PostgreSQL know how much there is, as it does by itself within minutes."""
        if database.dialect == "postgresql":
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute("ANALYZE")

    def cost(self) -> int:
        """Of what was asked since the last look."""
        asked, self.asked = self.asked, []
        return sum(self.count(sql, params) for sql, params in asked)

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        """What one statement costs: steps of SQLite's machine, or rows that PostgreSQL looks at."""
        return (self._count_steps if self._url.startswith("sqlite") else self._count_rows)(sql, params)

    def _count_steps(self, sql: str, params: Mapping[str, Any]) -> int:
        steps = count()
        with sqlite3.connect(self._path) as connection:
            connection.set_progress_handler(lambda: next(steps) and None, 1)
            connection.execute(sql, params).fetchall()
        connection.close()
        return next(steps)

    def _count_rows(self, sql: str, params: Mapping[str, Any]) -> int:
        with psycopg.connect(self._url) as connection:
            # Of tables as small as these it would read every row: it is to plan as where rows are many.
            for plan in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                connection.execute(f"SET enable_{plan} = off".encode())
            connection.execute("SET cpu_tuple_cost = 1")
            connection.execute("SET cpu_index_tuple_cost = 1")
            explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {to_pyformat(sql)}"
            found = connection.execute(explain.encode(), params).fetchone()
        assert found is not None
        return sum(map(_count_scanned, found[0]))


def _count_scanned(plan: Mapping[str, Any]) -> int:
    """Rows that the scans of a plan looked at."""
    node = plan.get("Plan", plan)
    looked = sum(
        node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    )
    own = looked * node.get("Actual Loops", 1) if "Relation Name" in node or "Index Name" in node else 0
    return int(own) + sum(map(_count_scanned, node.get("Plans", ())))


@pytest.fixture
def counted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CountedDatabase:
    found = CountedDatabase(database_url)
    query, query_many = Database.query, Database.query_many

    def ask(database: Database, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        # Keys are looked up whenever they were not for a while, by a thread of their own.
        if not threading.current_thread().name.startswith("plimsoll-keys"):
            found.asked.append((sql, params or {}))
        return query(database, sql, params)

    def ask_many(database: Database, questions: list[Query]) -> list[list[Row]]:
        found.asked += questions
        return query_many(database, questions)

    monkeypatch.setattr(Database, "query", ask)
    monkeypatch.setattr(Database, "query_many", ask_many)
    return found


def measure(client: TestClient[HttpPipeline], counted: CountedDatabase, key: str, path: str) -> int:
    ask(client, counted, key, path)
    return counted.cost()


def ask(client: TestClient[HttpPipeline], counted: CountedDatabase, key: str, path: str) -> None:
    """Count in `counted` the statements that this read sends to the views."""
    headers = {"Authorization": f"Bearer {key}"}
    client.get("/v1/me", headers=headers)
    counted.asked.clear()
    answer = client.get(f"/v1/{path}", headers=headers)
    assert answer.status_code == 200, answer.text


def count_statements(client: TestClient[HttpPipeline], counted: CountedDatabase, key: str, path: str) -> int:
    ask(client, counted, key, path)
    return len(counted.asked)


def test_a_list_costs_with_its_page_and_not_with_the_organisation(
    database_url: str, runtime: Runtime, counted: CountedDatabase
) -> None:
    # given
    organisations = [fill(runtime, name, members) for name, members in (("small", SMALL), ("large", LARGE))]
    runtime.engine.catch_up()
    counted.analyse(runtime.database)

    # when
    with open_client(runtime) as client:
        costs = {
            (who, path): tuple(measure(client, counted, each.keys[who], path) for each in organisations)
            for who in ("member", "steward")
            for path in LISTS
        }
        statements = [count_statements(client, counted, each.keys["lead"], "me/inbox") for each in organisations]

    # then
    assert statements[0] == statements[1], "an inbox asks as often for two teams that its member leads as for sixteen"
    slack = SLACK[runtime.database.dialect]
    assert {} == {asked: cost for asked, cost in costs.items() if not 0 < cost[1] <= FACTOR * cost[0] + slack}
    # And what walks an organisation is seen to.
    walk = "SELECT body FROM goals WHERE organisation_id = :organisation_id AND title LIKE :words"
    small, large = (
        counted.count(walk, {"organisation_id": str(each.id), "words": "%nothing%"}) for each in organisations
    )
    assert large > FACTOR * small + slack
