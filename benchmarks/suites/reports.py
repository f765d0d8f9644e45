"""Suite `reports`: every report that the server has, and the charter, for a team of twenty with two years behind it;
then those of a whole organisation that cost most, load and tensions.

The reports are those in `/openapi.json`: a new one is measured without a change here. Over real
HTTP by one client that keeps its connection; the past is compared with the same question about now. The organisation's
tensions are asked of a server that has just started too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

from benchmarks import report_history
from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_latency
from benchmarks.import_history import import_history
from benchmarks.servers import Client, serve_plimsoll, serve_plimsoll_process
from benchmarks.stores import Store, analyse, open_organisation
from benchmarks.suites.people import QUICK_SCALE, import_scale, measure_report, processor_seconds
from services.seed.scale import Scale

P50_MS = Target(limit=50)
ORGANISATION_P50_MS, FIRST_MS = Target(limit=500), Target(limit=500)
PAST = Target(limit=2, of="ratio")
#: About 150,000 events: check-ins of every other day would take hours to import.
ORGANISATION = Scale(members=2_000, goals=20_000, years=2, check_in_days=60)
_REPORT = re.compile(r"^/v1/reports/([a-z-]+)$")


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds of a report: today's, and as of a year ago."""
    for store in bench.stores:
        url = store.create_database()
        with open_organisation(url) as (runtime, founded):
            today = runtime.clock().date()
            import_history(runtime, founded, report_history.build_rows(today))
            runtime.engine.catch_up()
        analyse(store, url)
        with serve_plimsoll(url, bench.home) as port:
            client = Client(port, founded.api_key)
            for name, path in list_reports(client):
                yield from _build_cases(bench, store, client, name, path, (today - timedelta(days=365)).isoformat())
            client.close()
        yield from _measure_organisation(bench, store)


def _measure_organisation(bench: Bench, store: Store) -> Iterator[Case]:
    scale, url = QUICK_SCALE if bench.quick else ORGANISATION, store.create_database()
    key, today = import_scale(store, url, scale)
    of, day = f"organisation of {scale.members:,}", (today - timedelta(days=182)).isoformat()

    def ask_first() -> Sample:
        """The first question of a process, in ms, with the processor time of the server."""
        with serve_plimsoll_process(url, bench.home) as (port, server):
            client = Client(port, key)
            client.get("/v1/reports/cycles?")
            before, began = processor_seconds(server), perf_counter()
            client.get("/v1/reports/tensions?")
            taken, spent = perf_counter() - began, processor_seconds(server) - before
            client.close()
        return Sample(taken * 1000, {"processor_ms": round(spent * 1000, 1)})

    def build(name: str, ours: Contender, target: Target, *peers: Contender) -> Case:
        fields: dict[str, Any] = {"suite": "reports", "name": name, "store": store.name, "unit": "ms", "most_rounds": 3}
        return Case(**fields, ours=ours, peers=peers, targets=[target])

    def side(client: Client, server: int, who: str, question: str) -> Contender:
        return Contender(who, partial(measure_report, client, server, question, max(5, bench.requests // 8)))

    yield build(f"tensions, {of}, the first of a process", Contender("plimsoll", ask_first), FIRST_MS)
    with serve_plimsoll_process(url, bench.home) as (port, server):
        client = Client(port, key)
        for name in ("overload", "tensions"):
            now, past = (f"/v1/reports/{name}?{asked}" for asked in ("", f"as_of={day}"))
            yield build(f"{name}, {of}", side(client, server, "plimsoll", now), ORGANISATION_P50_MS)
            peer = side(client, server, "the same, now", now)
            yield build(f"{name}, {of}, half a year ago", side(client, server, "plimsoll", past), PAST, peer)
        client.close()


def list_reports(client: Client) -> list[tuple[str, str]]:
    """Name and question of everything there is to measure."""
    paths: list[str] = list(json.loads(client.get("/openapi.json"))["paths"])
    found = [
        (match[1], f"{path}?team={report_history.TEAM}") for path in sorted(paths) if (match := _REPORT.match(path))
    ]
    return [*found, ("charter", f"/v1/charters/{report_history.TEAM}?")]


def _build_cases(bench: Bench, store: Store, client: Client, name: str, path: str, day: str) -> Iterator[Case]:
    def side(who: str, question: str) -> Contender:
        return Contender(who, partial(measure_latency, partial(client.get, question), bench.requests // 4))

    past = f"{path}&as_of={day}"
    for title, question, peers, target in (
        (f"{name}, team of 20", path, [], P50_MS),
        (f"{name}, as of a year ago", past, [side("the same, now", path)], PAST),
    ):
        yield Case(
            suite="reports",
            name=title,
            store=store.name,
            unit="ms",
            ours=side("plimsoll", question),
            peers=peers,
            targets=[target],
        )
