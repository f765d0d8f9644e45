"""What grows with what: `python -m benchmarks.scale_probe [GOALS ...]` prints the table of docs/scale.md.

Organisations of ten goals a member over two years, on PostgreSQL. Seconds are processor time of this process: other
work on the machine does not count, nor does the database's own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.import_history import import_history
from benchmarks.memory_probe import measure_peak_mb
from benchmarks.stores import Store, analyse, open_organisation, open_postgres_store
from projections.as_of import resolve_as_of
from projections.figures import WHOLE_ORGANISATION, ReportScope
from projections.marts.snapshots import refresh_snapshots
from projections.overload.report import build_report
from services.lake.delta import Lake
from services.lake.sync import open_session, sync_lake
from services.runtime import Runtime
from services.seed.scale import Scale, scale_rows

LAST_DAY = date(2026, 3, 1)
GOALS = (150, 600, 2_400)
NEW = 1_000


def main(goals: list[int]) -> None:
    with open_postgres_store() as store, tempfile.TemporaryDirectory(prefix="plimsoll-scale-") as home:
        for number in goals:
            print(json.dumps(measure(store, Path(home), number)), flush=True)


def measure(store: Store, home: Path, goals: int) -> dict[str, Any]:
    """One organisation: what each step took, and how large everything is."""
    url, found = store.create_database(), dict[str, Any](goals=goals)
    rows = list(scale_rows(Scale(members=max(20, goals // 10), goals=goals), LAST_DAY))
    lines = [json.dumps(row).encode() for row in rows]
    with open_organisation(url) as (runtime, founded):
        organisation = founded.organisation_id
        steps: dict[str, Callable[[], object]] = {
            "import_s": lambda: import_history(runtime, founded, iter(lines[:-NEW])),
            "follow_s": lambda: follow(runtime, organisation),
            "first_sync_s": lambda: sync(runtime, organisation, home / str(goals)),
        }
        for name, step in steps.items():
            found[name] = measure_seconds(step)
        analyse(store, url)
        import_history(runtime, founded, iter(lines[-NEW:]))
        found["follow_1000_s"] = measure_seconds(lambda: follow(runtime, organisation))
        found["sync_1000_s"] = measure_seconds(lambda: sync(runtime, organisation, home / str(goals)))
        found |= measure_reports(runtime, organisation)
        found["events"] = runtime.ledger.head()
    found |= measure_bytes(store, url)
    files = [path for path in (home / str(goals)).rglob("*.parquet") if "_delta_log" not in path.parts]
    found["lake_mb"] = round(sum(path.stat().st_size for path in files) / 1e6, 1)
    found["peak_mb"] = round(measure_peak_mb())
    return found


def follow(runtime: Runtime, organisation: Any) -> None:
    """What the worker does: every view, and the marts that are computed from them."""
    runtime.engine.catch_up()
    refresh_snapshots(runtime.database, runtime.ledger, organisation, runtime.clock())


def sync(runtime: Runtime, organisation: Any, uri: Path) -> None:
    with open_session(runtime, organisation, Lake(str(uri), {}), names=False) as session:
        assert sync_lake(session).equal


def measure_seconds(step: Callable[[], object]) -> float:
    began = process_time()
    step()
    return round(process_time() - began, 2)


def measure_reports(runtime: Runtime, organisation: Any) -> dict[str, float]:
    """The load report of the whole organisation, and of one member."""
    at = datetime.combine(LAST_DAY, time(12)).astimezone() - timedelta(days=1)
    view = resolve_as_of(runtime.database, runtime.ledger, organisation, as_of=at, now=runtime.clock())
    member = next(_list_members(runtime, organisation))
    scopes = {"report_all_s": WHOLE_ORGANISATION, "report_member_s": ReportScope(member=member)}
    return {
        name: measure_seconds(lambda scope=scope: build_report(runtime.database, view, scope))  # type: ignore[misc]
        for name, scope in scopes.items()
    }


def _list_members(runtime: Runtime, organisation: Any) -> Iterator[Any]:
    found = runtime.ledger.list_streams(organisation, runtime.ledger.head())
    return islice(iter(found["member"]), 5, None)


def measure_bytes(store: Store, url: str) -> dict[str, float]:
    """The tables as the import left them, and (`packed`) without the room that rewritten rows left."""
    with store.connect(url) as connection:
        log, views = _sum_tables(connection)
        connection.execute("VACUUM FULL")
        return {"log_mb": log, "views_mb": views, "views_packed_mb": _sum_tables(connection)[1]}


def _sum_tables(connection: Any) -> tuple[float, float]:
    tables = connection.execute(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    log = sum(size for name, size in tables if name.startswith(("stored_", "ledger_")))
    return round(log / 1e6, 1), round((sum(size for _, size in tables) - log) / 1e6, 1)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(GOALS))
