"""Suite `latency`: the 99th percentile of a command at half of what the server can do, against one raw commit's mean.

Requests come evenly, in an open loop; a response's time counts from when its request was due (`run_open_loop`). The
pace is half of what 32 clients got done just before, in the same round; timers are whole milliseconds, and what that
adds is on our side.

And how long it takes from an event's `recorded_at` until every view has followed it: at a few commands a second, and
at a thousand. The position of the views is looked at every other millisecond, which is on our side too.
"""

from __future__ import annotations

import json
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import cycle

from benchmarks.harness import Absent, Bench, Case, Contender, Sample, Target
from benchmarks.load_generator import run_closed_loop, run_open_loop
from benchmarks.raw import start_row_writer
from benchmarks.servers import serve_peer_goals
from benchmarks.stores import Store
from benchmarks.suites.http_commands import CRUD, start_server, wait_until_caught_up
from benchmarks.worker_process import open_or_absent
from benchmarks.workload import (
    CHECK_IN,
    Workload,
    build_requests,
    encode_request,
    interleave,
    load_sample_event,
    prepared_workload,
)

CLIENTS, CONNECTIONS = 32, 64
#: Commands a second -> which percentile of the time until they are visible is to be at most so many milliseconds.
VISIBLE = {20: (0.5, 10), 1_000: (0.99, 50)}
_LOOK_EVERY_S = 0.002


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                yield _build_case(bench, store, opened)
            with ExitStack() as opened:
                yield from _build_visible_cases(bench, store, opened)


def _build_case(bench: Bench, store: Store, opened: ExitStack) -> Case:
    absent: list[Absent] = []
    with prepared_workload(store.create_database()) as (runtime, people):
        event = load_sample_event(store, runtime, people)
    port = start_server(store, people, bench.home, opened).port
    raw = opened.enter_context(start_row_writer(store, event, bench.home))
    name = "one raw commit, mean"
    peers = [raw.to_contender(name, "mean_ms", clients=1, seconds=bench.seconds / 2)]
    crud = open_or_absent(CRUD, opened, partial(serve_peer_goals, "crud", store.create_database(), bench.home), absent)
    if crud is not None:
        peers.append(
            Contender(f"{CRUD}, p99 at half of its own", partial(_measure_crud, crud[0], crud[1], bench.seconds))
        )
    return Case(
        suite="latency",
        name="HTTP command, p99 at half of saturation",
        store=store.name,
        unit="ms",
        ours=Contender("plimsoll", partial(_measure_ours, store, people, port, bench.seconds)),
        peers=peers,
        absent=absent,
        targets=[Target(limit=20, of="ratio", peer=name)],
    )


def _measure_ours(store: Store, people: Workload, port: int, seconds: float) -> Sample:
    most = run_closed_loop(port, build_requests(people, CLIENTS), seconds / 2)["rate"]
    wait_until_caught_up(store, people.url)
    found = run_open_loop(port, interleave(build_requests(people, CLIENTS)), most / 2, seconds, CONNECTIONS)
    return Sample(found.pop("p99_ms"), found | {"saturation": most} | wait_until_caught_up(store, people.url))


def _build_visible_cases(bench: Bench, store: Store, opened: ExitStack) -> Iterator[Case]:
    with prepared_workload(store.create_database()) as (_, people):
        pass
    port = start_server(store, people, bench.home, opened).port
    for rate, (share, limit) in VISIBLE.items():
        yield Case(
            suite="latency",
            name=f"from recorded to visible at {rate} commands/s, p{share * 100:g}",
            store=store.name,
            unit="ms",
            ours=Contender("plimsoll", partial(_measure_visible, store, people, port, bench.seconds, rate, share)),
            targets=[Target(limit=limit)],
        )


def _measure_visible(store: Store, people: Workload, port: int, seconds: float, rate: int, share: float) -> Sample:
    # The worker may still be starting.
    run_closed_loop(port, build_requests(people, 1), seconds / 4)
    wait_until_caught_up(store, people.url)
    stopping, seen = threading.Event(), list[tuple[int, float]]()

    def look() -> None:
        with closing(store.connect(people.url)) as connection:
            while not stopping.wait(_LOOK_EVERY_S):
                found = connection.execute("SELECT MIN(log_position) FROM projection_checkpoints").fetchone()[0]
                if not seen or found > seen[-1][0]:
                    seen.append((int(found), time.time()))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        found = run_open_loop(port, interleave(build_requests(people, CLIENTS)), rate, seconds, CONNECTIONS)
        settled = wait_until_caught_up(store, people.url)
    finally:
        stopping.set()
        looking.join()
    positions = [position for position, _ in seen]
    with closing(store.connect(people.url)) as connection:
        recorded = connection.execute(
            "SELECT known_from, recorded_at FROM history WHERE known_from > %s AND known_from <= %s",
            (positions[0], positions[-1]),
        ).fetchall()
    waits = sorted((seen[bisect_left(positions, place)][1] - at / 1e6) * 1e3 for place, at in recorded)
    beside = {"p50_ms": waits[len(waits) // 2], "worst_ms": waits[-1], "command_p99_ms": found["p99_ms"]} | settled
    return Sample(waits[int(len(waits) * share)], beside)


def _measure_crud(port: int, ids: list[str], seconds: float) -> Sample:
    body = json.dumps(CHECK_IN).encode()
    requests = [encode_request(f"/v1/goals/{goal}/check-in", body) for goal in ids]
    most = run_closed_loop(port, [cycle(requests[client::CLIENTS]) for client in range(CLIENTS)], seconds / 2)["rate"]
    found = run_open_loop(port, cycle(requests), most / 2, seconds, CONNECTIONS)
    return Sample(found.pop("p99_ms"), found | {"saturation": most})
