"""Suite `rebuild`: all read models from zero, against a raw read of all events and a raw write of as many rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_seconds
from benchmarks.import_history import import_history, read_lines
from benchmarks.stores import Store, open_organisation
from benchmarks.suites.imports import write_rows
from projections.catalogue import PROJECTIONS
from services.runtime import Runtime

SECONDS = Target(limit=3)
_TABLES = tuple(table.name for projection in PROJECTIONS for table in projection.tables)


def suite(bench: Bench) -> Iterator[Case]:
    """Following the log from zero, and rebuilding every view into shadow tables."""
    for store in bench.stores:
        url = store.create_database()
        with open_organisation(url) as (runtime, founded):
            import_history(runtime, founded, read_lines(bench.history))
            runtime.engine.catch_up()
            views = _load_views(store, url)
            raw = Contender("read all events, write as many plain rows", partial(_measure_raw, store, url, views))
            rows = sum(len(view) for view in views.values())
            events = runtime.ledger.head()
            name = f"rebuild all views ({events} events, {rows} rows)"
            yield Case(
                suite="rebuild",
                name=name,
                store=store.name,
                unit="s",
                ours=Contender("plimsoll", partial(measure_seconds, runtime.engine.rebuild)),
                peers=[raw],
                targets=[SECONDS],
            )
            yield Case(
                suite="rebuild",
                name="follow the whole log, 1000 events a transaction",
                store=store.name,
                unit="s",
                ours=Contender("plimsoll", partial(_measure_rebuild, runtime)),
                peers=[raw],
            )


def _load_views(store: Store, url: str) -> dict[str, list[tuple[Any, ...]]]:
    connection = store.connect(url)
    views = {table: list(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in _TABLES}
    connection.close()
    return {table: rows for table, rows in views.items() if rows}


def _measure_raw(store: Store, url: str, views: dict[str, list[tuple[Any, ...]]]) -> Sample:
    connection = store.connect(url)
    for table in views:
        connection.execute(f"CREATE TEMPORARY TABLE raw_{table} AS SELECT * FROM {table} WHERE 1 = 0")

    def work() -> None:
        connection.execute("SELECT * FROM stored_events ORDER BY notification_id").fetchall()
        for table, rows in views.items():
            write_rows(store, connection, f"raw_{table}", rows)

    sample = measure_seconds(work)
    connection.close()
    return sample


def _measure_rebuild(runtime: Runtime) -> Sample:
    """Empty the views and follow the log again."""
    with runtime.database.transaction() as transaction:
        for table in _TABLES:
            transaction.execute(f"DELETE FROM {table}")
        transaction.execute("DELETE FROM projection_held")
        transaction.execute(f"UPDATE projection_checkpoints SET log_position = 0, applied = 0, digest = '{'0' * 64}'")
    return measure_seconds(runtime.engine.catch_up)
