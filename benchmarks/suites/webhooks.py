"""Suite `webhooks`: signed messages to a sink on the same machine, against a bare loop of httpx; and one that hangs.

Ours reads the log, signs twice (HMAC and ed25519), and has written what became of each message when it is counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from benchmarks.harness import Bench, Case, Contender, Sample, Target
from benchmarks.stores import Store, open_organisation
from benchmarks.worker_process import WorkerProcess, start_worker
from domain.member import member
from domain.references import resolve_stream_id
from domain.subscription.subscription import CreateSubscription
from ledger.commands import Command
from services.organisations import CreatedOrganisation
from services.runtime import Runtime
from services.webhooks.signatures import generate_secret

#: Messages of one measurement, of so many subjects; messages that are on their way at a time; bytes of a body.
MESSAGES, SUBJECTS, CLIENTS, BODY_BYTES = 4000, 200, 16, 750
#: Events a second, and for how long, while one of six targets hangs.
PACE, SECONDS = 20, 10.0


def suite(bench: Bench) -> Iterator[Case]:
    """Messages a second; then milliseconds from a commit to the sink."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                yield _build_rate_case(bench, store, opened)
            with ExitStack() as opened:
                yield _build_hanging_case(bench, store, opened)


def _say(runtime: Runtime, founded: CreatedOrganisation, kind: str, stream_id: UUID, act: Any) -> None:
    runtime.handle(
        Command(
            organisation_id=founded.organisation_id,
            kind=kind,
            stream_id=stream_id,
            act=act,
            actor=founded.steward_id,
            roles=frozenset({"steward"}),
        )
    )


def _join(runtime: Runtime, founded: CreatedOrganisation, number: int) -> UUID:
    ref = f"m{number}"
    stream_id = resolve_stream_id(founded.organisation_id, "member", ref)
    _say(runtime, founded, "member", stream_id, member.Join(name=ref, ref=ref))
    return stream_id


def _subscribe(runtime: Runtime, founded: CreatedOrganisation, url: str) -> str:
    subscription_id = runtime.new_id()
    runtime.deliveries.begin(founded.organisation_id, subscription_id, generate_secret())
    act = CreateSubscription(url=url, types=["member.*"], payload="full")
    _say(runtime, founded, "subscription", subscription_id, act)
    runtime.deliveries.wake(subscription_id)
    return str(subscription_id)


def _start_sink(bench: Bench, opened: ExitStack) -> tuple[WorkerProcess, str]:
    sink = opened.enter_context(start_worker("webhook_sink", home=bench.home))
    return sink, f"http://127.0.0.1:{int(sink.first['port'])}"


def _build_rate_case(bench: Bench, store: Store, opened: ExitStack) -> Case:
    messages = MESSAGES // 10 if bench.quick else MESSAGES
    _, sink = _start_sink(bench, opened)
    url = store.create_database()
    with open_organisation(url) as (runtime, founded):
        members = [_join(runtime, founded, number) for number in range(SUBJECTS)]
        for number in range(messages - SUBJECTS):
            _say(runtime, founded, "member", members[number % SUBJECTS], member.RenameMember(name=f"name {number}"))
        subscription = _subscribe(runtime, founded, f"{sink}/hook")
    ours = opened.enter_context(start_worker("webhook_sender", url, home=bench.home))
    httpx_loop = opened.enter_context(start_worker("httpx_poster", f"{sink}/hook", home=bench.home))
    return Case(
        suite="webhooks",
        name=f"signed messages, {SUBJECTS} subjects in order",
        store=store.name,
        unit="1/s",
        ours=ours.to_contender("plimsoll worker", replay=subscription),
        peers=[
            httpx_loop.to_contender(
                f"bare httpx, {CLIENTS} at a time", messages=messages, clients=CLIENTS, bytes=BODY_BYTES
            )
        ],
        targets=[Target(limit=0.6, of="ratio")],
    )


def _build_hanging_case(bench: Bench, store: Store, opened: ExitStack) -> Case:
    sink, address = _start_sink(bench, opened)
    without = _prepare(bench, store, opened, [f"{address}/hook"] * 5)
    hanging = _prepare(bench, store, opened, [f"{address}/hook"] * 5 + [f"{address}/hang"])

    def contender(name: str, runtime: Runtime, founded: CreatedOrganisation) -> Contender:
        def run() -> Sample:
            return _measure_latency(sink, runtime, founded, 2.0 if bench.quick else SECONDS)

        return Contender(name, run)

    return Case(
        suite="webhooks",
        name=f"commit to target, p99 at {PACE} events/s to 5 targets, a sixth hangs",
        store=store.name,
        unit="ms",
        ours=contender("plimsoll worker, a sixth target hangs", *hanging),
        peers=[contender("plimsoll worker, all targets answer", *without)],
        targets=[Target(limit=1.2, of="ratio")],
    )


def _prepare(bench: Bench, store: Store, opened: ExitStack, urls: list[str]) -> tuple[Runtime, CreatedOrganisation]:
    database_url = store.create_database()
    runtime, founded = opened.enter_context(open_organisation(database_url))
    for number in range(SUBJECTS):
        _join(runtime, founded, number)
    opened.enter_context(start_worker("webhook_sender", database_url, home=bench.home))
    for url in urls:
        _subscribe(runtime, founded, url)
    return runtime, founded


def _measure_latency(sink: WorkerProcess, runtime: Runtime, founded: CreatedOrganisation, seconds: float) -> Sample:
    """Events come evenly; each is timed from its recording to the sink."""
    sink.run(take=True)
    began = time.monotonic()
    for number in range(int(PACE * seconds)):
        time.sleep(max(0.0, began + number / PACE - time.monotonic()))
        stream_id = resolve_stream_id(founded.organisation_id, "member", f"m{number % SUBJECTS}")
        _say(runtime, founded, "member", stream_id, member.RenameMember(name=f"name {number} {began}"))
    time.sleep(1.5)
    found = sink.run(take=True)
    return Sample(found["p99_ms"], {name: value for name, value in found.items() if name != "p99_ms"})
