"""Suite `append`: one command, with 1 and with 8 clients, over HTTP and in the process, beside the raw store.

A command is a check-in on one of 200 live goals: key, validation, idempotency, decision, fold, append. What the peers
write is the very event that it stores: one row, one transaction, as durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import count, cycle
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from benchmarks.bench import Bench
from benchmarks.harness import Case, Contender, Sample
from benchmarks.history import imported
from benchmarks.served import Client, plimsoll
from benchmarks.stores import Store, organisation
from domain.goal.acts import CheckIn
from domain.references import resolve
from ledger.commands import Command
from services.organisations import Founded
from services.runtime import Runtime

CLIENTS = (1, 8)
OWNERS, GOALS_EACH = 8, 25

#: Does one unit of work; raises where it fails.
Work = Callable[[], object]


def suite(bench: Bench) -> Iterator[Case]:
    """Commands and appends per second."""
    for store in bench.stores:
        with ExitStack() as opened:
            runtime, founded = opened.enter_context(organisation(store.fresh()))
            _peopled(runtime, founded)
            port, keys = _a_server(bench, store, opened)
            event = _an_event(store, runtime, founded)
            stock, raw_url = _stock(store, opened), store.fresh()
            for clients in CLIENTS:
                ours = {
                    "HTTP command": _over_http(port, keys, clients),
                    "ledger.handle in process": _in_process(runtime, founded, clients),
                }
                peers = [
                    Contender("one-row transactions", _rate(bench, _raw(store, raw_url, event, clients))),
                    Contender("stock eventsourcing recorder", _rate(bench, _recorded(stock, event, clients))),
                ]
                for name, works in ours.items():
                    yield Case(
                        suite="append",
                        name=f"{name}, {clients} client{'s' if clients > 1 else ''}",
                        store=store.name,
                        unit="1/s",
                        ours=Contender("plimsoll", _rate(bench, works)),
                        peers=peers,
                    )


def _a_server(bench: Bench, store: Store, opened: ExitStack) -> tuple[int, list[str]]:
    """A served organisation on a store of its own, worker inside: its port, and a key for each owner."""
    url = store.fresh()
    with organisation(url) as (runtime, founded):
        keys = _peopled(runtime, founded)
    return opened.enter_context(plimsoll(url, bench.home)), keys


def _rate(bench: Bench, works: Sequence[Work]) -> Callable[[], Sample]:
    """Units of work per second, one thread for each of `works`; beside it their latencies."""

    def run() -> Sample:
        taken: list[list[float]] = [[] for _ in works]
        failed: list[BaseException] = []
        until = perf_counter() + bench.seconds

        def loop(work: Work, times: list[float]) -> None:
            try:
                while (began := perf_counter()) < until:
                    work()
                    times.append((perf_counter() - began) * 1000)
            except BaseException as error:  # noqa: BLE001 - told by the main thread
                failed.append(error)

        began = perf_counter()
        threads = [threading.Thread(target=loop, args=pair) for pair in zip(works, taken, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        seconds, times = perf_counter() - began, sorted(time for one in taken for time in one)
        beside = {"p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)]}
        return Sample(len(times) / seconds, beside)

    return run


# --- ours ----------------------------------------------------------------------------------------------------------


def _owner(number: int) -> str:
    return f"owner-{number}"


def _goals(owner: int) -> list[str]:
    return [f"goal-{owner}-{number}" for number in range(GOALS_EACH)]


def _peopled(runtime: Runtime, founded: Founded) -> list[str]:
    """Eight owners with 25 live goals each, and a key for each owner."""
    imported(runtime, founded, _acts(runtime.clock().date()))
    # The scheduler's first sweep over what was imported is not what is measured here.
    for organisation_id, goal_id in runtime.ledger.due(runtime.clock() + timedelta(hours=1), 10_000):
        runtime.ledger.run_timers(organisation_id, goal_id)
    runtime.engine.catch_up()
    tenant = founded.organisation_id
    return [
        runtime.keys.create(tenant, resolve(tenant, "member", _owner(number)), ("read", "act"), name="bench")
        for number in range(OWNERS)
    ]


def _acts(today: date) -> Iterator[bytes]:
    import json

    at = (today - timedelta(days=2)).isoformat() + "T09:00:00Z"
    terms = {
        "outcome": "It is done",
        "measure": {"kind": "binary"},
        "conditions": ["released"],
        "start": today.isoformat(),
        "due": (today + timedelta(days=90)).isoformat(),
        "effort_hours": 10,
    }
    lead = _owner(0)
    rows: list[dict[str, Any]] = [{"by": lead, "do": "team.create", "team": "crew", "name": "Crew", "lead": lead}]
    rows += [{"by": lead, "do": "member.join", "member": _owner(n), "team": "crew"} for n in range(OWNERS)]
    for number in range(OWNERS):
        owner, sponsor = _owner(number), _owner((number + 1) % OWNERS)
        for goal in _goals(number):
            who = {"title": goal, "owner": owner, "sponsor": sponsor, "team": "crew", "terms": terms}
            why = {"code": "new_need", "text": "to be measured"}
            rows.append({"by": owner, "do": "goal.offer", "goal": goal, **who, "reason": why})
            rows.append({"by": sponsor, "do": "goal.accept", "goal": goal})
    return (json.dumps({"at": at, **row}).encode() + b"\n" for row in rows)


def _check_in() -> dict[str, str]:
    return {"note": "on the way, as planned", "progress": "0.4", "confidence": "0.8"}


def _over_http(port: int, keys: Sequence[str], clients: int) -> list[Work]:
    def work(number: int) -> Work:
        client, goals = Client(port, keys[number]), cycle(_goals(number))
        return lambda: client.post(f"/v1/goals/{next(goals)}/check-in", _check_in(), **{"Idempotency-Key": uuid4().hex})

    return [work(number) for number in range(clients)]


def _in_process(runtime: Runtime, founded: Founded, clients: int) -> list[Work]:
    tenant = founded.organisation_id

    def work(number: int) -> Work:
        owner = resolve(tenant, "member", _owner(number))
        goals = cycle([resolve(tenant, "goal", goal) for goal in _goals(number)])
        return lambda: runtime.handle(_command(tenant, owner, next(goals)))

    return [work(number) for number in range(clients)]


def _command(tenant: UUID, owner: UUID, goal: UUID) -> Command:
    return Command(
        organisation_id=tenant, kind="goal", stream_id=goal, act=msgspec.convert(_check_in(), CheckIn), actor=owner
    )


def _an_event(store: Store, runtime: Runtime, founded: Founded) -> tuple[str, bytes]:
    """Topic and stored form of one check-in."""
    tenant = founded.organisation_id
    owner, goal = resolve(tenant, "member", _owner(0)), resolve(tenant, "goal", _goals(0)[0])
    runtime.handle(_command(tenant, owner, goal))
    connection = store.connect(runtime.settings.database_url)
    query = "SELECT topic, state FROM stored_events ORDER BY notification_id DESC LIMIT 1"
    topic, state = connection.execute(query).fetchone()
    connection.close()
    return topic, bytes(state)


# --- peers ---------------------------------------------------------------------------------------------------------


def _raw(store: Store, url: str, event: tuple[str, bytes], clients: int) -> list[Work]:
    """Each client inserts one row in a transaction of its own, without lock, order, key or decision."""
    lite = store.name == "sqlite"
    setting_up = store.connect(url)
    number = "integer PRIMARY KEY AUTOINCREMENT" if lite else "bigserial PRIMARY KEY"
    kinds = ("blob", "integer", "text", "blob") if lite else ("uuid", "bigint", "text", "bytea")
    columns = ("stream", "version", "topic", "state")
    told = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds, strict=True))
    setting_up.execute(f"CREATE TABLE IF NOT EXISTS raw (number {number}, {told}, UNIQUE (stream, version))")
    setting_up.close()
    mark = "?" if lite else "%s"
    insert = f"INSERT INTO raw ({', '.join(columns)}) VALUES ({', '.join([mark] * 4)})"

    def work() -> Work:
        stream, versions, connection = uuid4(), count(1), store.connect(url)
        return lambda: connection.execute(insert, (stream.bytes if lite else stream, next(versions), *event))

    return [work() for _ in range(clients)]


def _stock(store: Store, opened: ExitStack) -> ApplicationRecorder:
    """The library's own recorder, as it comes."""
    url = store.fresh()
    if store.name == "sqlite":
        lite = SQLiteDatastore(url.removeprefix("sqlite:///"))
        opened.callback(lite.close)
        recorder = SQLiteApplicationRecorder(lite)
        recorder.create_table()
        return recorder
    parts = urlsplit(url)
    datastore = PostgresDatastore(
        parts.path.lstrip("/"), parts.hostname or "", parts.port or 5432, parts.username or "", "", pool_size=8
    )
    opened.callback(datastore.close)
    stock = PostgresApplicationRecorder(datastore)
    stock.create_table()
    return stock


def _recorded(recorder: ApplicationRecorder, event: tuple[str, bytes], clients: int) -> list[Work]:
    topic, state = event

    def work() -> Work:
        stream, versions = uuid4(), count(1)
        return lambda: recorder.insert_events([StoredEvent(stream, next(versions), topic, state)])

    return [work() for _ in range(clients)]
