"""A team's digest over HTTP: what changed, what is needed of whom, what stands; for those whose team it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why


def set_clock(app: ApiApp, day: int, month: int = 3) -> None:
    app.clock.now = datetime(2026, month, day, 9, tzinfo=UTC)


def get_digest(app: ApiApp, query: str = "", by: str = "mia", team: str = "core") -> dict[str, Any]:
    told: dict[str, Any] = app.as_member(by).get_ok(f"/v1/teams/{team}/digest?{query}")
    return told


def count_items(told: dict[str, Any]) -> dict[str, int]:
    return {name: part["count"] for name, part in told.items() if isinstance(part, dict) and "count" in part}


@pytest.fixture
def week(app: ApiApp) -> dict[str, str]:
    """Promises of Monday the 2nd; on the 10th one changes, one asks for help, one is stuck, one is offered."""
    goals = {
        name: create_active_goal(app, owner, title=name.title(), ref=name, due="2026-06-26")
        for name, owner in (("report", "ana"), ("garden", "ben"), ("roof", "mia"), ("still", "ana"))
    }
    set_clock(app, 10)
    body = {"changes": {"due": "2026-07-10"}, "reason": why("estimate_wrong", "twice the pages")}
    opened = app.as_member("ana").post_ok("/v1/goals/report/propose-change", body)["open"]
    app.as_member("sam").post_ok("/v1/goals/report/accept-change", {"answers": opened})
    need = {"text": "a spade", "addressee": "lea", "answer_by": "2026-03-11"}
    app.as_member("ben").post_ok("/v1/goals/garden/check-in", {"needs": [need]})
    app.as_member("mia").post_ok("/v1/goals/roof/raise-blocker", {"blocker": {"text": "no ladder", "acts_next": "sam"}})
    app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam", ref="attic", title="Attic"))
    app.as_member("ana").post_ok("/v1/affirmations", {"goals": ["still"]})
    set_clock(app, 12)
    return goals


def test_the_digest_tells_what_changed_what_is_needed_and_what_stands(app: ApiApp, week: dict[str, str]) -> None:
    told = get_digest(app, "names=true")

    assert {
        "changed": 1,
        "needs": 1,
        "blockers": 1,
        "answers": 1,
        "quiet": 0,
        "links": 0,
        "unchanged": 1,
    } == count_items(told)
    [change] = told["changed"]["items"]
    assert (f"goal/{week['report']}", "goal.change_accepted.v1") == (change["subject"], change["type"])
    assert "Sam" in change["text"]
    [need] = told["needs"]["items"]
    assert ("Lea", "a spade", "2026-03-12", True) == (
        told["names"][need["whom"]],
        need["text"],
        need["until"][:10],
        need["overdue"],
    )
    [blocker] = told["blockers"]["items"]
    assert ("Sam", "no ladder") == (told["names"][blocker["whom"]], blocker["text"])
    [answer] = told["answers"]["items"]
    assert ("Sam", ["accept", "counter", "decline"]) == (told["names"][answer["whom"]], answer["acts"])
    assert ["Still"] == [goal["title"] for goal in told["unchanged"]["items"]]


def test_each_line_of_a_digest_says_of_what_it_is(app: ApiApp, week: dict[str, str]) -> None:
    # given a goal and the charters, whose events name nothing by themselves
    purpose = {"text": "why", "to_team": "a", "to_clients": "b", "to_organisation": "c", "until": "2026-04-09"}
    app.as_member("lea").post_ok("/v1/charters/core/propose-purpose", purpose)
    app.as_member("stella").post_ok("/v1/charters/organisation/propose-purpose", purpose)

    # when
    lines = [change["text"] for change in get_digest(app, "since=2026-03-02")["changed"]["items"]]

    # then
    subjects = ('"Report": ', '"Still": ', "The charter of Core: ", "The organisation's charter: ")
    for subject in subjects:
        assert any(line.startswith(subject) for line in lines), (subject, lines)
    assert all(": " in line for line in lines)


def test_since_reaches_back_as_far_as_it_is_asked(app: ApiApp, week: dict[str, str]) -> None:
    assert 5 == get_digest(app, "since=2026-03-02")["changed"]["count"]
    assert 0 == get_digest(app, "since=2026-03-11")["changed"]["count"]
    assert 1 == get_digest(app, "since=2026-03-10")["changed"]["count"]
    assert 4 == get_digest(app, "since=2026-03-02&as_of=2026-03-09")["changed"]["count"]


def test_goals_of_which_nobody_spoke_are_quiet_and_a_lapsed_one_wants_a_word(app: ApiApp) -> None:
    create_active_goal(app, title="Quiet", due="2026-06-26")
    create_active_goal(app, "ben", title="Lapsed", due="2026-03-06")
    set_clock(app, 20)
    for organisation, goal in app.runtime.ledger.find_streams_with_due_timers(app.clock.now, 10):
        app.runtime.ledger.run_timers(organisation, goal)
    app.runtime.engine.catch_up()

    told = get_digest(app)

    assert ["lapsed", "check_in"] == [ask["kind"] for ask in told["quiet"]["items"]][::-1]
    assert 0 == told["unchanged"]["count"]


def test_every_list_is_bounded_and_counts_all(app: ApiApp) -> None:
    for number in range(4):
        app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam", title=f"Goal {number}"))
        create_active_goal(app, title=f"Promise {number}")

    told = get_digest(app, "limit=2")

    assert [(4, 2), (4, 2)] == [(told[part]["count"], len(told[part]["items"])) for part in ("answers", "changed")]


def test_the_charter_of_the_team_and_the_organisations_own_are_in_it(app: ApiApp) -> None:
    purpose = {"text": "why", "to_team": "a", "to_clients": "b", "to_organisation": "c", "until": "2026-03-09"}
    for by, of in (("lea", "core"), ("eva", "edge"), ("stella", "organisation")):
        app.as_member(by).post_ok(f"/v1/charters/{of}/propose-purpose", purpose)

    told = get_digest(app)["changed"]

    core, own = (app.as_member("lea").get_ok(f"/v1/charters/{of}")["id"] for of in ("core", "organisation"))
    assert {f"charter/{core}", f"charter/{own}"} == {change["subject"] for change in told["items"]}
    assert 2 == told["count"]


def test_however_much_happened_to_a_charter_no_more_is_read_than_is_told(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        purpose = {"text": "why", "to_team": "a", "to_clients": "b", "to_organisation": "c", "until": "2026-03-09"}
        app.as_member("lea").post_ok("/v1/charters/core/propose-purpose", purpose | {"ref": f"p{number}"})
    read: list[int] = []
    query = app.runtime.database.query

    def counting(sql: str, params: Any = None) -> Any:
        rows = query(sql, params)
        read.append(len(rows) if "FROM history" in sql else 0)
        return rows

    monkeypatch.setattr(app.runtime.database, "query", counting)
    changed = get_digest(app, "limit=2&since=1970-01-01")["changed"]

    assert (6, 2) == (changed["count"], len(changed["items"]))
    assert max(read) == 2


def test_the_digest_is_for_those_whose_team_it_is(app: ApiApp, week: dict[str, str]) -> None:
    for by in ("ana", "lea", "stella", "aud"):
        assert 1 == get_digest(app, by=by)["changed"]["count"]
    for by in ("ned", "bot"):
        assert 403 == app.as_member(by).get("/v1/teams/core/digest").status_code
    assert 0 == get_digest(app, by="ned", team="edge")["changed"]["count"]
    rival = app.as_member("mia", "rival")
    assert 0 == rival.get_ok("/v1/teams/core/digest")["changed"]["count"]
    assert 404 == rival.get(f"/v1/teams/{app.resolve_id('team', 'core')}/digest").status_code


def test_a_digest_of_the_past_stays_as_it_was(app: ApiApp, week: dict[str, str]) -> None:
    known = app.clock.now.isoformat().replace("+00:00", "Z")
    path = f"/v1/teams/core/digest?as_of=2026-03-11&recorded_as_of={known}"
    before = app.as_member("mia").get(path).content
    need = get_digest(app)["needs"]["items"][0]["need"]

    app.as_member("lea").post_ok("/v1/goals/garden/answer-need", {"need": need, "text": "here"})
    app.as_member("sam").post_ok("/v1/goals/still/cancel", {"reason": why()})

    assert before == app.as_member("mia").get(path).content
    assert {"changed": 2, "needs": 0} == {
        k: v for k, v in count_items(get_digest(app)).items() if k in ("changed", "needs")
    }


@pytest.mark.parametrize("query", ["since=2026-03-13", "since=yesterday", "since=0001-01-01", "limit=0", "limit=101"])
def test_a_question_that_makes_no_sense_is_refused(app: ApiApp, week: dict[str, str], query: str) -> None:
    assert 422 == app.as_member("mia").get(f"/v1/teams/core/digest?{query}").status_code
