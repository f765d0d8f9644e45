"""Workers that are killed at any moment: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.references import derive_organisation_id, resolve_stream_id
from services.imports.importer import import_lines
from services.runtime import Runtime
from services.settings import Settings
from tests.fixtures import synthetic
from tests.services.conftest import Installation, open_installation

ROOT = Path(__file__).parents[2]
ORGANISATION = derive_organisation_id("default")
KILLS = 3
#: Offers that nobody answered: each needs one reminder and one end, from the sweep alone.
UNANSWERED = 40


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A worker process that works in small steps, once it has said that it runs."""
    environment = {
        **os.environ,
        "PLIMSOLL_DATABASE_URL": settings.database_url,
        "PLIMSOLL_REDIS_URL": settings.redis_url or "",
        "PLIMSOLL_PROJECTOR_BATCH": "50",
        "PLIMSOLL_SWEEP_SECONDS": "1",
        "PLIMSOLL_SWEEP_BATCH": "10",
        "PLIMSOLL_WEBHOOK_ALLOWED_NETWORKS": settings.webhook_allowed_networks,
        "PLIMSOLL_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "services.cli", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "worker started" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def unanswered_offer_rows(installation: Installation) -> list[dict[str, Any]]:
    """Offers of ten days ago, to somebody who has said nothing since."""
    at = (installation.runtime.clock() - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    people: list[dict[str, Any]] = [
        {"at": at, "by": "lea", "do": "team.create", "team": "web", "name": "Web", "lead": "lea"},
        *({"at": at, "by": who, "do": "member.join", "member": who, "team": "web"} for who in ("lea", "sam")),
    ]
    terms = {"outcome": "o", "measure": {"kind": "binary"}, "conditions": ["c"], "start": at[:10], "due": "2099-01-01"}
    reason = {"code": "new_need", "text": "needed"}
    offer = {"at": at, "by": "lea", "do": "goal.offer", "title": "t", "owner": "lea", "sponsor": "sam", "team": "web"}
    return people + [{**offer, "goal": f"open-{n}", "terms": terms, "reason": reason} for n in range(UNANSWERED)]


def keep_writing(installation: Installation, stop: threading.Event) -> None:
    """Keep the log growing, a small import at a time."""
    for number in range(1000):
        if stop.wait(0.2):
            return
        lines = synthetic.encode_lines(goals=2, seed=number, prefix=f"w{number}-")
        assert import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal).refused == 0


def is_settled(runtime: Runtime) -> bool:
    statuses = runtime.engine.status()
    return not runtime.ledger.find_streams_with_due_timers(runtime.clock(), 1) and all(
        s.position == runtime.ledger.head() for s in statuses
    )


@pytest.mark.timeout(180)
def test_workers_killed_at_any_moment_lose_nothing_and_double_nothing(database_url: str, redis_url: str) -> None:
    settings = Settings(database_url=database_url, redis_url=redis_url)
    installation = open_installation(settings)
    chance, stop = random.Random(7), threading.Event()
    with installation.runtime as runtime:
        rows = [json.dumps(row).encode() for row in unanswered_offer_rows(installation)]
        assert import_lines(runtime, ORGANISATION, rows, principal=installation.principal).refused == 0
        writer = threading.Thread(target=keep_writing, args=(installation, stop), daemon=True)
        writer.start()

        for _ in range(KILLS):
            with worker(settings) as process:
                time.sleep(chance.uniform(0.0, 0.6))
                process.send_signal(signal.SIGKILL)
        stop.set()
        writer.join(30)
        with worker(settings) as process:
            deadline = time.monotonic() + 90
            while not is_settled(runtime) and time.monotonic() < deadline:
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(20)

        assert is_settled(runtime)
        assert runtime.ledger.head() == runtime.ledger.count()
        for status in runtime.engine.status():
            assert (0, 0, status.head) == (status.missing, status.held, status.applied)
        assert [] == runtime.engine.verify()
        for number in range(UNANSWERED):
            events = runtime.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "goal", f"open-{number}"))
            expected = {"goal.offered.v1": 1, "goal.response_reminded.v1": 1, "goal.expired.v1": 1}
            assert expected == Counter(event.type for event in events)


def test_redis_flushed_and_stopped_costs_time_and_no_fact(sqlite_url: str, redis_url: str) -> None:
    import redis

    settings = Settings(database_url=sqlite_url, redis_url=redis_url)
    installation = open_installation(settings)
    with installation.runtime as runtime, worker(settings):
        rows = [json.dumps(row).encode() for row in unanswered_offer_rows(installation)]
        assert import_lines(runtime, ORGANISATION, rows, principal=installation.principal).refused == 0
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

        deadline = time.monotonic() + 90
        while not is_settled(runtime) and time.monotonic() < deadline:
            time.sleep(0.1)

        assert is_settled(runtime)
