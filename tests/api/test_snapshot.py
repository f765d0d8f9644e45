"""`GET /v1/snapshot` and `include=state`: a mirror that folds nothing has what we have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why


def read_snapshot(app: ApiApp, person: str, query: str = "") -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The head, and each resource by its stream."""
    response = app.as_member(person).get(f"/v1/snapshot{query}")
    assert (200, "application/x-ndjson") == (response.status_code, response.headers["Content-Type"])
    head, *lines, end = [json.loads(line) for line in response.text.splitlines()]
    resources = {f"{line['resource']['kind']}/{line['resource']['id']}": line["resource"] for line in lines}
    assert {"position": head["snapshot"]["position"], "resources": len(resources)} == end["end"]
    assert str(head["snapshot"]["position"]) == response.headers["Plimsoll-Position"]
    assert head["snapshot"]["epoch"] == response.headers["Plimsoll-Epoch"]
    return head["snapshot"], resources


def seed(app: ApiApp) -> str:
    """Goals of both teams and a charter; the id of a goal whose change is open."""
    goal = create_active_goal(app)
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "on the way", "progress": "0.5"})
    body = {"changes": {"due": "2026-04-10"}, "reason": why()}
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)
    app.as_member("eva").post_ok("/v1/goals", offer("eva", "ned", team="edge"))
    app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"text": "We test"})
    return goal


def test_a_snapshot_and_the_feed_behind_it_are_everything(app: ApiApp) -> None:
    # given a mirror that begins with a snapshot
    goal = seed(app)
    head, mirror = read_snapshot(app, "stella")

    # when it takes each later event's state as it comes
    change = mirror[f"goal/{goal}"]["goal"]["proposal"]["id"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": change})
    app.as_member("stella").post_ok("/v1/teams", {"name": "New", "lead": "lea", "ref": "new"})
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"wip_limit": 4}})
    path = f"/v1/events?after={head['position']}&epoch={head['epoch']}&include=state&limit=2"
    while events := (response := app.as_member("stella").get(path)).json():
        mirror |= {event["subject"]: event["data"]["state"] for event in events}
        path = response.links["next"]["url"]

    # then it has what a snapshot has now
    assert "include=state" in path
    assert read_snapshot(app, "stella")[1] == mirror
    assert "2026-04-10" == mirror[f"goal/{goal}"]["goal"]["terms"]["due"]


def test_a_snapshot_shows_each_goal_as_it_is_shown_by_itself(app: ApiApp) -> None:
    goal = seed(app)

    found = read_snapshot(app, "ana")[1][f"goal/{goal}"]

    shown = app.as_member("ana").get_ok(f"/v1/goals/{goal}")
    assert (shown["goal"], shown["version"], shown["state"]) == (found["goal"], found["version"], found["state"])


@pytest.mark.parametrize("person", ["ana", "ned", "lea", "bot", "aud"])
def test_a_snapshot_shows_what_its_viewer_sees_elsewhere(app: ApiApp, person: str) -> None:
    # given
    seed(app)
    viewer = app.as_member(person)

    # when
    _, resources = read_snapshot(app, person)

    # then the goals of the list, and of members what the list says of them
    goals = {f"goal/{goal['id']}" for goal in viewer.get_ok("/v1/goals?limit=200")["goals"]}
    assert goals == {stream for stream in resources if stream.startswith("goal/")}
    members = {f"member/{member['id']}": member for member in viewer.get_ok("/v1/members?limit=200")["members"]}
    assert members == {
        stream: resource["member"] for stream, resource in resources.items() if stream.startswith("member/")
    }
    teams = {team["id"] for team in viewer.get_ok("/v1/teams")["teams"]}
    assert teams == {resource["id"] for resource in resources.values() if resource["kind"] == "team"}


def test_a_snapshot_of_a_position_never_changes(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    head, before = read_snapshot(app, "stella")

    # when
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "on the way", "progress": "0.5"})
    create_active_goal(app)

    # then
    assert (head, before) == read_snapshot(app, "stella", f"?position={head['position']}")
    assert set(before) < set(read_snapshot(app, "stella")[1])


def test_a_snapshot_is_narrowed_to_kinds(app: ApiApp) -> None:
    create_active_goal(app)

    _, found = read_snapshot(app, "stella", "?kinds=goal,team")

    assert {"goal", "team"} == {resource["kind"] for resource in found.values()}


@pytest.mark.parametrize(("query", "pointer"), [("?position=99999", "/position"), ("?kinds=person", "/kinds/0")])
def test_a_snapshot_that_there_is_not_is_refused(app: ApiApp, query: str, pointer: str) -> None:
    response = app.as_member("stella").get(f"/v1/snapshot{query}")

    assert (422, pointer) == (response.status_code, response.json()["errors"][0]["pointer"])


def test_each_event_has_the_state_that_it_left(app: ApiApp) -> None:
    goal = seed(app)

    events = app.as_member("stella").get_ok(f"/v1/events?subject=goal/{goal}&include=state")

    states = [event["data"]["state"] for event in events]
    assert [1, 2, 3, 4] == [state["version"] for state in states]
    assert ["offered", "active", "active", "change_proposed_by_owner"] == [state["state"] for state in states]
    assert "0.5" == states[2]["goal"]["progress"]
    assert all(
        "state" not in event["data"] for event in app.as_member("stella").get_ok(f"/v1/events?subject=goal/{goal}")
    )
