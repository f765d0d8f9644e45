"""The owners who check in during a benchmark, each with live goals and a key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from benchmarks.import_history import import_history
from benchmarks.stores import Store, open_organisation
from benchmarks.worker_process import WorkerProcess, start_worker
from domain.goal.acts import CheckIn
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.organisations import CreatedOrganisation
from services.runtime import Runtime


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many they are."""

    owners: int
    goals_each: int


#: Enough for 32 clients to be 32 people, and for 64 to have goals of their own.
MANY = Size(owners=32, goals_each=25)
#: The check-in, to ours and to the peers: as JSON this is the body of every command.
CHECK_IN = {"note": "on the way, as planned", "progress": "0.4", "confidence": "0.8"}


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation at work, on the store at `url`."""

    url: str
    organisation_id: UUID
    #: One for each owner.
    keys: list[str]
    size: Size


@contextmanager
def prepared_workload(url: str, size: Size = MANY, *, views: bool = True) -> Iterator[tuple[Runtime, Workload]]:
    """A fresh store with the owners and their goals; read models up to date, unless `views` is false."""
    with open_organisation(url) as (runtime, founded):
        import_history(runtime, founded, _acts(runtime.clock().date(), size))
        # The scheduler's first sweep over what was imported is not what is measured here.
        for organisation_id, stream_id in runtime.ledger.find_streams_with_due_timers(
            runtime.clock() + timedelta(hours=1), 10_000
        ):
            runtime.ledger.run_timers(organisation_id, stream_id)
        if views:
            runtime.engine.catch_up()
        keys = _create_keys(runtime, founded, size)
        yield runtime, Workload(url=url, organisation_id=founded.organisation_id, keys=keys, size=size)


@contextmanager
def ledger_worker(people: Workload, home: Path) -> Iterator[WorkerProcess]:
    """Ours in process, in a process of its own: see `benchmarks.ledger_worker`."""
    arguments = (str(people.organisation_id), str(people.size.owners), str(people.size.goals_each))
    with start_worker("ledger_worker", people.url, *arguments, home=home) as made:
        yield made


def _create_keys(runtime: Runtime, founded: CreatedOrganisation, size: Size) -> list[str]:
    tenant = founded.organisation_id
    return [
        runtime.keys.create(
            tenant, resolve_stream_id(tenant, "member", _owner(number, size)), ("read", "act"), name="bench"
        )
        for number in range(size.owners)
    ]


def _owner(number: int, size: Size) -> str:
    return f"owner-{number % size.owners}"


def _goals(client: int, clients: int, size: Size) -> list[str]:
    """A client's own goals: those of its owner, shared out where an owner has several clients."""
    owner, place = client % size.owners, client // size.owners
    fellows = (clients - 1 - owner) // size.owners + 1
    return [f"goal-{owner}-{number}" for number in range(place, size.goals_each, fellows)]


def _acts(today: date, size: Size) -> Iterator[bytes]:
    at = (today - timedelta(days=2)).isoformat() + "T09:00:00Z"
    terms = {
        "outcome": "It is done",
        "measure": {"kind": "binary"},
        "conditions": ["released"],
        "start": today.isoformat(),
        "due": (today + timedelta(days=90)).isoformat(),
        "effort_hours": 10,
    }
    lead = _owner(0, size)
    rows: list[dict[str, Any]] = [{"by": lead, "do": "team.create", "team": "crew", "name": "Crew", "lead": lead}]
    rows += [{"by": lead, "do": "member.join", "member": _owner(n, size), "team": "crew"} for n in range(size.owners)]
    for number in range(size.owners):
        owner, sponsor = _owner(number, size), _owner(number + 1, size)
        for goal in _goals(number, size.owners, size):
            who = {"title": goal, "owner": owner, "sponsor": sponsor, "team": "crew", "terms": terms}
            why = {"code": "new_need", "text": "to be measured"}
            rows.append({"by": owner, "do": "goal.offer", "goal": goal, **who, "reason": why})
            rows.append({"by": sponsor, "do": "goal.accept", "goal": goal})
    return (json.dumps({"at": at, **row}).encode() + b"\n" for row in rows)


# --- what the clients send -----------------------------------------------------------------------------------------


def encode_request(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST as it goes over the wire."""
    lines = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{headers}"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def encode_get(path: str, key: str = "") -> bytes:
    """A GET as it goes over the wire."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n".encode()


def build_requests(people: Workload, clients: int) -> list[Iterator[bytes]]:
    """For each client its check-ins over HTTP, each with a key of its own that was never used before."""
    body, mark = json.dumps(CHECK_IN).encode(), "{key}"

    def own(client: int) -> Iterator[bytes]:
        headers = f"Authorization: Bearer {people.keys[client % people.size.owners]}\r\nIdempotency-Key: {mark}\r\n"
        paths = [f"/v1/goals/{goal}/check-in" for goal in _goals(client, clients, people.size)]
        parts = cycle([encode_request(path, body, headers).split(mark.encode()) for path in paths])
        run, numbers = uuid4().hex, count()
        return (b"%s%s-%d%s" % (head, run.encode(), number, tail) for (head, tail), number in zip(parts, numbers))  # noqa: B905

    return [own(client) for client in range(clients)]


def interleave(sides: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    """The clients' requests in turn."""
    for side in cycle(sides):
        yield next(side)


def build_commands(people: Workload, client: int, clients: int) -> Iterator[Command]:
    """One client's check-ins in process."""
    tenant, size = people.organisation_id, people.size
    owner, act = resolve_stream_id(tenant, "member", _owner(client, size)), msgspec.convert(CHECK_IN, CheckIn)
    for goal in cycle([resolve_stream_id(tenant, "goal", name) for name in _goals(client, clients, size)]):
        yield Command(organisation_id=tenant, kind="goal", stream_id=goal, act=act, actor=owner)


def load_sample_event(store: Store, runtime: Runtime, people: Workload) -> tuple[str, str]:
    """Topic and stored form of one check-in: what the raw peers write."""
    runtime.ledger.handle(next(build_commands(people, 0, 1)))
    connection = store.connect(people.url)
    query = "SELECT topic, state FROM stored_events ORDER BY notification_id DESC LIMIT 1"
    topic, state = connection.execute(query).fetchone()
    connection.close()
    return str(topic), bytes(state).decode()
