"""What row security costs reads: each is asked with it and without it in turns, of two organisations in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median

import psycopg
import pytest
from litestar.testing import TestClient

from ledger.storage.access import DatabaseRole
from services.api.pipeline import HttpPipeline
from services.database_roles import create_roles
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.api.app_under_test import open_client
from tests.long.attacks.arena import fill
from tests.long.faults.conftest import ReportFigures
from tests.servers import PostgresServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

MEMBERS = 100
#: How many times the time without it a read may take.
LIMIT = 1.15
#: Of each read, each way; the quickest tenth says what it costs, the others what else the machine does.
ASKED, TENTH = 240, 24
PREFIX = "rows"
READS = (
    *("goals?limit=20", "members?limit=20", "me/inbox", "goals/g5", "goals/g5/history", "members/m3"),
    *("teams/t1/digest", "reports/support?team=t1", "reports/drift?team=t1"),
)


@pytest.fixture
def url(start_postgres: Callable[[], PostgresServer], postgres_template: str) -> Iterator[str]:
    server = start_postgres()
    found = server.url(server.create_database(postgres_template))
    create_roles(found, PREFIX, {})
    yield found
    with psycopg.connect(found, autocommit=True) as connection:
        for purpose in DatabaseRole:
            role = purpose.name_with(PREFIX)
            for statement in ("REASSIGN OWNED BY {} TO postgres", "DROP OWNED BY {}", "DROP ROLE {}"):
                connection.execute(statement.format(role).encode())


def test_row_security_costs_reads_little(url: str, report_figures: ReportFigures) -> None:
    # given
    def of(purpose: DatabaseRole) -> str:
        return url.replace("//postgres@", f"//{purpose.name_with(PREFIX)}@")

    with Runtime(Settings(database_url=url)) as runtime:
        keys = [fill(runtime, name, MEMBERS, 10 * MEMBERS)[0] for name in ("one", "another")]
        runtime.engine.catch_up()
    migrate(Settings(database_url=of(DatabaseRole.MIGRATE)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    now = datetime.now(UTC) + timedelta(minutes=1)
    secured = Settings(
        database_url=of(DatabaseRole.WRITE), views_database_url=of(DatabaseRole.READ), rate_limit_per_minute=0
    )

    # when
    with ExitStack() as opened:
        clients = [
            opened.enter_context(open_client(opened.enter_context(Runtime(settings, clock=lambda: now))))
            for settings in (Settings(database_url=url, rate_limit_per_minute=0), secured)
        ]
        factors = {path: compare(clients, keys, f"/v1/{path}") for path in READS}

    # then
    report_figures(row_security=factors, median=median(factors.values()))
    assert median(factors.values()) <= LIMIT


def compare(clients: list[TestClient[HttpPipeline]], keys: list[str], path: str) -> float:
    """How many times the time of the first client the second one's takes."""
    seconds: list[list[float]] = [[], []]
    for number in range(ASKED):
        headers = {"Authorization": f"Bearer {keys[number % 2]}"}
        for which in (0, 1) if number % 4 < 2 else (1, 0):
            began = time.perf_counter()
            answer = clients[which].get(path, headers=headers)
            seconds[which].append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
    without, with_it = (sorted(found)[TENTH] for found in seconds)
    return round(with_it / without, 2)
