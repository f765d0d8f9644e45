"""Suite `organisation`: what reports of a whole organisation cost, in processor time of the API and of PostgreSQL.

`plimsoll seed --scale members=2000,goals=20000,check_in_days=60` (`--quick`: a tenth) is written once; each report
is asked in this process, as the API's route asks, now and as of half a year ago. A report is one line of `REPORTS`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import Bench, Case, Contender, Sample, Target
from benchmarks.import_history import import_history
from benchmarks.stores import Store, analyse, open_organisation
from projections.alignment import report as alignment
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.drift import report as drift
from projections.figures import WHOLE_ORGANISATION, ReportScope
from projections.overload import report as overload
from projections.support import report as support
from projections.tensions import report as tensions
from projections.tensions import weeks
from services.api.http.responses import encode
from services.seed.scale import Scale, scale_rows
from services.worker.engine_child import tune_interpreter


def _ask_first(database: Database, as_of: AsOf, scope: ReportScope) -> Any:
    """The tensions as of a process that has not looked at the ends of weeks yet."""
    weeks.forget(database)
    return tensions.build_report(database, as_of, scope)


REPORTS: tuple[tuple[str, Callable[[Database, AsOf, ReportScope], Any]], ...] = (
    ("drift", drift.build_report),
    ("alignment", alignment.build_report),
    ("support", support.build_report),
    ("overload", overload.build_report),
    # Once a process has looked at the ends of weeks behind it.
    ("tensions", tensions.build_report),
    ("tensions, the first of a process", _ask_first),
)
LIMIT_MS, PAST = Target(limit=500), Target(limit=2, of="ratio")
SCALE = Scale(members=2_000, goals=20_000, check_in_days=60)
QUICK_SCALE = Scale(members=200, goals=2_000, check_in_days=60)
_HALF_A_YEAR = timedelta(days=182)
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds of processor of one report, its JSON included."""
    for store in bench.stores:
        if store.name == "postgresql":
            yield from _measure_organisation(bench, store)


def _measure_organisation(bench: Bench, store: Store) -> Iterator[Case]:
    url, scale = store.create_database(), QUICK_SCALE if bench.quick else SCALE
    with open_organisation(url) as (runtime, founded), store.connect(url) as connection:
        today = runtime.clock().date()
        import_history(runtime, founded, (json.dumps(row).encode() for row in scale_rows(scale, today)))
        runtime.engine.catch_up()
        analyse(store, url)
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        server = int(_read_fields(Path(f"/proc/{row[0]}/stat"))[1])
        organisation, now = founded.organisation_id, runtime.clock()
        # As the API's process does: the collector would take a fifth of the time.
        tune_interpreter()
        present = resolve_as_of(runtime.database, runtime.ledger, organisation, now=now)
        past = resolve_as_of(runtime.database, runtime.ledger, organisation, as_of=today - _HALF_A_YEAR, now=now)
        for name, build in REPORTS:
            asked = {view: partial(build, runtime.database, view, WHOLE_ORGANISATION) for view in (present, past)}
            sides = [partial(_measure, ask, server, max(3, bench.requests // 40)) for ask in asked.values()]
            title = f"{name}, organisation of {scale.members:,}"
            yield _build_case(store, title, Contender("plimsoll", sides[0]), [], LIMIT_MS)
            peers = [Contender("the same, now", sides[0])]
            yield _build_case(store, f"{title}, half a year ago", Contender("plimsoll", sides[1]), peers, PAST)


def _build_case(store: Store, name: str, ours: Contender, peers: Sequence[Contender], target: Target) -> Case:
    return Case(
        suite="organisation",
        name=name,
        store=store.name,
        unit="ms",
        ours=ours,
        peers=list(peers),
        targets=[target],
        most_rounds=3,
    )


def _measure(ask: Callable[[], Any], server: int, times: int) -> Sample:
    """The median processor time of one answer here, and the mean of the server, which counts it in ticks."""
    encode(ask())
    before, own = _measure_server_ms(server), list[float]()
    for _ in range(times):
        began = time.process_time()
        encode(ask())
        own.append((time.process_time() - began) * 1000)
    theirs = (_measure_server_ms(server) - before) / times
    return Sample(median(own) + theirs, {"api_ms": round(median(own), 1), "postgresql_ms": round(theirs, 1)})


def _measure_server_ms(server: int) -> float:
    """Processor time of the server and of all its processes, those that have ended included."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _read_fields(entry)
        except OSError:
            # The process has ended meanwhile: the server has its time.
            continue
        if entry.parent.name == str(server):
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks * _TICK_MS


def _read_fields(entry: Path) -> list[str]:
    """What proc(5) says of a process, from its state on: the second is its parent."""
    return entry.read_text().rpartition(")")[2].split()
