"""Suite `feed`: events on their way out over HTTP: streams that are open, and pages that are pulled.

Latency counts from the instant at which an event was decided to its first byte at a reader, commit included.
The peer is a bare uvicorn application that sends what is posted to each open stream, and pages from memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from benchmarks.harness import Bench, Case, Contender, Sample, Target
from benchmarks.load_generator import run_closed_loop, run_open_loop
from benchmarks.servers import Client, free_port, serve_stream_peer
from benchmarks.stores import Store
from benchmarks.stream_client import run_streams
from benchmarks.suites.http_commands import start_server
from benchmarks.workload import Workload, build_requests, encode_get, interleave, prepared_workload
from domain.references import resolve_stream_id

PEER = "bare uvicorn, no store"
PAGE = 1000
CONNECTIONS = 16


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds from decision to first byte, and events a second in pages."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                yield from _build_cases(bench, store, opened)


def _build_cases(bench: Bench, store: Store, opened: ExitStack) -> Iterator[Case]:
    with prepared_workload(store.create_database()) as (runtime, people):
        steward = resolve_stream_id(people.organisation_id, "member", "steward")
        key = runtime.keys.create(people.organisation_id, steward, ("read",), name="feed")
    port = start_server(store, people, bench.home, opened).port
    peer = opened.enter_context(serve_stream_peer(free_port(), bench.home))
    for streams, rate, limit in ((10, 200, 100), (1000, 20, 250)):
        ours = partial(_measure_streams, people, port, streams, rate, bench.seconds)
        floor = partial(_measure_peer_streams, peer, streams, rate, bench.seconds)
        yield Case(
            suite="feed",
            name=f"decision to first byte, {streams:,} streams, {rate} events/s, p99",
            store=store.name,
            unit="ms",
            ours=Contender("plimsoll", ours),
            peers=[Contender(PEER, floor)],
            targets=[Target(limit=limit)],
        )
    path = f"/v1/events?limit={PAGE}"
    Client(peer).post_bytes("/page", Client(port, key).get(path))
    yield Case(
        suite="feed",
        name=f"feed in pages of {PAGE:,}, 1 client, events",
        store=store.name,
        unit="1/s",
        ours=Contender("plimsoll", partial(_measure_pages, port, encode_get(path, key), bench.seconds)),
        peers=[Contender(PEER, partial(_measure_pages, peer, encode_get("/page"), bench.seconds))],
        targets=[Target(limit=50_000)],
    )


def _measure_streams(people: Workload, port: int, streams: int, rate: float, seconds: float) -> Sample:
    # As many members as there are, each with streams of their own sight.
    requests = [encode_get("/v1/events/stream", people.keys[n % len(people.keys)]) for n in range(streams)]

    def drive() -> None:
        run_open_loop(port, interleave(build_requests(people, CONNECTIONS)), rate, seconds, CONNECTIONS)

    return _to_sample(run_streams(port, requests, drive, seconds))


def _measure_peer_streams(port: int, streams: int, rate: float, seconds: float) -> Sample:
    def drive() -> None:
        with _client(port) as client:
            began = time.perf_counter()
            for number in range(int(rate * seconds)):
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
                instant = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
                client.post_bytes("/publish", b'data: {"recordedtime":"%s"%s}\n\n' % (instant.encode(), b" " * 900))

    return _to_sample(run_streams(port, [encode_get("/stream")] * streams, drive, seconds))


@contextmanager
def _client(port: int) -> Iterator[Client]:
    client = Client(port)
    try:
        yield client
    finally:
        client.close()


def _to_sample(found: dict[str, float]) -> Sample:
    return Sample(found.pop("p99_ms"), found)


def _measure_pages(port: int, request: bytes, seconds: float) -> Sample:
    found = run_closed_loop(port, [iter(lambda: request, b"")], seconds)
    return Sample(found.pop("rate") * PAGE, found)
