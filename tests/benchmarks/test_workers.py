"""What the benchmarks measure with, once, at toy size: the load generator, the drones, the long log, the sides."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import count, islice, repeat
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from benchmarks import worker_process
from benchmarks.harness import Absent, Bench, measure
from benchmarks.load_generator import RequestFailed, run_closed_loop, run_open_loop
from benchmarks.log_filler import EVENTS_EACH, fill_log, load_template
from benchmarks.peers.worker_loop import compute_figures, compute_figures_between, run_threads
from benchmarks.raw import open_pgbench, start_row_writer
from benchmarks.servers import Client
from benchmarks.stores import NotDurable, Store, build_settings, open_sqlite_store, require_durable
from benchmarks.suites import long_stream
from benchmarks.suites.bulk_import import BulkHistory
from benchmarks.suites.growth import _measure_stall
from benchmarks.suites.http_commands import start_server, wait_until_caught_up
from benchmarks.suites.reports import list_reports
from benchmarks.worker_process import PeerUnavailable, open_or_absent, peers_python, start_worker
from benchmarks.workload import (
    MANY,
    Size,
    Workload,
    build_commands,
    build_requests,
    encode_request,
    ledger_worker,
    load_sample_event,
    prepared_workload,
)
from services.runtime import Runtime
from tests.servers import PostgresServer

FEW = Size(owners=4, goals_each=3)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST = encode_request("/", b"{}")


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    with open_sqlite_store(tmp_path) as store:
        yield store


@pytest.fixture
def postgres(postgres_url: str, start_postgres: partial[PostgresServer]) -> Store:
    """Like the benchmarks' own, but for durability."""
    server = start_postgres()

    def fresh() -> str:
        return server.url(server.create_database())

    return Store("postgresql", fresh, lambda url: psycopg.connect(url, autocommit=True), "")


@contextmanager
def answering(answer: bytes = ANSWER, *, stands_still: tuple[int, float] = (0, 0.0)) -> Iterator[int]:
    """A server that answers each request with the same bytes; at one request it stands still for some seconds."""
    turn, seen = threading.Lock(), count(1)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                while self.request.recv(4096):
                    with turn:
                        if next(seen) == stands_still[0]:
                            time.sleep(stands_still[1])
                    self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)


# --- figures -------------------------------------------------------------------------------------------------------


def test_what_ends_in_the_warm_up_or_late_does_not_count() -> None:
    found = compute_figures([[(0.0, 0.05), (0.2, 0.6), (0.6, 1.0), (0.9, 1.2)]], 0.0, 1.0)

    assert pytest.approx(2 / 0.9) == found["rate"]
    assert pytest.approx(400) == found["longest_ms"]


def test_nothing_done_is_no_figure() -> None:
    with pytest.raises(RuntimeError):
        compute_figures_between([[]], 0, 1)


def test_a_failing_thread_fails_the_round() -> None:
    def fails() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        run_threads([fails, lambda: None], 0.2)


# --- the load generator --------------------------------------------------------------------------------------------


def test_a_closed_client_asks_again_when_it_was_answered() -> None:
    with answering() as port:
        found = run_closed_loop(port, [repeat(REQUEST), repeat(REQUEST)], 0.2)

    assert found["rate"] > 0
    assert found["p50_ms"] <= found["p99_ms"] <= found["longest_ms"]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 422 No\r\n\r\n"])
def test_a_refused_request_is_no_figure(answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(RequestFailed, match="HTTP/1"):
        run_closed_loop(port, [repeat(REQUEST)], 0.2)


def test_a_pace_is_kept_whatever_the_answers_take() -> None:
    with answering() as port:
        found = run_open_loop(port, repeat(REQUEST), 200, 0.5, connections=4)

    assert 200 == found["rate"]
    assert 0 < found["p50_ms"] <= found["longest_ms"]


def test_a_server_that_stands_still_is_charged_for_all_who_would_have_come() -> None:
    with answering(stands_still=(20, 0.3)) as port:
        found = run_open_loop(port, repeat(REQUEST), 200, 0.5, connections=4)

    # Of the hundred that were due, about sixty were due while nothing moved: half of all waited long, not one of them.
    assert found["p99_ms"] > 200
    assert found["p50_ms"] > 20


# --- people, stores, drones ----------------------------------------------------------------------------------------


def test_a_server_that_may_forget_is_refused(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection, pytest.raises(NotDurable, match="fsync is off"):
        require_durable(connection)


@pytest.mark.parametrize("clients", [1, 8, 32, 64])
def test_no_two_clients_check_in_on_the_same_goal(clients: int) -> None:
    people = Workload(url="", organisation_id=UUID(int=1), keys=[], size=MANY)

    sides = [
        {command.stream_id for command in islice(build_commands(people, client, clients), people.size.goals_each)}
        for client in range(clients)
    ]

    assert sum(len(side) for side in sides) == len(set().union(*sides))


def test_an_environment_without_peers_is_said_not_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(worker_process.PEERS_UNAVAILABLE_REASON, raising=False)
    monkeypatch.setattr(worker_process, "PEERS_ENVIRONMENT", tmp_path)
    absent: list[Absent] = []

    with ExitStack() as opened:
        found = open_or_absent("UmaDB", opened, partial(worker_process.start_peer, "umadb", home=tmp_path), absent)

    assert found is None
    assert [Absent("UmaDB", "the peers are not installed: python3 run.py bench installs them")] == absent


def test_why_the_peers_could_not_be_installed_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(worker_process.PEERS_UNAVAILABLE_REASON, "no network")

    with pytest.raises(PeerUnavailable, match="no network"):
        peers_python()


def test_a_drone_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(PeerUnavailable, match="did not start"),
        start_worker("peers.rows", "sqlite:////nowhere/x", "", "", home=tmp_path),
    ):
        pass


def test_ours_and_the_raw_store_work_in_process(sqlite: Store, tmp_path: Path) -> None:
    with prepared_workload(sqlite.create_database(), FEW) as (runtime, people):
        event = load_sample_event(sqlite, runtime, people)
        before = runtime.ledger.count()
        with ledger_worker(people, tmp_path) as ours:
            rate = ours.run(clients=4, seconds=0.4)["rate"]
        assert runtime.ledger.count() - before >= rate * 0.3
    with start_worker("peers.rows", sqlite.create_database(), *event, home=tmp_path) as raw:
        assert raw.run(clients=1, seconds=0.2)["rate"] > 0


def test_rows_go_into_postgresql_through_psycopg_and_pgbench(postgres: Store, tmp_path: Path) -> None:
    event = ("goal.checked_in.v2", '{"note":"at 10:30","progress":0.4}')

    with start_row_writer(postgres, event, tmp_path) as raw, open_pgbench(postgres, event, tmp_path, 2, 1.0) as tool:
        assert raw.run(clients=2, seconds=0.2)["rate"] > 0
        assert tool.run().value > 0


def test_whole_commands_and_reports_are_answered_by_a_real_server(sqlite: Store, tmp_path: Path) -> None:
    with prepared_workload(sqlite.create_database(), FEW) as (runtime, people), ExitStack() as opened:
        before = runtime.ledger.count()
        server = start_server(sqlite, people, tmp_path, opened)

        found = server.commands(3, 0.5)

        assert runtime.ledger.count() - before >= found.value * 0.4
        assert found.beside["api_share"] > 0
        assert 0 == wait_until_caught_up(sqlite, people.url)["views_behind_events"]
        client = Client(server.port, people.keys[0])
        told = {name for name, _ in list_reports(client)}
        client.close()
        assert {"overload", "drift", "charter"} <= told


def test_each_request_has_a_key_of_its_own(sqlite: Store) -> None:
    with prepared_workload(sqlite.create_database(), FEW, views=False) as (_, people):
        told = [next(side) for side in build_requests(people, 3) for _ in range(3)]

    keys = {line for one in told for line in one.split(b"\r\n") if line.startswith(b"Idempotency-Key: ")}
    assert 9 == len(keys)


# --- suites --------------------------------------------------------------------------------------------------------


def test_a_long_log_is_whole_and_takes_commands(postgres: Store, tmp_path: Path) -> None:
    url = fill_log(postgres, load_template(postgres, FEW), 10 * EVENTS_EACH)
    with Runtime.open(build_settings(url)) as runtime:
        assert (10 * EVENTS_EACH, 10 * EVENTS_EACH) == (runtime.ledger.count(), runtime.ledger.head())
        first, *_ = runtime.ledger.read_log(0, 1)
        whole = runtime.ledger.events(first.organisation_id, first.stream_id)
        assert [(n, n) for n in range(1, EVENTS_EACH + 1)] == [(event.version, event.log_position) for event in whole]
    with prepared_workload(url, FEW, views=False) as (runtime, people):
        assert runtime.ledger.count() == runtime.ledger.head()
        with ledger_worker(people, tmp_path) as ours:
            found = _measure_stall(postgres, url, ours, 0.3)
    assert found.beside["vacuums"] > 0


def test_a_long_stream_and_a_short_one_are_commanded_in_turns(
    sqlite: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_stream, "LONG", 30)
    monkeypatch.setattr(long_stream, "SHORT", 10)
    monkeypatch.setattr(long_stream, "GOALS", {30: 2, 10: 2})

    bench = Bench(home=tmp_path, stores=[sqlite], history=tmp_path, quick=True)

    names = [measure(case, 1).name for case in long_stream.suite(bench)]

    both = ("states in memory", "a writer just started")
    assert [f"command on a goal of 30 events, {how}" for how in both] == names


def test_an_import_is_copied_row_by_row(postgres: Store, tmp_path: Path) -> None:
    history = BulkHistory(postgres, tmp_path, copies=2, goals=3)

    sample = history.measure_import()

    assert sample.beside["peak_mb"] == history.peak_mb > 0
    assert history.measure_copy(indexed=True).value > 0
    assert history.measure_copy(indexed=False).value > 0
