"""How many statements reads ask, and that what they do without is not missed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ledger.storage.postgres import PostgresSession
from ledger.storage.sqlite import SQLiteSession
from projections.database.database import Database
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp, create_active_goal, create_members, offer, open_client, why


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    with Runtime(Settings(database_url=database_url)) as opened:
        yield opened


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the log and of the views, but for keys, which a thread of their own looks up."""
    found: list[str] = []

    def count(cls: type[Any], method: str, of: Callable[[Any], list[str]]) -> None:
        called = getattr(cls, method)

        def counted(self: object, first: Any, /, *more: Any, **named: Any) -> Any:
            if not threading.current_thread().name.startswith("plimsoll-keys"):
                found.extend(of(first))
            return called(self, first, *more, **named)

        monkeypatch.setattr(cls, method, counted)

    count(Database, "query", lambda sql: [sql])
    count(Database, "query_many", lambda questions: [sql for sql, _ in questions])
    for session in (SQLiteSession, PostgresSession):
        count(session, "query", lambda name: [name])
    return found


@pytest.mark.parametrize("person", ["stella", "ana", "mia"])
def test_a_goal_is_read_in_three_statements(runtime: Runtime, statements: list[str], person: str) -> None:
    # given: how far the log is, how far the views are, and the goal
    keys = create_members(runtime, "acme")
    with open_client(runtime) as client:
        headers = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
        offered = client.post("/v1/goals", json=offer(ref="seen", due="2031-03-27"), headers=headers["ana"])
        assert offered.status_code == 201, offered.text
        runtime.engine.catch_up()
        first = client.get("/v1/goals/seen", headers=headers[person])

        # when
        statements.clear()
        again = client.get("/v1/goals/seen", headers=headers[person])

    # then
    assert (200, 200) == (first.status_code, again.status_code)
    assert first.content == again.content
    assert 3 >= len(statements), statements


@pytest.mark.parametrize("is_held", [False, True], ids=["not followed yet", "held back"])
def test_a_goal_that_is_no_longer_ones_own_is_hidden_before_the_views_know(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    # given a goal of core whose sponsor, of another team, saw it
    goal = create_active_goal(app, sponsor="ned")
    ned = app.as_member("ned")
    begun = app.clock.now.isoformat().replace("+00:00", "Z")
    ned.get_ok(f"/v1/goals/{goal}")
    app.clock.now += timedelta(days=1)

    # when another takes its place, and no view has followed
    change = {"changes": {"sponsor": "sam"}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)["open"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/join", {})
    headers = {"Authorization": f"Bearer {app.keys['acme']['ned']}"}
    accepted = app.client.post(f"/v1/goals/{goal}/accept-change", json={"answers": opened}, headers=headers)
    assert accepted.status_code == 200, accepted.text
    with monkeypatch.context() as held:
        if is_held:
            # Followed up to the head of the log, but for the goal's stream.
            progress = (app.count_events(), ("goals",))
            held.setattr(app.runtime.engine, "freshness_for", lambda _: progress)
        before = ned.get(f"/v1/goals/{goal}")
    app.runtime.engine.catch_up()

    # then it is hidden at once, and as of when it was seen too
    assert 403 == before.status_code, before.text
    assert 403 == ned.get(f"/v1/goals/{goal}").status_code
    assert 403 == ned.get(f"/v1/goals/{goal}", params={"as_of": begun}).status_code
    assert 200 == app.as_member("sam").get(f"/v1/goals/{goal}", params={"as_of": begun}).status_code


def test_an_organisation_is_read_anew_once_more_is_known(app: ApiApp) -> None:
    # given
    def cadence(**asked: str) -> int:
        days: int = app.as_member("stella").get_ok("/v1/policies", params=asked)["in_force"]["policy"]["cadence_days"]
        return days

    known = app.as_member("stella").get_ok("/v1/policies")["in_force"]["policy"]
    then = app.clock.now.isoformat().replace("+00:00", "Z")
    app.clock.now += timedelta(days=1)
    assert (14, 14) == (known["cadence_days"], cadence())

    # when
    app.as_member("stella").post_ok("/v1/policies", {"policy": {**known, "cadence_days": 3}})

    # then
    assert (3, 14) == (cadence(), cadence(as_of=then))
    create_active_goal(app)
    assert 3 == cadence()


def test_an_organisation_is_not_kept_while_one_of_its_streams_is_held_back(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given views that hold back the organisation's stream
    stella, database = app.as_member("stella"), app.runtime.database
    stella.post_ok("/v1/policies", {"policy": {"cadence_days": 15}})
    followed, _ = app.runtime.engine.freshness_for(app.organisation_id())
    monkeypatch.setattr(app.runtime.engine, "freshness_for", lambda _: (followed, ("organisations",)))
    assert 15 == stella.get_ok("/v1/policies")["in_force"]["policy"]["cadence_days"]

    # when it flows again, and what is known at the same position is another
    with database.transaction() as transaction:
        transaction.execute(
            """UPDATE organisations SET body = REPLACE(body, '"cadence_days":15', '"cadence_days":9')"""
        )

    # then that is read
    assert 9 == stella.get_ok("/v1/policies")["in_force"]["policy"]["cadence_days"]


def test_a_page_of_the_feed_asks_for_its_persons_together(app: ApiApp, statements: list[str]) -> None:
    # given an event with the load of one person, and then of four
    def count() -> int:
        statements.clear()
        page = app.as_member("ned").get_ok("/v1/events?limit=200")
        assert any("goal.accepted.v1" in event["type"] for event in page)
        return len(statements)

    create_active_goal(app, "ana", "ned", effort_hours=60)
    app.as_member("ned").get_ok("/v1/events?limit=200")
    of_one = count()
    for owner in ("ben", "mia", "sam"):
        create_active_goal(app, owner, "ned", effort_hours=60)
    app.as_member("ned").get_ok("/v1/events?limit=200")

    # then it asks as often
    assert of_one == count()
