"""`changed_after=` on every list: what has an event behind a position, and nothing else."""

from __future__ import annotations

from services.api.app import ROUTES
from services.api.operations import ListQuery
from tests.api.app_under_test import ApiApp, create_active_goal, why

LISTS = ("goals", "members", "teams", "charters", "cycles", "decisions", "experiments", "pulses", "recognitions")


def list_ids(app: ApiApp, kind: str, after: int, person: str = "stella") -> set[str]:
    answer = app.as_member(person).get_ok(f"/v1/{kind}?changed_after={after}")
    return {item["id"] for item in answer[kind]}


def test_every_list_of_streams_takes_it() -> None:
    lists = {route.path for route in ROUTES if issubclass(route.operation.query, ListQuery)}

    assert {f"/v1/{kind}" for kind in LISTS} == lists


def test_each_list_shows_what_has_changed_since(app: ApiApp) -> None:
    # given
    goal, other = create_active_goal(app), create_active_goal(app)
    app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"text": "We test"})
    before = app.as_member("stella").get("/v1/goals").headers["Plimsoll-Position"]
    assert {kind: set[str]() for kind in LISTS} == {kind: list_ids(app, kind, int(before)) for kind in LISTS}

    # when something happens to one of each
    thanks = {"member": "sam", "kind": "relationship", "text": "Thank you.", "goal": other}
    given = app.as_member("ana").post_ok("/v1/recognitions", thanks)
    pulse = app.as_member("stella").post_ok("/v1/pulses", {"team": "core", "closes_on": "2026-03-20"})
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "on the way", "progress": "0.5"})
    capacity = {"hours_per_week": 30, "from": "2026-03-09"}
    app.as_member("ana").post_ok("/v1/members/ana/capacity", capacity)
    app.as_member("stella").post_ok("/v1/teams/core/rename", {"name": "Kernel"})
    charter = app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"text": "We ship"})

    tried = {"tension": "silent_drift", "hypothesis": "A line is enough", "measure": "stale share", "team": "core"}
    tried |= {"review_on": "2026-04-20"}
    experiment = app.as_member("lea").post_ok("/v1/experiments", tried)

    # then it is in its list, and all of them are behind 0
    assert {
        "goals": {goal},
        "members": {app.resolve_id("member", "ana")},
        "teams": {app.resolve_id("team", "core")},
        "charters": {charter["id"]},
        "cycles": set(),
        "decisions": set(),
        "experiments": {experiment["id"]},
        "pulses": {pulse["id"]},
        "recognitions": {given["id"]},
    } == {kind: list_ids(app, kind, int(before)) for kind in LISTS}
    assert {goal, other} == list_ids(app, "goals", 0)


def test_an_event_that_changes_no_column_counts(app: ApiApp) -> None:
    goal = create_active_goal(app)
    before = int(app.as_member("stella").get("/v1/goals").headers["Plimsoll-Position"])

    app.as_member("sam").post_ok(f"/v1/goals/{goal}/feedback", {"text": "well done, all of it"})

    assert {goal} == list_ids(app, "goals", before)


def test_the_next_question_begins_at_the_position_of_the_answer(app: ApiApp) -> None:
    # given a list that is paged while something happens
    made = {create_active_goal(app) for _ in range(3)}
    first = app.as_member("stella").get("/v1/goals?changed_after=0&limit=2")
    late = create_active_goal(app)

    # when
    rest = app.as_member("stella").get(first.links["next"]["url"])
    more = list_ids(app, "goals", int(first.headers["Plimsoll-Position"]))

    # then the pages are of one moment, and what came meanwhile is behind it
    assert made == {goal["id"] for page in (first, rest) for goal in page.json()["goals"]}
    assert {late} == more


def test_a_position_that_is_not_reached_is_refused(app: ApiApp) -> None:
    response = app.as_member("stella").get("/v1/goals?changed_after=99999")

    assert (422, "/changed_after") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_what_one_may_not_see_is_not_in_it(app: ApiApp) -> None:
    goal = create_active_goal(app)
    app.as_member("ana").post_ok(
        f"/v1/goals/{goal}/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why()}
    )

    assert set() == list_ids(app, "goals", 0, "ned")
