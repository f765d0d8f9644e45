"""The models, run once on every engine that is always here, and once more on Spark where that was asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import duckdb
import msgspec
import psycopg
import pytest

import run
from domain.references import resolve_stream_id
from projections.marts.snapshots import refresh_snapshots
from services import bi
from services.exports.exporting import ExportQuery
from services.exports.folder import export_folder
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.dbt import history
from tests.servers import PostgresServer

PACKAGE = Path(__file__).parents[2] / "dbt"
ANSWERS = PACKAGE / "models" / "answers"
MODELS = sorted(path.stem for path in ANSWERS.glob("*.sql"))
SCHEMA = "answers"
Rows = list[tuple[Any, ...]]
_numbers = count()


class Modelled(msgspec.Struct, frozen=True):
    """A history in PostgreSQL and as files, with every model over each of the two."""

    runtime: Runtime
    organisation: UUID
    marts: Path
    duckdb_file: Path
    environment: dict[str, str]
    role: str
    connection: str

    def read_duckdb(self, sql: str) -> Rows:
        with duckdb.connect(str(self.duckdb_file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def read_postgres(self, sql: str) -> Rows:
        with psycopg.connect(self.connection, options=f"-c search_path={SCHEMA}") as connection:
            return connection.execute(sql.encode()).fetchall()

    def rows(self, model: str) -> list[dict[str, Any]]:
        """The rows of a model by the names of its columns."""
        with duckdb.connect(str(self.duckdb_file), read_only=True) as connection:
            found = connection.execute(f"SELECT * FROM answers.{model} ORDER BY ALL")
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def last_event(self) -> datetime:
        """The moment that the models are of."""
        [(at,)] = self.read_duckdb(f"SELECT max(occurred_at) FROM '{self.marts}/fact_goal_event.parquet'")
        return datetime.fromisoformat(at.isoformat()).astimezone(UTC)

    def team_id(self, ref: str) -> str:
        return str(resolve_stream_id(self.organisation, "team", ref))


def plain(value: Any) -> Any:
    """A value as both drivers have it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def in_order(rows: Rows) -> list[tuple[Any, ...]]:
    """Rows in an order that no engine's collation decides."""
    return sorted((tuple(map(plain, row)) for row in rows), key=repr)


@pytest.fixture(scope="session")
def dbt_home() -> Path:
    """The environment of dbt, made where it is missing."""
    return run.ensure_dbt()


def connection_variables(url: str) -> dict[str, str]:
    """What libpq and the package's profile take from the environment."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.strip("/"),
    }


#: Several runs of dbt in one process: its start takes two seconds of processor time.
_INVOKE = """
import json, sys
from dbt.cli.main import dbtRunner
for arguments in json.loads(sys.argv[1]):
    outcome = dbtRunner().invoke(arguments)
    if not outcome.success:
        print(outcome.exception or "")
        sys.exit(f"failed: {' '.join(arguments)}")
"""


def invoke_dbt(home: Path, runs: list[list[str]], environment: dict[str, str], work: Path) -> str:
    """Run dbt so many times; what it printed. Raises where one failed."""
    places = ["--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)]
    places += ["--target-path", str(work / "target"), "--log-path", str(work / "logs")]
    arguments = msgspec.json.encode([[*each, *places] for each in runs]).decode()
    done = subprocess.run(
        [str(home / "bin" / "python"), "-c", _INVOKE, arguments],
        capture_output=True,
        text=True,
        cwd=work,
        env={**os.environ, **environment, "DO_NOT_TRACK": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@contextmanager
def open_modelled(
    server: PostgresServer, template: str, home: Path, work: Path, lines: Iterable[bytes], *, zone: str, command: str
) -> Iterator[Modelled]:
    """A history in PostgreSQL and as files, with every model over both. `command` of dbt: `build` tests rows, too."""
    url = server.url(server.create_database(template))
    with Runtime.open(Settings(database_url=url)) as runtime:
        founded = create_organisation(runtime, "acme", steward=history.STEWARD, zone=zone)
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        assert not import_lines(runtime, founded.organisation_id, iter(lines), principal=principal).errors
        runtime.engine.catch_up()
        refresh_snapshots(runtime.database, runtime.ledger, founded.organisation_id, runtime.clock())
        query = ExportQuery(mart="fact_goal_event", form="parquet")
        export_folder(runtime, founded.organisation_id, query, work / "marts")
        role = f"dbt_{next(_numbers)}"
        grant = bi.grant_role(url, founded.organisation_id, role=role, names=False, own_schema=SCHEMA)
        files = {"PLIMSOLL_MARTS": str(work / "marts"), "PLIMSOLL_DUCKDB": str(work / "models.duckdb")}
        environment = files | connection_variables(grant.connection)
        try:
            runs = [["source", "freshness"], [command], [command, "--target", "postgres"]]
            invoke_dbt(home, runs, environment, work)
            yield Modelled(
                runtime=runtime,
                organisation=founded.organisation_id,
                marts=work / "marts",
                duckdb_file=work / "models.duckdb",
                environment=environment,
                role=role,
                connection=grant.connection,
            )
        finally:
            bi.revoke_role(url, role)


@pytest.fixture(scope="module")
def modelled(
    start_postgres: Callable[[], PostgresServer],
    postgres_template: str,
    dbt_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Modelled]:
    """The handmade history, exported, and every model built and tested on DuckDB and PostgreSQL."""
    server, work = start_postgres(), tmp_path_factory.mktemp("dbt")
    lines = map(msgspec.json.encode, history.build_rows())
    with open_modelled(server, postgres_template, dbt_home, work, lines, zone=history.ZONE, command="build") as found:
        yield found
