"""Who checks in during a benchmark: 32 owners, each with 25 live goals, and a key for each owner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count, cycle
from typing import Any
from uuid import UUID, uuid4

import msgspec

from benchmarks.history import imported
from benchmarks.stores import Store, organisation
from domain.goal.acts import CheckIn
from domain.references import resolve
from ledger.commands import Command
from services.organisations import Founded
from services.runtime import Runtime

OWNERS, GOALS_EACH = 32, 25
#: What is said, to ours and to the peers: as JSON this is the body of every command.
CHECK_IN = {"note": "on the way, as planned", "progress": "0.4", "confidence": "0.8"}


class People(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation at work, on the store at `url`."""

    url: str
    organisation_id: UUID
    #: One for each owner.
    keys: list[str]


@contextmanager
def peopled(url: str, *, views: bool = True) -> Iterator[tuple[Runtime, People]]:
    """A fresh store with the owners and their goals; read models up to date, unless they are not wanted."""
    with organisation(url) as (runtime, founded):
        imported(runtime, founded, _acts(runtime.clock().date()))
        # The scheduler's first sweep over what was imported is not what is measured here.
        for organisation_id, stream_id in runtime.ledger.due(runtime.clock() + timedelta(hours=1), 10_000):
            runtime.ledger.run_timers(organisation_id, stream_id)
        if views:
            runtime.engine.catch_up()
        yield runtime, People(url=url, organisation_id=founded.organisation_id, keys=_keys(runtime, founded))


def _keys(runtime: Runtime, founded: Founded) -> list[str]:
    tenant = founded.organisation_id
    return [
        runtime.keys.create(tenant, resolve(tenant, "member", _owner(number)), ("read", "act"), name="bench")
        for number in range(OWNERS)
    ]


def _owner(number: int) -> str:
    return f"owner-{number % OWNERS}"


def _goals(client: int, clients: int) -> list[str]:
    """A client's own goals: those of its owner, shared out where an owner has several clients."""
    fellows = (clients - 1 - client % OWNERS) // OWNERS + 1
    return [f"goal-{client % OWNERS}-{number}" for number in range(client // OWNERS, GOALS_EACH, fellows)]


def _acts(today: date) -> Iterator[bytes]:
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
        owner, sponsor = _owner(number), _owner(number + 1)
        for goal in _goals(number, OWNERS):
            who = {"title": goal, "owner": owner, "sponsor": sponsor, "team": "crew", "terms": terms}
            why = {"code": "new_need", "text": "to be measured"}
            rows.append({"by": owner, "do": "goal.offer", "goal": goal, **who, "reason": why})
            rows.append({"by": sponsor, "do": "goal.accept", "goal": goal})
    return (json.dumps({"at": at, **row}).encode() + b"\n" for row in rows)


# --- what the clients send -----------------------------------------------------------------------------------------


def request(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST as it goes over the wire."""
    lines = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{headers}"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def requests(people: People, clients: int) -> list[Iterator[bytes]]:
    """For each client its check-ins over HTTP, each with a key of its own that was never used before."""
    body, mark = json.dumps(CHECK_IN).encode(), "{key}"

    def own(client: int) -> Iterator[bytes]:
        said = f"Authorization: Bearer {people.keys[client % OWNERS]}\r\nIdempotency-Key: {mark}\r\n"
        paths = [f"/v1/goals/{goal}/check-in" for goal in _goals(client, clients)]
        parts = cycle([request(path, body, said).split(mark.encode()) for path in paths])
        run, numbers = uuid4().hex, count()
        return (b"%s%s-%d%s" % (head, run.encode(), number, tail) for (head, tail), number in zip(parts, numbers))  # noqa: B905

    return [own(client) for client in range(clients)]


def mixed(sides: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    """The clients' requests in turn."""
    for side in cycle(sides):
        yield next(side)


def commands(organisation_id: UUID, client: int, clients: int) -> Iterator[Command]:
    """One client's check-ins in process."""
    owner = resolve(organisation_id, "member", _owner(client))
    act = msgspec.convert(CHECK_IN, CheckIn)
    for goal in cycle([resolve(organisation_id, "goal", name) for name in _goals(client, clients)]):
        yield Command(organisation_id=organisation_id, kind="goal", stream_id=goal, act=act, actor=owner)


def an_event(store: Store, runtime: Runtime, people: People) -> tuple[str, str]:
    """Topic and stored form of one check-in: what the raw peers write."""
    runtime.ledger.handle(next(commands(people.organisation_id, 0, OWNERS)))
    connection = store.connect(people.url)
    query = "SELECT topic, state FROM stored_events ORDER BY notification_id DESC LIMIT 1"
    topic, state = connection.execute(query).fetchone()
    connection.close()
    return str(topic), bytes(state).decode()
