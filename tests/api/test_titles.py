"""A title is for those who may see what bears it, in whichever sentence, list or answer it would stand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.test_cycles import adopt_purpose, open_cycle

CANARY = "A quiet plan of edge"


@pytest.fixture
def hidden(app: ApiApp) -> str:
    """A goal of team edge, which nobody of core may see."""
    return create_active_goal(app, "ned", "eva", team="edge", title=CANARY, ref="quiet")


def move_due(app: ApiApp, goal: str, owner: str, sponsor: str, day: str = "2026-04-20", **more: Any) -> None:
    """Have the due moved by both parties."""
    body = {"changes": {"due": day}, "reason": why(), **more}
    opened = app.as_member(owner).post_ok(f"/v1/goals/{goal}/propose-change", body)["open"]
    app.as_member(sponsor).post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})


@pytest.fixture
def own(app: ApiApp, hidden: str) -> str:
    """A goal of core that names the hidden one wherever an act may name a goal."""
    goal = create_active_goal(
        app, supports=[{"goal": "quiet"}], effort_hours=300, trade_offs=[{"kind": "drop", "goal": "quiet"}]
    )
    move_due(app, hidden, "ned", "eva")
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/affirm-link", {"supports": [{"goal": "quiet"}]})
    gives = [{"kind": "defer", "goal": "quiet"}]
    move_due(app, goal, "ana", "sam", "2026-05-20", trigger="parent", trade_offs=gives)
    move_due(app, hidden, "ned", "eva", "2026-05-01")
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/unlink", {"supports": [{"goal": "quiet"}], "reason": why()})
    app.as_member("ana").post_ok(
        f"/v1/goals/{goal}/propose-change", {"changes": {"supports": [{"goal": "quiet"}]}, "reason": why()}
    )
    return goal


FIELDS = ("due", "supports", "effort_hours", "state")


def list_answers(app: ApiApp, person: str, goal: str) -> dict[str, str]:
    """Everything that says something of the goal, to this person."""
    paths = [
        f"/v1/goals/{goal}/history",
        *(f"/v1/goals/{goal}/why?field={field}" for field in FIELDS),
        f"/v1/goals/{goal}/links",
        f"/v1/goals/{goal}/diff?from=2026-03-01",
        "/v1/me/inbox?names=true",
        "/v1/teams/core/digest?names=true",
        f"/v1/events?subject=goal/{goal}",
        "/v1/goals",
        *(f"/v1/reports/{name}?names=true&explain=true" for name in ("drift", "overload", "support", "tensions")),
        *(f"/v1/reports/{name}?format=text&explain=true" for name in ("drift", "overload", "support", "alignment")),
    ]
    reader = app.as_member(person)
    answers = {path: reader.get(path) for path in paths}
    return {path: answer.text for path, answer in answers.items() if answer.is_success}


def test_no_sentence_or_list_says_the_title_of_a_goal_that_its_reader_may_not_see(app: ApiApp, own: str) -> None:
    # when whoever may see the hidden goal reads on
    told = [path for path, text in list_answers(app, "stella", own).items() if CANARY in text]

    # then it is called by its title, and for its reader who may not it is another goal
    assert {f"/v1/goals/{own}/history", f"/v1/goals/{own}/why?field=due"} <= set(told)
    for person in ("ana", "sam", "lea"):
        answers = list_answers(app, person, own)
        assert [] == [path for path, text in answers.items() if CANARY in text]
        assert "another goal" in answers[f"/v1/goals/{own}/history"]


def test_an_inbox_and_a_digest_name_the_parents_that_their_readers_may_see(app: ApiApp, hidden: str) -> None:
    # given links of ana's goal to a goal of edge and to one of core, both of which moved on
    visible = create_active_goal(app, "ben", "lea", title="A plan of core")
    create_active_goal(app, supports=[{"goal": hidden}, {"goal": visible}])
    move_due(app, hidden, "ned", "eva")
    move_due(app, visible, "ben", "lea")

    # when
    ana, stella = app.as_member("ana"), app.as_member("stella")
    inbox = ana.get_ok("/v1/me/inbox?names=true")
    digests = {who: c.get_ok("/v1/teams/core/digest?names=true") for who, c in (("ana", ana), ("stella", stella))}

    # then both wait for a word, and one of them has a title for her
    asked = {ask["parent"] for entry in inbox["entries"] for ask in entry["asks"] if ask["kind"] == "link"}
    assert {hidden, visible} == asked
    assert (True, False) == (visible in inbox["names"], hidden in inbox["names"])
    assert {"ana": False, "stella": True} == {who: hidden in d["names"] for who, d in digests.items()}
    assert {"ana": True, "stella": True} == {who: visible in d["names"] for who, d in digests.items()}


def test_names_of_the_past_are_for_those_who_may_see_what_bears_them_now(app: ApiApp, own: str) -> None:
    # given ned, who is asked for help by the goal of core now, and was not when it was promised
    needs = [{"text": "a review", "addressee": "ned"}]
    app.as_member("ana").post_ok(f"/v1/goals/{own}/check-in", {"note": "stuck", "needs": needs})

    for query in ("", "?as_of=2026-03-02"):
        told = {person: app.as_member(person).get(f"/v1/goals/{own}/history{query}").text for person in ("ana", "ned")}
        assert {"ana": False, "ned": True} == {person: CANARY in text for person, text in told.items()}


def test_a_preview_withholds_the_load_of_an_owner_whom_its_reader_may_not_see(app: ApiApp) -> None:
    # given an offer of ana's to ned, who is of another team
    goal = app.as_member("ana").post_ok("/v1/goals", offer("ana", "ned", effort_hours=60))

    # when
    body = {"do": "accept", "answers": goal["open"]}
    for_sponsor = app.as_member("ned").post_ok(f"/v1/goals/{goal['id']}/preview", body)
    [fact] = [one["data"] for one in for_sponsor["would"] if one["type"] == "goal.accepted.v1"]

    # then
    assert (True, None, None) == tuple(fact["taken_as"][name] for name in ("withheld", "worst_ratio", "worst_week"))
    assert [] == for_sponsor["load"]


def test_a_cycle_counts_the_goals_that_its_reader_may_see(app: ApiApp, hidden: str) -> None:
    # given the organisation's own cycle with a goal of each team
    visible = create_active_goal(app)
    stella = app.as_member("stella")
    adopt_purpose(stella, app.clock, "organisation")
    open_cycle(stella, "q1", team=None, goals=[hidden, visible])

    # when
    listed = {p: app.as_member(p).get_ok("/v1/cycles")["cycles"][0]["goals"] for p in ("stella", "ana", "ned", "bot")}
    shared = app.as_member("ana").post_ok("/v1/cycles/q1/share-reflection", {"worked": "the reviews"})

    # then
    assert {"stella": 2, "ana": 1, "ned": 1, "bot": 0} == listed
    assert 1 == shared["goals"]


def test_a_list_filtered_by_a_hidden_cycle_is_answered_as_by_one_that_is_not_there(app: ApiApp) -> None:
    # given a cycle of team edge
    adopt_purpose(app.as_member("eva"), app.clock, "edge")
    open_cycle(app.as_member("eva"), "e1", team="edge")

    # when
    asked = [app.as_member("ana").get(f"/v1/goals?cycle={ref}") for ref in ("e1", "no-such-cycle")]

    # then
    first, second = ({k: v for k, v in one.json().items() if k not in ("instance", "request_id")} for one in asked)
    assert (404, 404, first) == (*(one.status_code for one in asked), second)
