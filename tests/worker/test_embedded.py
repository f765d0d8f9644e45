"""One process that does everything: the same worker, on threads beside the API's."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from domain.references import derive_organisation_id, resolve_stream_id
from services.imports.importer import import_lines
from services.runtime import Runtime
from services.settings import Settings
from services.worker.embedded import start_runtime
from services.worker.worker import Worker, serve_metrics
from tests.servers import _free_port
from tests.services.conftest import Installation, open_installation
from tests.worker.test_kills import UNANSWERED, is_settled, unanswered_offer_rows

ORGANISATION = derive_organisation_id("default")


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def list_worker_threads() -> list[str]:
    """The worker's own threads that are alive; the connection pool has some of its own."""
    return sorted({"plimsoll-projector", "plimsoll-scheduler"} & {thread.name for thread in threading.enumerate()})


def test_an_embedded_runtime_follows_sweeps_and_stops(database_url: str) -> None:
    settings = Settings(database_url=database_url, sweep_seconds=1)
    installation = open_installation(settings)
    installation.runtime.close()

    with start_runtime(settings) as runtime:
        running = list_worker_threads()
        lines = [json.dumps(row).encode() for row in unanswered_offer_rows(installation)]
        assert import_lines(runtime, ORGANISATION, lines, principal=installation.principal).refused == 0
        done = wait_until(lambda: is_settled(runtime))
        events = runtime.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "goal", "open-0"))

    assert done
    assert ["plimsoll-projector", "plimsoll-scheduler"] == running
    assert [] == list_worker_threads()
    assert 1 == Counter(event.type for event in events)["goal.expired.v1"]


def test_several_workers_of_one_store_run_each_timer_once(database_url: str) -> None:
    settings = Settings(database_url=database_url, sweep_seconds=1)
    installation = open_installation(settings)
    with installation.runtime as first, Runtime.open(settings) as second:
        lines = [json.dumps(row).encode() for row in unanswered_offer_rows(installation)]
        assert import_lines(first, ORGANISATION, lines, principal=installation.principal).refused == 0
        workers = [Worker(runtime, scheduler=True) for runtime in (first, second)]
        for worker in workers:
            worker.start()
        done = wait_until(lambda: is_settled(first))
        for worker in workers:
            worker.stop()

        assert done
        for number in range(UNANSWERED):
            events = first.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "goal", f"open-{number}"))
            assert 3 == len(events)
        assert [] == first.engine.verify()


def test_a_worker_that_is_stopped_twice_stops_once(sqlite_url: str) -> None:
    installation = open_installation(Settings(database_url=sqlite_url))
    with installation.runtime as runtime:
        worker = Worker(runtime, scheduler=False)
        worker.start()

        worker.stop()
        worker.stop()

    assert [] == list_worker_threads()


def test_a_job_can_rebuild_a_view(sqlite_url: str) -> None:
    installation: Installation = open_installation(Settings(database_url=sqlite_url))
    with installation.runtime as runtime:
        runtime.engine.catch_up()
        with runtime.database.transaction() as transaction:
            transaction.execute("DELETE FROM members")
        worker = Worker(runtime, scheduler=False)
        worker.start()

        worker.jobs.rebuild.send("members")

        assert wait_until(lambda: bool(runtime.database.query("SELECT 1 AS one FROM members")))
        worker.stop()


def test_metrics_are_served_on_the_port_that_was_asked_for_only() -> None:
    port = _free_port()
    serve_metrics("127.0.0.1", 0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2)

    serve_metrics("127.0.0.1", port)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert "plimsoll_projector_ran_seconds" in answer.read().decode()
    assert 0 == msgspec.structs.asdict(Settings())["worker_metrics_port"]
