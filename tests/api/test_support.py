"""Support over HTTP: what a check-in asks for, who may answer, and what of it who may see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer


@pytest.fixture
def goal(app: ApiApp) -> str:
    """Ana's goal, in whose first check-in she asks Ben for a review and Sam (naming nobody) for a key."""
    found = create_active_goal(app)
    set_clock(app, 4)
    asked = {"needs": [{"text": "a review", "addressee": "ben", "answer_by": "2026-03-06"}, {"text": "a key"}]}
    app.as_member("ana").post_ok(f"/v1/goals/{found}/check-in", asked)
    return found


def set_clock(app: ApiApp, day: int, month: int = 3) -> None:
    app.clock.now = datetime(2026, month, day, 9, tzinfo=UTC)


def get_report(app: ApiApp, by: str, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = app.as_member(by).get_ok(f"/v1/reports/support?{query}")
    return answer


def find_figure(told: dict[str, Any], name: str, **keys: str) -> dict[str, Any]:
    [found] = [f for f in told["figures"] if f["name"] == name and all(f.get(k) == v for k, v in keys.items())]
    return dict(found)


def test_needs_are_told_by_deadline_and_their_answer_takes_them_off(app: ApiApp, goal: str) -> None:
    set_clock(app, 9)
    told = get_report(app, "lea", "team=core&names=true")

    assert [("Ben", "2026-03-06", True), ("Sam", "2026-03-11", False)] == [
        (told["names"][n["helper"]], n["answer_by"], n.get("overdue", False)) for n in told["needs"]
    ]
    ben = app.resolve_id("member", "ben")
    assert (1, 1) == tuple(find_figure(told, "help_past_answer_by", member=ben)[k] for k in ("count", "n"))

    app.as_member("ben").post_ok(f"/v1/goals/{goal}/answer-need", {"need": told["needs"][0]["need"], "text": "read"})
    after = get_report(app, "lea", "team=core")
    assert [app.resolve_id("member", "sam")] == [n["helper"] for n in after["needs"]]
    assert 5.0 == round(find_figure(after, "help_answer_days", member=ben)["value"], 3)


def test_an_answer_by_somebody_else_is_refused_saying_who_may(app: ApiApp, goal: str) -> None:
    need = get_report(app, "lea", "team=core")["needs"][0]["need"]
    before = app.count_events()

    for other in ("ana", "mia"):
        response = app.as_member(other).post(f"/v1/goals/{goal}/answer-need", {"need": need, "text": "I do"})
        assert (403, "not_a_party") == (response.status_code, response.json()["code"])
        assert app.resolve_id("member", "ben") in response.json()["detail"]
    # Who does not see the goal is not told whom it waits for.
    unseen = app.as_member("ned").post(f"/v1/goals/{goal}/answer-need", {"need": need, "text": "I do"})
    assert (403, "forbidden") == (unseen.status_code, unseen.json()["code"])
    assert app.resolve_id("member", "ben") not in unseen.text
    assert before == app.count_events()


def test_a_need_addressed_to_another_organisation_is_refused(app: ApiApp, goal: str) -> None:
    theirs = app.resolve_id("member", "ned", "rival")
    before = app.count_events()

    for nobody in (theirs, "who is that"):
        body = {"needs": [{"text": "help", "addressee": nobody}]}
        response = app.as_member("ana").post(f"/v1/goals/{goal}/check-in", body)
        assert (404, "not_found") == (response.status_code, response.json()["code"])
        assert ["a joined member", "nobody: the sponsor"] == response.json()["allowed"]
    assert before == app.count_events()


def test_help_is_person_level_and_a_group_of_five_may_see_its_own_figures(app: ApiApp, goal: str) -> None:
    set_clock(app, 9)
    persons = {
        by: {f["member"] for f in get_report(app, by, "team=core")["figures"] if "member" in f} for by in ("ana", "lea")
    }

    assert {app.resolve_id("member", "ana")} == persons["ana"]
    assert {app.resolve_id("member", name) for name in ("lea", "ana", "ben", "sam", "mia")} == persons["lea"]
    assert 403 == app.as_member("ana").get("/v1/reports/support?member=ben").status_code
    assert 403 == app.as_member("ned").get("/v1/reports/support?team=core").status_code


def test_another_team_sees_no_need_of_a_goal_that_it_may_not_see(app: ApiApp, goal: str) -> None:
    told = get_report(app, "ned")

    assert ([], []) == (told["needs"], [f for f in told["figures"] if "goal" in f])
    assert "small_group" == find_figure(told, "needs_raised")["rule"]  # ten people, of whom one asks


def test_another_organisations_key_sees_nothing_of_it(app: ApiApp, goal: str) -> None:
    told = app.as_member("stella", "rival").get_ok("/v1/reports/support")

    assert ([], 0) == (told["needs"], find_figure(told, "needs_raised")["value"])
    assert (
        404
        == app.as_member("stella", "rival")
        .get(f"/v1/reports/support?team={app.resolve_id('team', 'core')}")
        .status_code
    )


def test_an_old_question_has_the_same_bytes_whatever_came_since(app: ApiApp, goal: str) -> None:
    known = app.clock.now.isoformat().replace("+00:00", "Z")
    path = f"/v1/reports/support?team=core&as_of=2026-03-05&recorded_as_of={known}&explain=true"
    before = app.as_member("lea").get(path).content
    set_clock(app, 12)
    need = get_report(app, "lea", "team=core")["needs"][0]["need"]

    app.as_member("ben").post_ok(f"/v1/goals/{goal}/answer-need", {"need": need, "text": "read"})

    assert before == app.as_member("lea").get(path).content


# --- a history that is imported, and told ----------------------------------------------------------------------------


def rows(*said: dict[str, Any]) -> bytes:
    """Import rows about goal `old`, a day apart from 2026-01-05."""
    return b"\n".join(
        json.dumps({"at": f"2026-01-{5 + day:02}T09:00:00Z", "goal": "old", **row}).encode()
        for day, row in enumerate(said)
    )


def import_content(app: ApiApp, content: bytes) -> Any:
    headers = {"Content-Type": "application/x-ndjson"}
    return app.as_member("stella").post("/v1/imports", content=content, headers=headers)


OPENING = (
    {"by": "ana", "do": "goal.offer", **{k: v for k, v in offer(due="2026-06-26").items() if k != "do"}},
    {"by": "sam", "do": "goal.accept"},
)


def test_a_history_of_support_is_imported_and_told_in_plain_words(app: ApiApp) -> None:
    asked = {"needs": [{"text": "a review", "addressee": "ben"}, {"text": "a key"}]}
    content = rows(
        *OPENING,
        {"by": "ana", "do": "goal.check_in", **asked},
        {"by": "ben", "do": "goal.answer_need", "text": "read"},
        {"by": "ana", "do": "goal.raise_blocker", "blocker": {"text": "no room", "acts_next": "mia"}},
        {"by": "mia", "do": "goal.resolve_blocker", "resolution": "room 4"},
        {"by": "sam", "do": "goal.feedback", "text": "well put"},
        {"by": "ana", "do": "goal.feedback", "text": "clear brief", "on": "clarity"},
        {"by": "ana", "do": "goal.affirm", "note": "as agreed"},
    )
    answer = import_content(app, content)
    assert {"accepted": 9, "already": 0}.items() <= answer.json().items(), answer.text

    told = get_report(app, "lea", "team=core&as_of=2026-01-20&names=true")
    assert [("Sam", "2026-01-14", True)] == [
        (told["names"][n["helper"]], n["answer_by"], n["overdue"]) for n in told["needs"]
    ]
    assert (1, 2) == tuple(find_figure(told, "needs_answered")[k] for k in ("count", "n"))
    assert [1.0, 1, 1] == [
        find_figure(told, name)["value"]
        for name in ("blocker_resolve_days", "feedback_to_owner", "feedback_to_sponsor")
    ]
    history = app.as_member("lea").get_ok("/v1/goals/old/history")["entries"]
    assert [
        "Ana checked in: needs a review from Ben by 2026-01-14; needs a key by 2026-01-14.",
        "Ben answered a need: read.",
    ] == [entry["text"] for entry in history[2:4]]
    for entry, word in zip(history[4:], ("Mia", "room 4", "well put", "clear brief", "as agreed"), strict=True):
        assert word in entry["text"], entry["text"]


def test_an_import_asks_nobody_of_another_organisation(app: ApiApp) -> None:
    asked = {"needs": [{"text": "help", "addressee": app.resolve_id("member", "ned", "rival")}]}
    before = app.count_events()

    answer = import_content(app, rows(*OPENING, {"by": "ana", "do": "goal.check_in", **asked}))

    assert (422, "import_refused") == (answer.status_code, answer.json()["code"])
    assert before == app.count_events()


def test_calibration_is_told_to_nobody_but_its_owner(app: ApiApp, goal: str) -> None:
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"confidence": 0.8})

    mine = app.as_member("ana").get_ok("/v1/me/calibration")
    assert {("too_few", app.resolve_id("member", "ana"))} == {(f["status"], f["member"]) for f in mine["figures"]}
    for by in ("lea", "stella", "aud", "ana"):
        assert not [f for f in get_report(app, by, "member=ana")["figures"] if f["name"].startswith("confidence")]
    assert 404 == app.as_member("stella").get("/v1/members/ana/calibration").status_code
