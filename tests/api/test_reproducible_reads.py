"""An answer says what it knew, and can be had again with it: the same bytes, whatever is recorded or followed later."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.instants import format_instant
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.route_walk import VICTIM, TenantSecrets, create_secrets, create_subscription, fill_path

NDJSON = {"Content-Type": "application/x-ndjson"}
#: As of the end of which day the questions are asked.
DAY = "2026-03-20"


def list_paths(app: ApiApp, names: TenantSecrets) -> list[str]:
    """Every read that can be asked about a time, with that time."""
    ids = {
        **{
            kind: getattr(names, kind)
            for kind in ("goal", "member", "team", "charter", "cycle", "decision", "experiment", "recognition", "pulse")
        },
        "of": names.charter,
        "subscription": create_subscription(app, "stella", "reads", VICTIM),
    }
    found = []
    for template, methods in app.client.get("/openapi.json").json()["paths"].items():
        taken = {p["name"] for p in methods.get("get", {}).get("parameters", ()) if p.get("in") == "query"}
        if "recorded_as_of" not in taken:
            continue
        more = {"field": "due", "explain": "true", "version": "1"}
        query = "&".join(f"{name}={value}" for name, value in more.items() if name in taken)
        found.append(f"{fill_path(template, ids)}?as_of={DAY}&{query}".rstrip("&"))
    return found


def record(app: ApiApp, path: str, body: dict[str, Any] | bytes, person: str = "stella") -> dict[str, Any]:
    """Record something that the views do not follow yet."""
    headers = {"Authorization": f"Bearer {app.keys[VICTIM][person]}"}
    how: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    response = app.client.post(path, headers=headers | NDJSON if isinstance(body, bytes) else headers, **how)
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


def build_late_facts(day: int, effort: int) -> bytes:
    """An import in one transaction: goals, capacity and an absence that are told late."""
    at = {"at": f"2026-02-{day:02d}T09:00:00Z", "by": "ana"}
    terms = {**offer()["terms"], "start": "2026-02-27", "effort_hours": effort}
    goal = {"title": "Late", "owner": "ana", "sponsor": "sam", "team": "core", "terms": terms, "reason": why()}
    rows = [
        {**at, "do": "member.capacity", "member": "ana", "hours_per_week": 10 + effort % 30, "from": "2026-03-02"},
        {**at, "do": "goal.offer", "goal": f"late-{day}-{effort}", **goal},
        {**at, "do": "member.absence", "member": "sam", "from": "2026-03-09", "to": "2026-03-10"},
        {**at, "do": "member.join", "member": f"late-{day}-{effort}", "name": "Late", "team": "core", "by": "stella"},
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows)


def read_answer(app: ApiApp, path: str) -> tuple[str, bytes, str]:
    response = app.as_member("stella", VICTIM).get(path)
    assert 200 == response.status_code, (path, response.text)
    return response.headers["Plimsoll-Recorded-As-Of"], response.content, response.headers["ETag"]


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=st.lists(st.tuples(st.integers(2, 27), st.integers(1, 60)), min_size=2, max_size=3, unique=True),
    steps=st.lists(st.integers(1, 6), min_size=1, max_size=4),
)
def test_each_read_is_had_again_to_the_byte_wherever_the_views_stood(
    shared_app: ApiApp, hidden: TenantSecrets, facts: list[tuple[int, int]], steps: list[int]
) -> None:
    # given
    app, reads = shared_app, list_paths(shared_app, hidden)
    app.runtime.engine.catch_up()
    first = [(path, *read_answer(app, path)) for path in reads]
    for day, effort in facts:
        record(app, "/v1/imports", build_late_facts(day, effort))

    # when the views stand somewhere behind
    for step in steps:
        app.runtime.engine.catch_up(step)
        first += [(path, *read_answer(app, path)) for path in reads[:: 1 + step % 3]]
    app.runtime.engine.catch_up()
    record(app, f"/v1/goals/{hidden.goal}/check-in", {"progress": 0.5}, "ana")
    app.runtime.engine.catch_up()

    # then
    for path, known, content, tag in first:
        assert (known, content, tag) == read_answer(app, f"{path}&recorded_as_of={known}"), path


@pytest.fixture(scope="module")
def hidden(shared_app: ApiApp) -> TenantSecrets:
    """An organisation with something of each kind."""
    shared_app.runtime.engine.catch_up()
    return create_secrets(shared_app)


def test_an_answer_says_when_the_last_thing_that_it_knows_was_recorded(app: ApiApp) -> None:
    # given
    app.as_member("stella").post_ok("/v1/teams", {"name": "One", "lead": app.resolve_id("member", "lea"), "ref": "one"})
    [*_, event] = app.as_member("stella").get_ok("/v1/events?limit=1000")
    app.clock.now += timedelta(days=3)

    # when
    response = app.as_member("stella").get("/v1/reports/overload")
    records_nothing = app.as_member("stella").get(
        f"/v1/reports/overload?recorded_as_of={format_instant(app.clock.now)}"
    )

    # then
    told = [event["recordedtime"], event["recordedtime"], event["sequence"].lstrip("0")]
    for answer in (response, records_nothing):
        header, position = answer.headers["Plimsoll-Recorded-As-Of"], answer.headers["Plimsoll-Position"]
        assert told == [answer.json()["recorded_as_of"], header, position]


def test_half_of_an_import_is_in_no_answer_and_all_of_it_where_it_is_waited_for(app: ApiApp) -> None:
    # given
    stella = app.as_member("stella")
    before = stella.get("/v1/members?limit=200")
    rows = b"\n".join(
        json.dumps({"at": "2026-02-01T09:00:00Z", "by": "stella", "do": "member.join", "member": f"m{n}"}).encode()
        for n in range(5)
    )
    headers = {"Authorization": f"Bearer {app.keys['acme']['stella']}", **NDJSON}
    imported = app.client.post("/v1/imports", content=rows, headers=headers)
    assert 5 == imported.json()["accepted"]

    # then
    for _ in range(4):
        app.runtime.engine.catch_up(1)
        assert before.content == stella.get("/v1/members?limit=200").content
    first = int(before.headers["Plimsoll-Position"]) + 1
    follower = threading.Timer(0.2, app.runtime.engine.catch_up)
    follower.start()
    waited = stella.get(f"/v1/members?limit=200&after_position={first}")
    follower.join()
    assert len(before.json()["members"]) + 5 == len(waited.json()["members"])


def test_what_is_not_followed_yet_is_not_answered_for_an_instant_that_has_passed(app: ApiApp) -> None:
    # given
    team = {"name": "One", "lead": app.resolve_id("member", "lea"), "ref": "one"}
    headers = {"Authorization": f"Bearer {app.keys['acme']['stella']}"}
    assert 201 == app.client.post("/v1/teams", json=team, headers=headers).status_code
    path = f"/v1/teams?recorded_as_of={format_instant(app.clock.now)}"

    # when
    behind = app.as_member("stella").get(path)
    app.runtime.engine.catch_up()

    # then
    assert (503, "not_caught_up", "1") == (behind.status_code, behind.json()["code"], behind.headers["Retry-After"])
    assert "one" in [team["ref"] for team in app.as_member("stella").get_ok(path)["teams"]]


def test_beside_a_writer_each_answer_is_had_again_with_what_it_says_that_it_knew(app: ApiApp) -> None:
    # given one who writes and views that follow a few events at a time
    goal = create_active_goal(app)
    done = threading.Event()
    headers = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}

    def write() -> None:
        while not done.is_set():
            app.client.post(f"/v1/goals/{goal}/check-in", json={"progress": 0.5}, headers=headers)

    def follow() -> None:
        while not done.is_set():
            app.runtime.engine.catch_up(1)

    threads = [threading.Thread(target=write), threading.Thread(target=follow)]
    for thread in threads:
        thread.start()

    # when
    path = f"/v1/reports/drift?as_of={DAY}&explain=true"
    try:
        answers = [app.as_member("stella").get(path) for _ in range(20)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    app.runtime.engine.catch_up()

    # then
    for answer in answers:
        known = answer.json()["recorded_as_of"]
        again = app.as_member("stella").get(f"{path}&recorded_as_of={known}")
        assert (answer.content, answer.headers["ETag"]) == (again.content, again.headers["ETag"])
