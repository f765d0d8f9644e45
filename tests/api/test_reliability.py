"""Reliability over HTTP: who sees whose, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal


@pytest.fixture
def goal(app: ApiApp) -> str:
    """Ana's goal of core, due on 27 March, delivered on the 20th and without a verdict on the 31st."""
    found = create_active_goal(app)
    app.clock.now = datetime(2026, 3, 20, 9, tzinfo=UTC)
    app.as_member("ana").post_ok(f"/v1/goals/{found}/declare-complete")
    app.clock.now = datetime(2026, 3, 31, 9, tzinfo=UTC)
    return found


def ask(app: ApiApp, by: str, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = app.as_member(by).get_ok(f"/v1/reports/reliability?{query}")
    return answer


def find(report: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [figure for figure in report["figures"] if figure["name"] == name]
    return dict(found)


def test_a_lead_sees_the_team_and_who_waits_for_whom(app: ApiApp, goal: str) -> None:
    report = ask(app, "lea", "team=core&names=true&explain=true")

    kept = find(report, "kept_as_promised")
    assert (1, 1, True) == (kept["count"], kept["n"], kept["small_sample"])
    assert "line" not in kept
    # Offered, accepted and delivered.
    assert len(kept["events"]) == 3
    assert [(goal, "Sam", "Ana", "verdict")] == [
        (o["goal"], report["names"][o["answerer"]], report["names"][o["waits"]], o["what"])
        for o in report["open_answers"]
    ]
    assert not [figure for figure in report["figures"] if "member" in figure]


def test_a_team_of_few_shows_a_member_no_figure_and_the_member_their_own(app: ApiApp, goal: str) -> None:
    team, own = ask(app, "ana", "team=core"), ask(app, "ana", "member=ana")

    assert ("withheld", "small_group") == tuple(find(team, "honoured")[key] for key in ("status", "rule"))
    assert {app.resolve_id("member", "ana")} == {figure["member"] for figure in own["figures"]}
    assert 1 == find(own, "honoured")["count"]


@pytest.mark.parametrize(
    ("by", "query", "status", "rule"),
    [
        ("ana", "member=ben", 403, "person-level figures"),
        ("ned", "team=core", 403, "this team's figures"),
        ("stella", "window=0", 422, "/window"),
        ("stella", "window=10000", 422, "/window"),
        ("stella", "team=nowhere", 404, "team"),
        ("stella", "member=nobody", 404, "member"),
    ],
)
def test_what_is_refused_names_the_rule(app: ApiApp, by: str, query: str, status: int, rule: str) -> None:
    before = app.count_events()

    response = app.as_member(by).get(f"/v1/reports/reliability?{query}")

    assert status == response.status_code
    assert rule in response.text
    assert before == app.count_events()


def test_another_organisations_team_and_member_are_not_there(app: ApiApp) -> None:
    for kind, ref in (("team", "core"), ("member", "ana")):
        theirs = app.resolve_id(kind, ref, "rival")
        assert 404 == app.as_member("stella").get(f"/v1/reports/reliability?{kind}={theirs}").status_code


def test_the_figures_of_a_member_who_left_are_for_stewards(app: ApiApp, goal: str) -> None:
    app.as_member("stella").post_ok("/v1/members/ana/leave")

    assert 1 == find(ask(app, "stella", "member=ana"), "honoured")["count"]
    assert 403 == app.as_member("lea").get("/v1/reports/reliability?member=ana").status_code


def test_the_same_question_has_the_same_bytes_after_more_was_recorded(app: ApiApp, goal: str) -> None:
    path = "/v1/reports/reliability?team=core&explain=true"
    before = app.as_member("lea").get(f"{path}&as_of=2026-03-31")
    known = before.json()["recorded_as_of"]
    delivery = app.as_member("sam").get_ok(f"/v1/goals/{goal}")
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/declare-satisfied", {"answers": delivery["open"]})

    after = app.as_member("lea").get(f"{path}&as_of=2026-03-31&recorded_as_of={known}")

    assert before.content == after.content


def test_the_text_says_counts_first_and_names_nobody_but_who_waits(app: ApiApp, goal: str) -> None:
    text = app.as_member("lea").get("/v1/reports/reliability?team=core&format=text").text

    assert "Kept as first promised: 1 of 1 (100 %) [small sample]" in text
    assert "“A goal”, due 2026-03-27: Ana waits for a verdict from Sam" in text
