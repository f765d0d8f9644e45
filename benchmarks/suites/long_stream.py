"""Suite `long-stream`: what one command costs on goals of 2,000 events and on goals of 20."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec

from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_latency
from benchmarks.import_history import import_history
from benchmarks.stores import build_settings, open_organisation
from benchmarks.workload import CHECK_IN
from domain.goal.acts import CheckIn
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.runtime import Runtime

LONG, SHORT = 2000, 20
#: More short ones, which grow less with every round.
GOALS = {LONG: 10, SHORT: 100}
_COLD = 10


def suite(bench: Bench) -> Iterator[Case]:
    """Milliseconds of a command: states in the writer's cache, and in a writer that has just begun."""
    for store in bench.stores:
        url = store.create_database()
        with open_organisation(url) as (runtime, founded):
            tenant = founded.organisation_id
            import_history(runtime, founded, _build_acts(runtime.clock().date()))
        with Runtime.open(build_settings(url)) as runtime:

            def warm(length: int, runtime: Runtime = runtime, tenant: UUID = tenant) -> Contender:
                own = _build_commands(tenant, length)
                return _build_contender(
                    length, lambda: measure_latency(lambda: runtime.ledger.handle(next(own)), bench.requests)
                )

            def cold(length: int, url: str = url, tenant: UUID = tenant) -> Contender:
                return _build_contender(length, lambda: _measure_first_commands(url, _build_commands(tenant, length)))

            for name, side, limit in (("states in memory", warm, 1.5), ("a writer just started", cold, None)):
                yield Case(
                    suite="long-stream",
                    name=f"command on a goal of {LONG:,} events, {name}",
                    store=store.name,
                    unit="ms",
                    ours=side(LONG),
                    peers=[side(SHORT)],
                    targets=[Target(limit=limit, of="ratio")] if limit else [],
                )


def _build_contender(length: int, run: Any) -> Contender:
    return Contender("plimsoll" if length == LONG else f"on a goal of {length} events", run)


def _measure_first_commands(url: str, own: Iterator[Command]) -> Sample:
    """The mean of the first command on each of some goals, by a writer that knows none of them."""
    with Runtime.open(build_settings(url)) as runtime:
        # What every process does once is not a goal's length.
        runtime.ledger.head()
        first = perf_counter()
        runtime.ledger.handle(next(own))
        began = perf_counter()
        for _ in range(_COLD - 1):
            runtime.ledger.handle(next(own))
        mean = (perf_counter() - began) * 1000 / (_COLD - 1)
        return Sample(mean, {"very_first_ms": (began - first) * 1000})


def _build_commands(tenant: UUID, length: int) -> Iterator[Command]:
    owner, act = resolve_stream_id(tenant, "member", "owner"), msgspec.convert(CHECK_IN, CheckIn)
    for name in cycle([f"goal-{length}-{number}" for number in range(GOALS[length])]):
        goal = resolve_stream_id(tenant, "goal", name)
        yield Command(organisation_id=tenant, kind="goal", stream_id=goal, act=act, actor=owner)


def _build_acts(today: date) -> Iterator[bytes]:
    began = datetime.combine(today - timedelta(days=4), time(9), UTC)
    terms = {
        "outcome": "It is done",
        "measure": {"kind": "binary"},
        "conditions": ["released"],
        "start": began.date().isoformat(),
        "due": (today + timedelta(days=90)).isoformat(),
        "effort_hours": 1,
    }
    yield _encode_act(began, "owner", "team.create", team="crew", name="Crew", lead="owner")
    for member in ("owner", "sponsor"):
        yield _encode_act(began, "owner", "member.join", member=member, team="crew")
    why = {"code": "new_need", "text": "to be measured"}
    for length, goals in GOALS.items():
        for number in range(goals):
            goal = f"goal-{length}-{number}"
            who = {"title": goal, "owner": "owner", "sponsor": "sponsor", "team": "crew", "terms": terms}
            yield _encode_act(began, "owner", "goal.offer", goal=goal, **who, reason=why)
            yield _encode_act(began, "sponsor", "goal.accept", goal=goal)
            for step in range(length - 2):
                at = began + timedelta(minutes=step)
                yield _encode_act(at, "owner", "goal.check_in", goal=goal, **{**CHECK_IN, "note": f"step {step}"})


def _encode_act(at: datetime, by: str, do: str, **body: Any) -> bytes:
    return json.dumps({"at": at.isoformat(), "by": by, "do": do, **body}).encode() + b"\n"
