"""Suites `import` and `memory`: a history in acts, decided one by one, against a bulk write of what it comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_seconds
from benchmarks.import_history import import_history, read_lines, write_copies
from benchmarks.stores import Store, open_organisation
from benchmarks.worker_process import ROOT

SECONDS = Target(limit=10)
GROWTH = Target(limit=1.3, of="ratio")


def suite(bench: Bench) -> Iterator[Case]:
    """Seconds for the whole history, compared with COPY (or executemany) of the rows that it leaves in the log."""
    acts = sum(1 for _ in read_lines(bench.history))
    for store in bench.stores:
        rows = _load_log_rows(store, bench)
        yield Case(
            suite="import",
            name=f"import {acts} acts",
            store=store.name,
            unit="s",
            ours=Contender("plimsoll", partial(_measure_import, store, bench)),
            peers=[Contender(_PEER_NAMES[store.name], partial(_measure_write, store, rows))],
            targets=[SECONDS],
        )


_PEER_NAMES = {
    "sqlite": "executemany of the same rows, one transaction",
    "postgresql": "COPY of the same rows, plain table",
}


def _measure_import(store: Store, bench: Bench) -> Sample:
    with open_organisation(store.create_database()) as (runtime, founded):
        return measure_seconds(lambda: import_history(runtime, founded, read_lines(bench.history)))


def _load_log_rows(store: Store, bench: Bench) -> list[tuple[Any, ...]]:
    """Every row of the log after an import."""
    url = store.create_database()
    with open_organisation(url) as (runtime, founded):
        import_history(runtime, founded, read_lines(bench.history))
    connection = store.connect(url)
    rows = connection.execute(
        "SELECT originator_id, originator_version, topic, state, notification_id, organisation_id, position,"
        " recorded_at FROM stored_events ORDER BY notification_id"
    ).fetchall()
    connection.close()
    return list(rows)


def _measure_write(store: Store, rows: list[tuple[Any, ...]]) -> Sample:
    connection = store.connect(store.create_database())
    columns = ("uuid", "bigint", "text", "bytea", "bigint", "uuid", "bigint", "bigint")
    if store.name == "sqlite":
        columns = ("blob", "integer", "text", "blob", "integer", "blob", "integer", "integer")
    connection.execute(f"CREATE TABLE plain ({', '.join(f'c{n} {kind}' for n, kind in enumerate(columns))})")
    sample = measure_seconds(lambda: write_rows(store, connection, "plain", rows))
    connection.close()
    return sample


def write_rows(store: Store, connection: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    """The fastest plain way to write rows, committed."""
    if store.name == "sqlite":
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.execute("COMMIT")
        return
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def memory(bench: Bench) -> Iterator[Case]:
    """Peak memory of a process that imports the history once, and so many times under fresh references."""
    many = write_copies(bench.history, bench.home / "repeated.ndjson.gz", bench.copies)
    once = write_copies(bench.history, bench.home / "once.ndjson.gz", 1)
    for store in bench.stores:
        yield Case(
            suite="memory",
            name=f"peak memory, history x {bench.copies}",
            store=store.name,
            unit="MB",
            ours=Contender(f"x {bench.copies}", _measure_peak(store, many)),
            peers=[Contender("x 1", _measure_peak(store, once))],
            targets=[GROWTH],
            most_rounds=2,
        )


def _measure_peak(store: Store, history: Path) -> Callable[[], Sample]:
    def run() -> Sample:
        command = [sys.executable, "-m", "benchmarks.memory_probe", store.create_database(), str(history)]
        result = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        return Sample(result["peak_mb"], {"acts": result["acts"], "seconds": result["seconds"]})

    return run
