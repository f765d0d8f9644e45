from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid4

import prometheus_client
import pytest

from services.wakeups.local import LocalWakeups, Wakeups
from services.wakeups.redis import RedisWakeups
from services.worker.projector_loop import FULL_ROUND, REST_S, Projector
from services.worker.scheduler import Scheduler

NOW = datetime(2026, 3, 4, tzinfo=UTC)


class Backlog:
    """So many events are left to apply; an entry that is an error is raised instead."""

    def __init__(self, *rounds: int | Exception) -> None:
        self.rounds = list(rounds)
        self.called_at: list[float] = []

    def catch_up(self, limit: int | None = None) -> int:
        self.called_at.append(time.monotonic())
        found = self.rounds.pop(0) if self.rounds else 0
        if isinstance(found, Exception):
            raise found
        return found


def start_projector(projector: Projector) -> tuple[threading.Event, threading.Thread]:
    stopping = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stopping,), daemon=True)
    thread.start()
    return stopping, thread


def count_failures() -> float:
    return prometheus_client.REGISTRY.get_sample_value("plimsoll_projector_failures_total") or 0.0


def wait_until(condition: object, seconds: float = 5.0) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False


@pytest.fixture(params=["local", "redis"])
def wakeups(request: pytest.FixtureRequest) -> Wakeups:
    if request.param == "local":
        return LocalWakeups()
    return RedisWakeups(request.getfixturevalue("redis_url"))


def test_a_projector_goes_on_without_waiting_while_there_is_something(wakeups: Wakeups) -> None:
    backlog = Backlog(500, 500, 3)

    stopping, thread = start_projector(Projector(backlog, wakeups, poll_seconds=30, batch=500))
    went_on = wait_until(lambda: len(backlog.called_at) == 3)
    # Less than asked for was the rest: it waits instead of looking once more.
    waits = not wait_until(lambda: len(backlog.called_at) > 3, seconds=0.2)
    stopping.set()
    wakeups.publish()
    thread.join(5)

    assert went_on
    assert waits
    assert not thread.is_alive()
    wakeups.close()


def test_a_wake_up_ends_the_wait(wakeups: Wakeups) -> None:
    backlog = Backlog()
    stopping, thread = start_projector(Projector(backlog, wakeups, poll_seconds=30, batch=500))
    assert wait_until(lambda: len(backlog.called_at) == 1)
    time.sleep(0.3)

    wakeups.publish()
    woken = wait_until(lambda: len(backlog.called_at) >= 2, seconds=2)
    stopping.set()
    wakeups.publish()
    thread.join(5)

    assert woken
    wakeups.close()


def test_without_any_wake_up_the_poll_finds_it() -> None:
    backlog = Backlog()
    stopping, thread = start_projector(Projector(backlog, LocalWakeups(), poll_seconds=0.05, batch=500))

    assert wait_until(lambda: len(backlog.called_at) >= 5)
    stopping.set()
    thread.join(5)


def test_a_redis_that_is_away_slows_the_projector_to_its_poll_and_no_further() -> None:
    backlog = Backlog()
    wakeups = RedisWakeups("redis://127.0.0.1:1/0")
    stopping, thread = start_projector(Projector(backlog, wakeups, poll_seconds=0.1, batch=500))

    wakeups.publish()
    assert wait_until(lambda: len(backlog.called_at) >= 4)
    stopping.set()
    thread.join(5)

    waits = [later - sooner for sooner, later in zip(backlog.called_at, backlog.called_at[1:], strict=False)]
    assert min(waits) >= 0.09
    wakeups.close()


def test_a_round_that_the_stop_interrupts_is_no_failure() -> None:
    # given a round that fails because what it asks is ended with the server
    stopping, failures = threading.Event(), count_failures()

    class Ended:
        def catch_up(self, limit: int | None = None) -> int:
            stopping.set()
            raise OSError("the process that follows the log was ended")

    # when it is told to stop in the middle of it
    Projector(Ended(), LocalWakeups(), poll_seconds=30, batch=500).run(stopping)

    # then it ends at once and counts no failure
    assert failures == count_failures()


def test_a_failed_round_is_tried_again_later_each_time() -> None:
    backlog = Backlog(OSError("away"), OSError("away"), 7)
    stopping, _thread = start_projector(Projector(backlog, LocalWakeups(), poll_seconds=30, batch=500))

    assert wait_until(lambda: len(backlog.called_at) == 3)
    stopping.set()

    first, second = (backlog.called_at[n + 1] - backlog.called_at[n] for n in range(2))
    assert first >= 0.1
    assert second >= 0.2


def test_a_hint_that_came_before_the_wait_is_not_lost() -> None:
    wakeups = LocalWakeups()
    subscription = wakeups.subscribe()

    wakeups.publish()

    assert subscription.wait(0)
    assert not subscription.wait(0)


class SlowBacklog(Backlog):
    """Each round finds so many events and takes so many seconds."""

    def __init__(self, seconds: float, events: int) -> None:
        super().__init__(*[events] * 10_000)
        self.seconds = seconds

    def catch_up(self, limit: int | None = None) -> int:
        found = super().catch_up(limit)
        time.sleep(self.seconds)
        return found


def _record_rounds(
    seconds: float, awaited: threading.Event | None = None, *, round_s: float = 0.0, events: int = 1
) -> list[float]:
    """When a projector looked that found so many events each time, and was woken all the time."""
    backlog, wakeups = SlowBacklog(round_s, events), LocalWakeups()
    stopping, thread = start_projector(Projector(backlog, wakeups, poll_seconds=30, batch=500, awaited=awaited))
    until_then = time.monotonic() + seconds
    while time.monotonic() < until_then:
        wakeups.publish()
        if awaited is not None:
            awaited.set()
        time.sleep(0.002)
    stopping.set()
    wakeups.publish()
    thread.join(5)
    return backlog.called_at


@pytest.mark.parametrize(("events", "rest_s"), [(FULL_ROUND - 1, REST_S), (FULL_ROUND, 0.0)])
def test_a_projector_lets_events_gather_unless_its_round_was_a_full_one(events: int, rest_s: float) -> None:
    looked_at = _record_rounds(0.5, round_s=0.01, events=events)

    # The least: on a busy machine many are late.
    wait = min(later - sooner for sooner, later in pairwise(looked_at))
    assert rest_s <= wait - 0.01 < REST_S + rest_s


def test_nobody_who_waits_for_a_position_waits_for_a_rest() -> None:
    assert len(_record_rounds(1.0, threading.Event(), round_s=0.02)) > 30


class FakeTimers:
    """A ledger's timers: goals that are due until they are run."""

    def __init__(self, *goals: UUID) -> None:
        self.goals = list(goals)

    def find_streams_with_due_timers(self, until: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        assert NOW == until
        return [(UUID(int=1), goal) for goal in self.goals][:limit]


def build_scheduler(ledger: FakeTimers, sent: list[tuple[str, str]], batch: int = 2) -> Scheduler:
    return Scheduler(ledger, lambda o, g: sent.append((o, g)), lambda: NOW, every_seconds=60, batch=batch)


def test_a_sweep_sends_ids_of_what_is_due() -> None:
    goal, sent = uuid4(), list[tuple[str, str]]()

    assert 1 == build_scheduler(FakeTimers(goal), sent).sweep()
    assert [(str(UUID(int=1)), str(goal))] == sent


def test_a_goal_that_is_on_its_way_is_not_sent_twice_and_crowds_nobody_out() -> None:
    goals, sent = [uuid4() for _ in range(5)], list[tuple[str, str]]()
    sweeper = build_scheduler(FakeTimers(*goals), sent)

    counts = [sweeper.sweep() for _ in range(4)]

    assert [2, 2, 1, 0] == counts
    assert [str(goal) for goal in goals] == [goal for _, goal in sent]


def test_a_message_that_was_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    sweeper = build_scheduler(FakeTimers(uuid4()), sent)
    sweeper.sweep()

    monkeypatch.setattr("services.worker.scheduler.RESEND_SECONDS", 0.0)
    sweeper.sweep()

    assert 2 == len(sent)


def test_house_is_kept_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    sweeper = Scheduler(
        FakeTimers(), lambda _o, _g: None, lambda: NOW, every_seconds=1, batch=1, housekeeping=lambda: kept.append(1)
    )

    sweeper.run_housekeeping()
    sweeper.run_housekeeping()
    assert [1] == kept

    monkeypatch.setattr("services.worker.scheduler.HOUSEKEEPING_SECONDS", 0.0)
    sweeper.run_housekeeping()
    assert [1, 1] == kept


def test_a_sweep_that_fails_does_not_end_the_scheduler() -> None:
    class Broken(FakeTimers):
        calls = 0

        def find_streams_with_due_timers(self, until: datetime, limit: int) -> list[tuple[UUID, UUID]]:
            self.calls += 1
            raise OSError("away")

    ledger = Broken()
    stopping = threading.Event()
    sweeper = Scheduler(ledger, lambda _o, _g: None, lambda: NOW, every_seconds=0.01, batch=1)
    thread = threading.Thread(target=sweeper.run, args=(stopping,), daemon=True)
    thread.start()

    assert wait_until(lambda: ledger.calls > 2)
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()
