"""A long stream costs no more than a short one: states are kept folded, and only what is new is folded onto them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.goal import acts
from domain.registry import AGGREGATES
from ledger.commands import IdempotencyKey
from ledger.commit.committer import CommitLimits
from ledger.ledger import Ledger
from tests.ledger.tenant import BEGINNING, Clock, Tenant, capacity, ids

CHECK_INS = 300


@pytest.fixture
def goal(ledger: Ledger, tenant: Tenant) -> str:
    """A live promise with many check-ins."""
    tenant.promise("goal", due=date(2026, 6, 1))
    with ledger.bulk() as bulk:
        for _ in range(CHECK_INS):
            bulk.handle(tenant.command("ana", check_in(), on="goal"))
        bulk.commit()
    return "goal"


@pytest.fixture
def other_ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    """Another process's ledger."""
    ledger = Ledger.open(database_url, clock=clock, new_id=ids())
    yield ledger
    ledger.close()


def check_in(progress: str = "0.25") -> acts.CheckIn:
    return acts.CheckIn(note="going well", progress=progress)


def count_folded(folded_versions: list[int], work: Callable[[], object]) -> int:
    """How many events `work` folds."""
    before = len(folded_versions)
    work()
    return len(folded_versions) - before


def test_commanding_a_long_goal_folds_only_what_is_new(tenant: Tenant, goal: str, folded_versions: list[int]) -> None:
    assert count_folded(folded_versions, lambda: tenant.handle("ana", check_in(), on=goal)) > CHECK_INS

    assert 1 == count_folded(folded_versions, lambda: tenant.handle("ana", check_in(), on=goal))


def test_what_another_process_records_is_folded_onto_what_is_known(
    tenant: Tenant, other_ledger: Ledger, clock: Clock, goal: str, folded_versions: list[int]
) -> None:
    beside = Tenant(other_ledger, clock, tenant.id)
    for each in (tenant, beside):
        each.handle("ana", check_in(), on=goal)
    tenant.handle("ana", check_in(), on=goal)

    # Theirs, which is followed, and ours.
    assert 1 == count_folded(folded_versions, lambda: tenant.handle("ana", check_in(), on=goal))
    assert 3 == count_folded(folded_versions, lambda: beside.handle("ana", check_in(), on=goal))
    assert 2 == count_folded(folded_versions, lambda: tenant.handle("ana", check_in("0.5"), on=goal))
    state = tenant.ledger.load(tenant.id, "goal", tenant.id_of(goal, "goal"))
    assert "0.5" == state.progress


def test_promises_made_in_another_process_count_on_the_load(tenant: Tenant, other_ledger: Ledger, clock: Clock) -> None:
    beside = Tenant(other_ledger, clock, tenant.id)
    tenant.handle("stella", capacity(10), on="ana")
    first = tenant.worst_ratio(tenant.promise("one", hours=20))
    beside.promise("two", hours=20)

    third = tenant.worst_ratio(tenant.promise("three", hours=20))

    assert third > 2.5 * first > 0


def test_the_current_state_is_the_last_one_whoever_recorded_it(
    ledger: Ledger, tenant: Tenant, other_ledger: Ledger, clock: Clock, goal: str, folded_versions: list[int]
) -> None:
    stream, beside = tenant.id_of(goal, "goal"), Tenant(other_ledger, clock, tenant.id)
    first = ledger.load_current(tenant.id, "goal", stream)
    assert first is not None
    assert ledger.load(tenant.id, "goal", stream) == first.state

    assert 0 == count_folded(folded_versions, lambda: ledger.load_current(tenant.id, "goal", stream))
    beside.handle("ana", check_in("0.75"), on=goal)
    second: list[Any] = []
    assert 1 == count_folded(folded_versions, lambda: second.append(ledger.load_current(tenant.id, "goal", stream)))
    assert (first.version + 1, "0.75") == (second[0].version, second[0].state.progress)


def test_own_writes_are_in_the_read_cache_already(
    ledger: Ledger, tenant: Tenant, goal: str, folded_versions: list[int]
) -> None:
    receipt = tenant.handle("ana", check_in("0.5"), on=goal)

    assert 0 == count_folded(
        folded_versions, lambda: ledger.load_current(tenant.id, "goal", tenant.id_of(goal, "goal"))
    )
    entry = ledger.load_current(tenant.id, "goal", tenant.id_of(goal, "goal"))
    assert entry is not None
    assert (receipt.version, receipt.state) == (entry.version, entry.state)


def test_what_is_not_there_is_not_current(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    elsewhere = Tenant.create(ledger, clock)
    promised = tenant.promise("goal")

    assert ledger.load_current(tenant.id, "goal", ledger.new_id()) is None
    assert ledger.load_current(tenant.id, "member", promised) is None
    assert ledger.load_current(elsewhere.id, "goal", promised) is None
    assert ledger.load_current(tenant.id, "goal", promised) is not None


def test_many_streams_are_looked_up_together_as_each_by_itself(
    ledger: Ledger, tenant: Tenant, other_ledger: Ledger, clock: Clock
) -> None:
    # given streams of two organisations, of which one process knows a part, and not the last of it
    rival = Tenant.create(ledger, clock)
    for name in ("one", "two"):
        tenant.promise(name)
        rival.promise(name)
    streams = {event.stream_id: event.kind for event in ledger.read_feed(tenant.id, 0, 1000)}
    some = next(stream for stream, kind in streams.items() if kind == "goal")
    ledger.load_current(tenant.id, "goal", some)
    Tenant(other_ledger, clock, tenant.id).handle("ana", check_in(), on="one")
    others = {event.stream_id for event in ledger.read_feed(rival.id, 0, 1000)} - streams.keys()

    # when
    found = ledger.load_all_current(tenant.id, [*streams, *others, UUID(int=4)])

    # then (what the writer keeps beside a state is its own)
    alone = {stream: other_ledger.load_current(tenant.id, kind, stream) for stream, kind in streams.items()}
    assert {stream: (entry.kind, entry.version, entry.state) for stream, entry in found.items()} == {
        stream: (entry.kind, entry.version, entry.state) for stream, entry in alone.items() if entry is not None
    }
    assert streams.keys() == found.keys()
    assert {} == ledger.load_all_current(tenant.id, [])
    assert found == ledger.load_all_current(tenant.id, list(streams))


def test_a_replay_that_is_the_last_word_folds_nothing(tenant: Tenant, goal: str, folded_versions: list[int]) -> None:
    key = IdempotencyKey(scope="ana", key="k", digest="body")
    first = tenant.handle("ana", check_in(), on=goal, idempotency=key)

    assert 0 == count_folded(folded_versions, lambda: tenant.handle("ana", check_in(), on=goal, idempotency=key))
    tenant.handle("ana", check_in("0.5"), on=goal)
    assert first.state == tenant.handle("ana", check_in(), on=goal, idempotency=key).state


def test_the_read_cache_keeps_the_states_last_used(
    tenant: Tenant, database_url: str, clock: Clock, folded_versions: list[int]
) -> None:
    goals = [tenant.promise(f"goal-{n}", due=BEGINNING.date() + timedelta(days=100)) for n in range(3)]
    small = Ledger.open(database_url, clock=clock, new_id=ids(), limits=CommitLimits(cached_states=2))

    def folded(goal: UUID) -> int:
        return count_folded(folded_versions, lambda: small.load_current(tenant.id, "goal", goal))

    assert [2, 0, 2, 2] == [folded(goals[n]) for n in (0, 0, 1, 2)]
    assert [0, 2] == [folded(goals[n]) for n in (2, 0)]
    small.close()


def test_an_event_that_nobody_can_fold_concerns_its_own_stream_alone(
    tenant: Tenant, other_ledger: Ledger, clock: Clock, goal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, aggregate = Tenant(other_ledger, clock, tenant.id), AGGREGATES["goal"]
    for each in (tenant, beside):
        each.handle("ana", check_in(), on=goal)
    beside.handle("ana", check_in("0.5"), on=goal)

    def evolve(state: Any, event: Any) -> Any:
        raise RuntimeError("an event of a later version")

    monkeypatch.setitem(AGGREGATES, "goal", msgspec.structs.replace(aggregate, evolve=evolve))
    with pytest.raises(RuntimeError):
        tenant.handle("ana", check_in(), on=goal)
    assert tenant.handle("stella", capacity(3), on="ana").version > 1

    monkeypatch.undo()
    assert "0.75" == tenant.handle("ana", check_in("0.75"), on=goal).state.progress
