"""Tensions over HTTP: which show, what was tried about them, who may see it, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal

REVIEW_ON = "2026-03-23"
PROPOSAL = {
    "tension": "silent_drift",
    "hypothesis": "A line on Fridays is enough to know",
    "measure": "Share of stale goals",
    "review_on": REVIEW_ON,
    "team": "core",
}
TENSIONS = [
    *("vague_expectations", "rigid_structure", "yes_and", "silent_drift", "imposed_goals", "unsupported"),
    *("monitoring", "purpose_lost", "results_only", "meeting_fatigue", "slow_consensus", "static_goals"),
]


def read_tension(app: ApiApp, person: str, name: str, query: str = "team=core") -> dict[str, Any]:
    report = app.as_member(person).get_ok(f"/v1/reports/tensions?{query}")
    entry: dict[str, Any] = next(entry for entry in report["tensions"] if entry["tension"] == name)
    return entry


def promise_five_goals(app: ApiApp) -> None:
    """Five goals of five owners, of which none has a measure."""
    for owner in ("ana", "ben", "mia", "sam", "lea"):
        create_active_goal(app, owner, "lea" if owner != "lea" else "sam", ref=f"of-{owner}")


def test_all_twelve_are_told_with_their_lines_and_figures(app: ApiApp) -> None:
    report = app.as_member("lea").get_ok("/v1/reports/tensions?team=core")

    assert sorted(TENSIONS) == sorted(entry["tension"] for entry in report["tensions"])
    named = {figure["name"] for figure in report["figures"]}
    assert all(set(entry["figures"]) <= named and entry["lines"] for entry in report["tensions"])


def test_a_tension_shows_with_its_events_and_since_when(app: ApiApp) -> None:
    promise_five_goals(app)

    entry = read_tension(app, "lea", "vague_expectations")
    assert ("shows", "2026-03-02", {"vague_line": "0.2"}) == (entry["state"], entry["since"], entry["lines"])
    report = app.as_member("lea").get_ok("/v1/reports/tensions?team=core&explain=true")
    [figure] = [f for f in report["figures"] if f["name"] == "goals_without_measure"]
    assert (5, 5) == (figure["count"], figure["n"])
    assert len(figure["events"]) >= 5


def test_the_policy_is_the_line(app: ApiApp) -> None:
    promise_five_goals(app)
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"vague_line": "1"}})

    entry = read_tension(app, "lea", "vague_expectations")

    assert ("absent", {"vague_line": "1"}) == (entry["state"], entry["lines"])


def test_what_was_tried_stands_beside_the_tension_from_then_on(app: ApiApp) -> None:
    # given
    lea, ana = app.as_member("lea"), app.as_member("ana")
    proposed = lea.post_ok("/v1/experiments", {**PROPOSAL, "owner": "ana", "ref": "fridays"})
    assert "proposed" == proposed["state"]
    assert [] != [e for e in ana.get_ok("/v1/me/inbox")["entries"] if e["subject"] == f"experiment/{proposed['id']}"]

    # when
    ana.post_ok("/v1/experiments/fridays/agree")
    ana.post_ok("/v1/experiments/fridays/review", {"finding": "Half of us wrote"})
    ana.post_ok("/v1/experiments/fridays/keep", {"outcome": "It stays"})

    # then
    [tried] = read_tension(app, "lea", "silent_drift")["tried"]
    assert ("kept", "It stays", "Half of us wrote", 1) == (
        *(tried["state"], tried["outcome"], tried["finding"]),
        tried["findings"],
    )
    history = lea.get_ok("/v1/experiments/fridays/history")["entries"]
    assert "kept what was tried: It stays" in history[-1]["text"]
    assert "tried" not in read_tension(app, "lea", "yes_and")
    assert "kept" == lea.get_ok("/v1/experiments?tension=silent_drift&state=kept")["experiments"][0]["state"]


def test_from_its_day_on_the_inbox_asks_for_a_look(app: ApiApp) -> None:
    ana = app.as_member("ana")
    made = ana.post_ok("/v1/experiments", PROPOSAL)

    def asked() -> list[Any]:
        entries = ana.get_ok("/v1/me/inbox")["entries"]
        return [entry["asks"][0]["acts"] for entry in entries if entry["subject"] == f"experiment/{made['id']}"]

    assert [] == asked()
    app.clock.now += timedelta(days=21)
    assert [["review", "drop"]] == asked()
    ana.post_ok(f"/v1/experiments/{made['id']}/review", {"finding": "Not sure", "next": "2026-04-20"})
    assert [] == asked()


@pytest.mark.parametrize(
    ("leaving", "asked"),
    [
        (["members/ana/leave"], {"ana": False, "lea": True, "stella": False}),
        (["members/ana/leave", "members/lea/leave"], {"lea": False, "stella": True}),
    ],
)
def test_whose_owner_has_left_is_looked_at_by_who_leads_or_a_steward_where_nobody_does(
    app: ApiApp, leaving: list[str], asked: dict[str, bool]
) -> None:
    made = app.as_member("ana").post_ok("/v1/experiments", PROPOSAL)
    for act in leaving:
        app.as_member("stella").post_ok(f"/v1/{act}", {})
    app.clock.now += timedelta(days=21)

    inboxes = {name: app.as_member(name).get("/v1/me/inbox").json().get("entries", []) for name in asked}

    subject = f"experiment/{made['id']}"
    assert asked == {name: subject in [entry["subject"] for entry in found] for name, found in inboxes.items()}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"review_on": None}, "/review_on"),
        ({"review_on": "2026-03-02"}, "/review_on"),
        ({"review_on": "2027-03-02"}, "/review_on"),
        ({"tension": "laziness"}, "/tension"),
        ({"owner": "nobody-here"}, "/owner"),
        ({"team": "rivals"}, "/team"),
        ({"hypothesis": ""}, "/hypothesis"),
    ],
)
def test_an_experiment_that_lacks_what_it_needs_is_refused_by_name(app: ApiApp, body: Any, pointer: str) -> None:
    before = app.runtime.ledger.position(app.organisation_id())

    answer = app.as_member("lea").post("/v1/experiments", {**PROPOSAL, **body})

    assert answer.status_code in (404, 422), answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert before == app.runtime.ledger.position(app.organisation_id())


def test_an_owner_who_left_is_refused(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/members/ben/leave")

    answer = app.as_member("lea").post("/v1/experiments", {**PROPOSAL, "owner": "ben"})

    assert (422, "/owner") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert "has left" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ("team=core&window=0", 422, "/window"),
        ("team=core&window=10000", 422, "/window"),
        ("member=ana", 422, "/member"),
        ("team=no-such-team", 404, "/team"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(app: ApiApp, query: str, status: int, pointer: str) -> None:
    answer = app.as_member("stella").get(f"/v1/reports/tensions?{query}")

    assert (status, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"])


def test_who_sees_no_persons_is_told_no_past_and_nothing_of_few(app: ApiApp) -> None:
    # given one goal in the team: behind its figures stands one person
    create_active_goal(app, "ana", "lea")

    # when
    few = read_tension(app, "mia", "vague_expectations")
    promise_five_goals(app)
    many = read_tension(app, "mia", "static_goals")

    # then
    assert ("withheld", "small_group") == (few["state"], few["rule"])
    assert "since" not in many
    assert 403 == app.as_member("mia").get("/v1/reports/tensions?team=edge").status_code
    past = read_tension(app, "mia", "vague_expectations", "team=core&as_of=2026-03-01")
    assert ("withheld", "present_only") == (past["state"], past["rule"])


def test_another_teams_experiment_is_not_for_others(app: ApiApp) -> None:
    eva = app.as_member("eva")
    eva.post_ok("/v1/experiments", {**PROPOSAL, "team": "edge", "ref": "theirs"})

    mia = app.as_member("mia")
    assert 403 == mia.get("/v1/experiments/theirs").status_code
    assert [] == mia.get_ok("/v1/experiments")["experiments"]
    assert not read_tension(app, "mia", "silent_drift", "").get("tried")
    assert 1 == len(read_tension(app, "stella", "silent_drift", "")["tried"])
    assert 403 == mia.post("/v1/experiments/theirs/drop", {"reason": {"code": "capacity", "text": "x"}}).status_code
