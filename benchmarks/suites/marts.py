"""Suite `marts`: what they cost the worker, and what it costs to export a million rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_seconds
from benchmarks.import_history import import_history, read_lines
from benchmarks.stores import Store, analyse, open_organisation
from projections.catalogue import PROJECTIONS
from projections.engine.engine import Engine
from projections.marts.goal_events import FACT_GOAL_EVENT
from projections.marts.projection import MARTS_PROJECTION, TABLES
from projections.marts.reading import select_sql
from services.exports.exporting import ExportQuery, export_mart
from services.runtime import Runtime

ROWS, QUICK_ROWS = 1_000_000, 50_000
#: Following with the marts against following without them.
FOLLOWING = Target(limit=1.3, of="ratio")
#: Seconds against those of PostgreSQL's own COPY of the same rows to a file.
EXPORT = Target(limit=1 / 0.3, of="ratio")
#: Peak memory against that of a tenth of the rows.
MEMORY = Target(limit=1.3, of="ratio")
_TABLE = TABLES[FACT_GOAL_EVENT.name]


def suite(bench: Bench) -> Iterator[Case]:
    """Following on every store; exports on PostgreSQL."""
    for store in bench.stores:
        with open_organisation(store.create_database()) as (runtime, founded):
            import_history(runtime, founded, read_lines(bench.history))
            yield _following(store, runtime)
    for store in (store for store in bench.stores if store.name == "postgresql"):
        url = store.create_database()
        with open_organisation(url) as (runtime, founded):
            import_history(runtime, founded, read_lines(bench.history))
            runtime.engine.catch_up()
            wanted = QUICK_ROWS if bench.quick else ROWS
            yield from _exporting(bench, store, url, runtime, founded.organisation_id, wanted)


def _following(store: Store, runtime: Runtime) -> Case:
    without = tuple(projection for projection in PROJECTIONS if projection is not MARTS_PROJECTION)
    return Case(
        suite="marts",
        name=f"follow the whole log with the marts ({runtime.ledger.head()} events)",
        store=store.name,
        unit="s",
        ours=Contender("plimsoll", partial(_measure_following, runtime, PROJECTIONS)),
        peers=[Contender("the same without the marts", partial(_measure_following, runtime, without))],
        targets=[FOLLOWING],
    )


def _measure_following(runtime: Runtime, projections: tuple[object, ...]) -> Sample:
    """Empty the views and follow the log again."""
    with runtime.database.transaction() as transaction:
        for table in (table for projection in PROJECTIONS for table in projection.tables):
            transaction.execute(f"DELETE FROM {table.name}")
        transaction.execute(f"UPDATE projection_checkpoints SET log_position = 0, applied = 0, digest = '{'0' * 64}'")
    engine = Engine(runtime.ledger, runtime.database, [p for p in PROJECTIONS if p in projections])
    return measure_seconds(engine.catch_up)


def _exporting(
    bench: Bench, store: Store, url: str, runtime: Runtime, organisation_id: UUID, rows: int
) -> Iterator[Case]:
    fill(store, url, organisation_id, rows // 10)
    tenth = _probe(url, organisation_id)
    fill(store, url, organisation_id, rows)
    analyse(store, url)
    yield Case(
        suite="marts",
        name=f"export {rows} event rows to Parquet",
        store=store.name,
        unit="s",
        ours=Contender("plimsoll", partial(_measure_export, bench, runtime, organisation_id, rows)),
        peers=[Contender("COPY ... TO of the same rows", partial(_measure_copy, bench, store, url, organisation_id))],
        targets=[EXPORT],
    )
    yield Case(
        suite="marts",
        name=f"peak memory of that export ({rows} rows)",
        store=store.name,
        unit="MB",
        ours=Contender("plimsoll", partial(_probe, url, organisation_id)),
        peers=[Contender(f"{rows // 10} rows", lambda: tenth)],
        targets=[MEMORY],
        most_rounds=1,
    )


def fill(store: Store, url: str, organisation_id: UUID, rows: int) -> None:
    """Make the mart so many rows long: those that it has, again and again, at positions of their own."""
    columns = ", ".join(name for name in _TABLE.column_names if name not in ("organisation_id", "position", "event_id"))
    connection = store.connect(url)
    connection.execute(f"DELETE FROM {_TABLE.name} WHERE position > 1000000")
    connection.execute(
        f"INSERT INTO {_TABLE.name} (organisation_id, position, event_id, {columns})"
        f" SELECT '{organisation_id}', 1000000 + row_number() OVER (), gen_random_uuid(), {columns}"
        f" FROM {_TABLE.name} m CROSS JOIN generate_series(1, {rows}) WHERE m.position <= 1000000 LIMIT {rows}"
    )
    connection.close()


def _measure_export(bench: Bench, runtime: Runtime, organisation_id: UUID, rows: int) -> Sample:
    output = bench.home / "events.parquet"
    query = ExportQuery(mart=FACT_GOAL_EVENT.name, form="parquet", after=runtime.ledger.position(organisation_id))

    def work() -> None:
        assert rows == export_mart(runtime, organisation_id, query, output=output).rows

    return measure_seconds(work)


def _measure_copy(bench: Bench, store: Store, url: str, organisation_id: UUID) -> Sample:
    sql = select_sql(FACT_GOAL_EVENT, after=1_000_000, names=False)
    for name, value in (("organisation_id", f"'{organisation_id}'"), ("known", "1000000000"), ("after", "1000000")):
        sql = sql.replace(f":{name}", value)
    connection = store.connect(url)
    output = bench.home / "events.csv"

    def work() -> None:
        with output.open("wb") as file, connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
            for part in copy:
                file.write(part)

    sample = measure_seconds(work)
    connection.close()
    return sample


def _probe(url: str, organisation_id: UUID) -> Sample:
    """The peak memory of a process of its own that exports the mart."""
    command = [sys.executable, "-m", "benchmarks.export_probe", url, str(organisation_id)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2])
    figures = json.loads(found.stdout)
    return Sample(figures["peak_mb"], {"rows": figures["rows"]})
