"""Suite `reports`: every report that the server has, and the charter, for a team of twenty with two years behind it.

The reports are those in `/openapi.json`: a new one is measured without a change here. Over real
HTTP by one client that keeps its connection; the past is compared with the same question about now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from benchmarks import report_history
from benchmarks.harness import Bench, Case, Contender, Target, measure_latency
from benchmarks.import_history import import_history
from benchmarks.servers import Client, serve_plimsoll
from benchmarks.stores import Store, analyse, open_organisation

P50_MS = Target(limit=50)
PAST = Target(limit=2, of="ratio")
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
