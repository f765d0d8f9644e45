"""What Prometheus is answered, and that the dashboard asks for nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from services.sinks import metrics as sink_metrics
from services.version import read_version
from tests.api.app_under_test import ApiApp

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "docs" / "dashboards" / "plimsoll.json"
#: Names in an expression that are no metrics.
_SUFFIXES = re.compile(r"_(bucket|sum|count)$")


def samples(text: str) -> dict[str, float]:
    """Name and labels -> value."""
    return {
        f"{sample.name}{dict(sorted(sample.labels.items())) or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_problems_are_counted_by_code_and_the_process_is_described(app: ApiApp) -> None:
    # given
    before = samples(app.client.get("/metrics").text)

    # when
    app.client.get("/v1/goals")
    app.client.get("/nothing")
    app.as_member("ana").post("/v1/goals", {"do": "unheard"})
    app.as_member("ana").get("/v1/goals/unknown")
    text = app.client.get("/metrics").text

    # then
    found = samples(text)
    for code in ("unauthenticated", "unknown_route", "invalid_field", "not_found"):
        name = f"plimsoll_problems_total{{'code': '{code}'}}"
        assert 1 == found[name] - before.get(name, 0), code
    assert any(name.startswith("plimsoll_build_info") and read_version() in name for name in found)
    assert 0 == found["plimsoll_commit_queue_commands"]
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"} <= found.keys()
    assert 1 <= sum(value for name, value in found.items() if name.startswith("plimsoll_database_connections"))


def test_no_metric_is_there_twice(app: ApiApp) -> None:
    types = re.findall(r"^# TYPE (\S+)", app.client.get("/metrics").text, re.MULTILINE)

    assert sorted(set(types)) == sorted(types)


def test_every_metric_of_the_dashboard_exists(app: ApiApp) -> None:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    asked = {name for text in expressions for name in re.findall(r"\b(?:plimsoll|process)_\w+", text)}
    app.as_member("ana").get("/v1/goals/unknown")
    # A worker answers with the library's own registry; its counters have no child before the first job.
    served = app.client.get("/metrics").text + prometheus_client.generate_latest().decode()
    existing = set(re.findall(r"^# TYPE (\S+)", served, re.MULTILINE))

    assert 15 <= len(asked)
    assert set() == {_SUFFIXES.sub("", name) for name in asked} - existing


def test_the_page_on_operations_names_every_metric_as_it_is_asked_for(app: ApiApp) -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    # A sink's are in its own process' registry: imported here, they are in this one's.
    assert sink_metrics.LAG is not None
    served = app.client.get("/metrics").text
    names = set(re.findall(r"^# TYPE (plimsoll_\S+)", served, re.MULTILINE))
    assert "plimsoll_sink_lag_events" in names

    assert set() == {name for name in names if not name.endswith("_created") and f"`{name}`" not in page}


@pytest.mark.slow
def test_a_scrape_of_several_processes_is_of_all_of_them(postgres_url: str, redis_url: str) -> None:
    # given
    with Runtime.open(Settings(database_url=postgres_url)) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        runtime.engine.catch_up()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    environment = clean | {"PLIMSOLL_DATABASE_URL": postgres_url, "PLIMSOLL_REDIS_URL": redis_url}
    command = [sys.executable, "-m", "services.cli", "serve", "--port", "0", "--processes", "2"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines = [next(line for line in server.stderr if "answers at" in line) for _ in range(2)]
        url = re.findall(r"http://[\d.:]+", lines[0])[0]
        try:
            # when each request has a connection of its own, whichever process takes it
            for _ in range(40):
                assert 404 == httpx.get(f"{url}/v1/goals/x", headers={"Authorization": f"Bearer {key}"}).status_code
            time.sleep(1.5)
            texts = [httpx.get(f"{url}/metrics").text for _ in range(8)]
        finally:
            server.terminate()
            server.stderr.read()

    # then every answer says the same, of both
    route = "plimsoll_problems_total{'code': 'not_found'}"
    assert {40.0} == {samples(text)[route] for text in texts}
    last = samples(texts[-1])
    assert 2 <= last["plimsoll_database_connections{'pool': 'log', 'state': 'idle'}"]
    assert 0 < last["process_resident_memory_bytes"]
    assert 0 == last["plimsoll_projection_missing_events{'projection': 'goals'}"]
    assert 0 == server.returncode
