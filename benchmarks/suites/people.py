"""Suite `people`: every report about people, of a team of twenty and of an organisation, and the API's memory.

Over real HTTP by one client that keeps its connection. With the median wall time comes the server's processor time
of one report, which other work on the machine changes little. `python3 run.py bench people --quick` takes an
organisation of 200; without `--quick` it is `plimsoll seed --scale members=2000,goals=20000,years=2`, whose import
takes hours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from benchmarks import report_history
from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_latency
from benchmarks.import_history import import_history
from benchmarks.servers import Client, serve_plimsoll_process
from benchmarks.stores import Store, analyse, open_organisation
from services.organisations import CreatedOrganisation
from services.runtime import Runtime
from services.seed.scale import Scale, scale_rows

REPORTS = ("reliability", "recognition", "pulse", "tensions", "cycles")
TEAM_P50_MS, ORGANISATION_P50_MS = Target(limit=50), Target(limit=500)
PAST = Target(limit=2, of="ratio")
#: Reports after which the memory is looked at again, and how far it may have grown (MB).
MANY, FLAT_MB = 1_000, Target(limit=16)
QUICK_SCALE = Scale(members=200, goals=2_000, years=2, check_in_days=60)
FULL_SCALE = Scale(members=2_000, goals=20_000, years=2)
_TICKS = os.sysconf("SC_CLK_TCK")
_HALF_A_YEAR = timedelta(days=182)


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds of a report: today's, and as of half a year ago; then how much the server has grown."""
    for store in bench.stores:
        yield from _measure_team(bench, store)
        yield from _measure_organisation(bench, store)


def _measure_team(bench: Bench, store: Store) -> Iterator[Case]:
    url = store.create_database()
    with open_organisation(url) as (runtime, founded):
        today = runtime.clock().date()
        import_history(runtime, founded, report_history.build_rows(today))
        key = _finish(runtime, founded)
    analyse(store, url)
    with serve_plimsoll_process(url, bench.home) as (port, server):
        client = Client(port, key)
        questions = [f"/v1/reports/{name}?team={report_history.TEAM}" for name in REPORTS]
        yield from _build_cases(bench, store, client, server, "team of 20", questions, today, TEAM_P50_MS)
        yield _build_memory_case(bench, store, client, server, questions)
        client.close()


def _measure_organisation(bench: Bench, store: Store) -> Iterator[Case]:
    scale = QUICK_SCALE if bench.quick else FULL_SCALE
    url = store.create_database()
    key, today = import_scale(store, url, scale)
    with serve_plimsoll_process(url, bench.home) as (port, server):
        client = Client(port, key)
        questions = [f"/v1/reports/{name}?" for name in REPORTS]
        title = f"organisation of {scale.members:,}"
        yield from _build_cases(bench, store, client, server, title, questions, today, ORGANISATION_P50_MS)
        client.close()


def import_scale(store: Store, url: str, scale: Scale) -> tuple[str, date]:
    """Found an organisation of this size in the store; a key of it, and its last day."""
    with open_organisation(url) as (runtime, founded):
        today = runtime.clock().date()
        rows = (json.dumps(row).encode() + b"\n" for row in scale_rows(scale, today))
        import_history(runtime, founded, rows)
        key = _finish(runtime, founded)
    analyse(store, url)
    return key, today


def _finish(runtime: Runtime, founded: CreatedOrganisation) -> str:
    runtime.engine.catch_up()
    return founded.api_key


def _build_cases(  # noqa: PLR0913 - who asks whom, what, and what it has to reach
    bench: Bench,
    store: Store,
    client: Client,
    server: int,
    of: str,
    questions: list[str],
    today: date,
    target: Target,
) -> Iterator[Case]:
    day = (today - _HALF_A_YEAR).isoformat()

    def side(who: str, question: str) -> Contender:
        return Contender(who, partial(measure_report, client, server, question, max(5, bench.requests // 8)))

    for name, question in zip(REPORTS, questions, strict=True):
        past = f"{question}&as_of={day}"
        for title, asked, peers, wanted in (
            (f"{name}, {of}", question, [], target),
            (f"{name}, {of}, half a year ago", past, [side("the same, now", question)], PAST),
        ):
            yield Case(
                suite="people",
                name=title,
                store=store.name,
                unit="ms",
                ours=side("plimsoll", asked),
                peers=peers,
                targets=[wanted],
                most_rounds=3,
            )


def measure_report(client: Client, server: int, question: str, times: int) -> Sample:
    """The median in ms, with the processor time of one call in ms."""
    client.get(question)
    before = processor_seconds(server)
    # `measure_latency` asks five times more, to warm up.
    sample = measure_latency(partial(client.get, question), times)
    spent = (processor_seconds(server) - before) * 1000 / (times + 5)
    return Sample(sample.value, {**sample.beside, "processor_ms": round(spent, 1)})


def _build_memory_case(bench: Bench, store: Store, client: Client, server: int, questions: list[str]) -> Case:
    times = MANY // 5 if bench.quick else MANY

    def run() -> Sample:
        # Twenty reports fill what is remembered on purpose: statements, weeks of tensions, names.
        _ask(client, questions, 20)
        before = _resident_mb(server)
        _ask(client, questions, times)
        after = _resident_mb(server)
        return Sample(max(0.0, after - before), {"before_mb": round(before, 1), "after_mb": round(after, 1)})

    return Case(
        suite="people",
        name=f"resident memory that {times:,} reports add",
        store=store.name,
        unit="MB",
        ours=Contender("plimsoll", run),
        targets=[FLAT_MB],
        most_rounds=1,
    )


def _ask(client: Client, questions: list[str], times: int) -> None:
    for question in islice(cycle(questions), times):
        client.get(question)


def processor_seconds(process: int) -> float:
    """User and system time of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _resident_mb(process: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024
