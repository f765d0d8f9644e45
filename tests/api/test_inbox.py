"""What waits for me, and "nothing changed, still right" for several goals in one call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.test_cycles import adopt_purpose, open_cycle


def set_clock(app: ApiApp, day: int, month: int = 3, hour: int = 9) -> None:
    app.clock.now = datetime(2026, month, day, hour, tzinfo=UTC)


def get_inbox(app: ApiApp, by: str, query: str = "") -> dict[str, Any]:
    told: dict[str, Any] = app.as_member(by).get_ok(f"/v1/me/inbox?{query}")
    return told


def list_waiting(app: ApiApp, by: str) -> list[tuple[str, str, str | None]]:
    """Goal's title, kind and deadline's day of everything that waits."""
    return [
        (entry["title"], ask["kind"], (ask["until"] or "")[:10] or None)
        for entry in get_inbox(app, by)["entries"]
        for ask in entry["asks"]
    ]


def test_whoever_is_asked_finds_it_until_it_is_answered(app: ApiApp) -> None:
    # given an offer on Monday the 2nd: five working days end with Monday the 9th
    offered = app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam", title="Report"))
    assert [("Report", "answer", "2026-03-10")] == list_waiting(app, "sam")
    assert [] == list_waiting(app, "ana")
    app.as_member("sam").post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    assert [] == list_waiting(app, "sam")

    # when a change is proposed, a need raised and a blocker put to somebody
    path = f"/v1/goals/{offered['id']}"
    app.as_member("ana").post_ok(f"{path}/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why()})
    need = {"text": "a review", "addressee": "ben", "answer_by": "2026-03-05"}
    app.as_member("ana").post_ok(f"{path}/check-in", {"needs": [need]})
    app.as_member("ana").post_ok(f"{path}/raise-blocker", {"blocker": {"text": "no key", "acts_next": "mia"}})

    # then each finds what is theirs, in the words in which it was said
    assert [("Report", "answer", "2026-03-10")] == list_waiting(app, "sam")
    assert [("Report", "need", "2026-03-06")] == list_waiting(app, "ben")
    assert [("Report", "blocker", None)] == list_waiting(app, "mia")
    [entry] = get_inbox(app, "ben")["entries"]
    assert ["a review", ["answer_need"]] == [entry["asks"][0][field] for field in ("text", "acts")]
    told = {"need": entry["asks"][0]["need"], "text": "read"}
    app.as_member("ben").post_ok(f"{path}/answer-need", told)
    assert [] == list_waiting(app, "ben")
    assert "no key" == get_inbox(app, "mia")["entries"][0]["asks"][0]["text"]


def test_a_goal_that_asks_several_things_is_one_entry_by_its_nearest_deadline(app: ApiApp) -> None:
    first, second = create_active_goal(app, title="First"), create_active_goal(app, title="Second")
    for goal, day in ((first, "2026-03-12"), (second, "2026-03-05"), (first, "2026-03-04")):
        app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"needs": [{"text": "help", "answer_by": day}]})

    told = get_inbox(app, "sam")

    assert [("First", 2), ("Second", 1)] == [(entry["title"], len(entry["asks"])) for entry in told["entries"]]
    assert (2, 0, 0) == (told["count"], told["overdue"], told["rest"])


def test_the_inbox_is_capped_and_counts_the_rest(app: ApiApp) -> None:
    for number in range(4):
        app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam", title=f"Goal {number}"))

    told = get_inbox(app, "sam", "limit=3")

    assert (4, 3, 1) == (told["count"], len(told["entries"]), told["rest"])


def test_a_check_in_waits_from_three_days_before_its_cadence_is_over(app: ApiApp) -> None:
    create_active_goal(app, title="Quiet", due="2026-06-26")

    set_clock(app, 12)
    assert [] == list_waiting(app, "ana")
    set_clock(app, 14)  # the fourteenth day after the promise ends with the 16th
    assert [("Quiet", "check_in", "2026-03-17")] == list_waiting(app, "ana")
    assert 0 == get_inbox(app, "ana")["overdue"]
    set_clock(app, 17)
    assert 1 == get_inbox(app, "ana")["overdue"]


def test_the_days_reminders_are_gathered_one_for_a_goal_and_a_few_a_day(app: ApiApp) -> None:
    # given twelve goals that nobody spoke of, and two sweeps
    for number in range(12):
        create_active_goal(app, title=f"Goal {number}", due="2026-06-26")
    set_clock(app, 17)
    for _ in range(2):
        _sweep(app)

    told = get_inbox(app, "ana")["reminders"]

    assert ("2026-03-17", 10, 2) == (told["day"], len(told["goals"]), told["rest"])
    assert {"check_in"} == {reminder["kind"] for reminder in told["goals"]}
    assert 10 == len({reminder["goal"] for reminder in told["goals"]})
    # One that was spoken of since needs none, and tomorrow brings none of today's.
    app.as_member("ana").post_ok(f"/v1/goals/{told['goals'][0]['goal']}/affirm", {})
    after = get_inbox(app, "ana")["reminders"]
    assert (10, 1) == (len(after["goals"]), after["rest"])
    set_clock(app, 18)
    _sweep(app)
    assert [] == get_inbox(app, "ana")["reminders"]["goals"]


def _sweep(app: ApiApp) -> None:
    for organisation, goal in app.runtime.ledger.find_streams_with_due_timers(app.clock.now, 100):
        app.runtime.ledger.run_timers(organisation, goal)
    app.runtime.engine.catch_up()


def test_an_inbox_of_the_past_stays_as_it_was(app: ApiApp) -> None:
    offered = app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam"))
    known = app.clock.now.isoformat().replace("+00:00", "Z")
    path = f"/v1/me/inbox?as_of={known}&recorded_as_of={known}"
    before = app.as_member("sam").get(path).content

    app.as_member("sam").post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})

    assert before == app.as_member("sam").get(path).content
    assert 1 == app.as_member("sam").get_ok(path)["count"]


def test_everybody_finds_their_own_only(app: ApiApp) -> None:
    app.as_member("ana").post_ok("/v1/goals", offer("ana", "sam"))

    assert [0, 0, 0] == [get_inbox(app, by)["count"] for by in ("lea", "ned", "stella")]
    assert 0 == app.as_member("sam", "rival").get_ok("/v1/me/inbox")["count"]


# --- nothing changed, still right ------------------------------------------------------------------------------------


def affirm(app: ApiApp, body: dict[str, Any], by: str = "ana", **how: Any) -> dict[str, Any]:
    told: dict[str, Any] = app.as_member(by).post_ok("/v1/affirmations", body, **how)
    return told


def test_several_goals_are_affirmed_at_once_each_with_its_own_event(app: ApiApp) -> None:
    goals = [create_active_goal(app, title=f"Goal {n}", due="2026-06-26") for n in range(3)]
    set_clock(app, 17)
    assert 3 == get_inbox(app, "ana")["count"]

    told = affirm(app, {"goals": goals, "note": "as agreed"})

    assert goals == [one["goal"] for one in told["affirmed"]]
    assert [] == told["refused"]
    assert {"2026-06-26"} == {one["due"] for one in told["affirmed"]}
    events = app.as_member("ana").get_ok("/v1/events?types=goal.affirmed.v1")
    assert {one["event"] for one in told["affirmed"]} == {event["id"] for event in events}
    assert 0 == get_inbox(app, "ana")["count"]


def test_each_goal_is_refused_for_itself_and_harms_no_other(app: ApiApp) -> None:
    mine, theirs = create_active_goal(app), create_active_goal(app, "ben")
    ended = create_active_goal(app)
    app.as_member("sam").post_ok(f"/v1/goals/{ended}/cancel", {"reason": why()})

    told = affirm(app, {"goals": [theirs, mine, ended, "no-such-goal"]})

    assert [mine] == [one["goal"] for one in told["affirmed"]]
    assert [(theirs, "not_a_party"), (ended, "act_not_allowed"), ("no-such-goal", "not_found")] == [
        (one["goal"], one["code"]) for one in told["refused"]
    ]


def test_all_affirms_active_goals_that_were_seen_and_says_what_it_leaves_out(app: ApiApp) -> None:
    plain, changing = create_active_goal(app, title="Plain"), create_active_goal(app, title="Changing")
    proposal = app.as_member("sam").post_ok(
        f"/v1/goals/{changing}/propose-change", {"changes": {"priority": "critical"}, "reason": why()}
    )
    seen = proposal["position"]
    moved = create_active_goal(app, title="Moved")
    app.as_member("sam").post_ok(f"/v1/goals/{plain}/feedback", {"text": "thanks"})

    told = affirm(app, {"all": True, "seen": seen})

    refused = {one["goal"]: one["code"] for one in told["refused"]}
    assert {changing: "act_not_allowed", moved: "not_found", plain: "version_conflict"} == refused
    assert [] == told["affirmed"]
    seen = app.as_member("ana").get("/v1/me/inbox").headers["Plimsoll-Position"]
    assert {plain, moved} == {one["goal"] for one in affirm(app, {"all": True, "seen": int(seen)})["affirmed"]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/goals"),
        ({"all": True}, "/seen"),
        ({"all": True, "goals": ["a"], "seen": 1}, "/goals"),
        ({"goals": ["a"] * 101}, "/goals"),
        ({"all": True, "seen": 10**9}, "/seen"),
    ],
)
def test_it_says_which_goals_it_means_and_up_to_where_it_has_looked(app: ApiApp, body: Any, pointer: str) -> None:
    response = app.as_member("ana").post("/v1/affirmations", body)

    assert 422 == response.status_code
    assert pointer in response.text


def test_the_same_key_affirms_once(app: ApiApp) -> None:
    goals = [create_active_goal(app) for _ in range(2)]
    key = {"Idempotency-Key": "today"}

    first = affirm(app, {"goals": goals}, headers=key)
    assert goals == [one["goal"] for one in first["affirmed"]]
    before = app.count_events()
    again = app.as_member("ana").post("/v1/affirmations", {"goals": goals}, headers=key)

    assert before == app.count_events()
    assert "true" == again.headers["Idempotent-Replayed"]
    assert [one["event"] for one in first["affirmed"]] == [one["event"] for one in again.json()["affirmed"]]


def test_the_same_key_affirms_once_also_where_it_says_what_was_seen(app: ApiApp) -> None:
    goal = create_active_goal(app)
    seen = int(app.as_member("ana").get("/v1/me/inbox").headers["Plimsoll-Position"])
    how: dict[str, Any] = {"headers": {"Idempotency-Key": "today"}}

    first = affirm(app, {"goals": [goal], "seen": seen}, **how)
    again = affirm(app, {"goals": [goal], "seen": seen}, **how)

    assert [one["event"] for one in first["affirmed"]] == [one["event"] for one in again["affirmed"]]
    other = affirm(app, {"goals": [goal], "seen": seen, "note": "other words"}, **how)
    assert ["idempotency_key_reused"] == [one["code"] for one in other["refused"]]


def test_an_auditor_and_a_key_that_only_reads_affirm_nothing(app: ApiApp) -> None:
    goal = create_active_goal(app)

    assert 403 == app.as_member("aud").post("/v1/affirmations", {"goals": [goal]}).status_code
    told = affirm(app, {"goals": [goal]}, by="lea")
    assert ["not_a_party"] == [one["code"] for one in told["refused"]]


# --- decisions, cycles, charters -------------------------------------------------------------------------------------


def list_framework_requests(app: ApiApp, by: str) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    """What is asked beside goals: kind, title, deadline's day and acts."""
    return [
        (ask["kind"], entry["title"], (entry["until"] or "")[:10] or None, tuple(ask["acts"]))
        for entry in get_inbox(app, by)["entries"]
        if "goal" not in entry
        for ask in entry["asks"]
    ]


def test_a_decision_waits_for_each_decider_who_has_not_spoken(app: ApiApp) -> None:
    body = {
        "do": "open",
        "question": "Which room?",
        "team": "core",
        "options": ["The small one", "The large one"],
        "status_quo": "o2",
        "deciders": ["ana", "ben"],
        "deadline": "2026-03-06T12:00:00Z",
        "fallback": {"rule": "lead_decides"},
    }
    decision = app.as_member("lea").post_ok("/v1/decisions", body)["id"]
    acts = ("share_perspective", "consent", "raise_objection")
    assert (
        [("decision", "Which room?", "2026-03-06", acts)]
        == list_framework_requests(app, "ana")
        == list_framework_requests(app, "ben")
    )
    assert [] == list_framework_requests(app, "lea") == list_framework_requests(app, "mia")

    app.as_member("ben").post_ok(f"/v1/decisions/{decision}/raise-objection", {"option": "o1", "text": "too small"})
    assert [] == list_framework_requests(app, "ben")
    set_clock(app, 7)
    for organisation, stream in app.runtime.ledger.find_streams_with_due_timers(app.clock.now, 10):
        app.runtime.ledger.run_timers(organisation, stream)
    app.runtime.engine.catch_up()
    assert [] == list_framework_requests(app, "ana")
    assert [("decision", "Which room?", ("decide",))] == [
        (k, t, a) for k, t, _, a in list_framework_requests(app, "lea")
    ]


def create_decision_for_review(app: ApiApp, **fields: Any) -> str:
    """Ana's question, decided in the very act of her consent; to be looked at again on the twentieth."""
    question = {"do": "open", "question": "Which room?", "options": ["The small one", "The large one"], "team": "core"}
    how = {"status_quo": "o2", "deciders": ["ana"], "fallback": {"rule": "status_quo"}, "review_on": "2026-03-20"}
    body = {**question, **how, "deadline": "2026-03-06T12:00:00Z", **fields}
    decision = str(app.as_member("ana").post_ok("/v1/decisions", body)["id"])
    app.as_member("ana").post_ok(f"/v1/decisions/{decision}/consent", {"option": "o1"})
    return decision


REVIEW = [("review", "Which room?", "2026-03-21", ("review", "set_review", "reopen"))]


def test_a_decision_is_looked_at_again_from_its_day_on_by_whoever_opened_it(app: ApiApp) -> None:
    decision = create_decision_for_review(app)
    set_clock(app, 19)
    assert [] == list_framework_requests(app, "ana")

    set_clock(app, 20)
    assert REVIEW == list_framework_requests(app, "ana")
    assert [] == list_framework_requests(app, "lea") == list_framework_requests(app, "ben")
    assert not get_inbox(app, "ana")["entries"][0].get("overdue")
    set_clock(app, 21)
    assert get_inbox(app, "ana")["entries"][0]["overdue"]

    app.as_member("ana").post_ok(f"/v1/decisions/{decision}/review", {"next": "2026-03-25"})
    assert [] == list_framework_requests(app, "ana")
    set_clock(app, 25)
    assert ["review"] == [kind for kind, *_ in list_framework_requests(app, "ana")]
    app.as_member("ana").post_ok(f"/v1/decisions/{decision}/review", {})
    assert [] == list_framework_requests(app, "ana")


@pytest.mark.parametrize(("of", "leading", "others"), [("core", "lea", ("stella", "ben")), (None, "stella", ("lea",))])
def test_where_who_opened_it_has_left_it_is_looked_at_again_by_who_leads(
    app: ApiApp, of: str | None, leading: str, others: tuple[str, ...]
) -> None:
    create_decision_for_review(app, team=of)
    app.as_member("ana").post_ok("/v1/members/ana/leave", {})
    set_clock(app, 20)

    assert REVIEW == list_framework_requests(app, leading)
    assert [] == [ask for other in others for ask in list_framework_requests(app, other)]


def test_what_is_still_open_is_not_looked_at_again(app: ApiApp) -> None:
    question = {"do": "open", "question": "Which room?", "options": ["The small one", "The large one"], "team": "core"}
    how = {"status_quo": "o2", "deciders": ["ben"], "fallback": {"rule": "status_quo"}, "review_on": "2026-03-03"}
    app.as_member("ana").post_ok("/v1/decisions", {**question, **how, "deadline": "2026-03-06T12:00:00Z"})
    set_clock(app, 4)

    assert [] == list_framework_requests(app, "ana")


def test_an_acknowledgement_waits_for_each_member_of_the_team(app: ApiApp) -> None:
    said = {"non_negotiable": "asked", "text": "We ask before we assume"}
    app.clock.now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    answer = app.as_member("lea").post("/v1/charters/core/adopt-non-negotiable", said)
    assert 200 == answer.status_code, answer.text

    assert [("acknowledgement", "non-negotiables", None, ("acknowledge",))] == list_framework_requests(app, "ana")
    assert [] == list_framework_requests(app, "ned")
    [entry] = get_inbox(app, "ana")["entries"]
    ask = entry["asks"][0]
    told = {"non_negotiable": ask["event"], "version": ask["version"]}
    app.as_member("ana").post_ok("/v1/charters/core/acknowledge", told)
    assert [] == list_framework_requests(app, "ana")


def test_an_improvement_waits_for_its_owner_until_it_is_done(app: ApiApp) -> None:
    lea = app.as_member("lea")
    adopt_purpose(lea, app.clock)
    open_cycle(lea)
    improvement = {"improvement": "meet-less", "text": "Meet less", "owner": "ben", "due": "2026-03-20"}
    lea.post_ok("/v1/cycles/spring/agree-improvement", improvement)

    told = [("improvement", "Spring", "2026-03-21", ("finish_improvement", "drop_improvement"))]
    assert told == list_framework_requests(app, "ben")
    assert [] == list_framework_requests(app, "ana")
    assert "Meet less" == get_inbox(app, "ben")["entries"][0]["asks"][0]["text"]
    app.as_member("ben").post_ok("/v1/cycles/spring/finish-improvement", {"improvement": "meet-less"})
    assert [] == list_framework_requests(app, "ben")


def test_an_improvement_of_a_closed_cycle_waits_until_it_is_carried_into_the_next(app: ApiApp) -> None:
    lea = app.as_member("lea")
    adopt_purpose(lea, app.clock)
    open_cycle(lea)
    improvement = {"improvement": "meet-less", "text": "Meet less", "owner": "ben", "due": "2026-03-20"}
    lea.post_ok("/v1/cycles/spring/agree-improvement", improvement)
    lea.post_ok("/v1/cycles/spring/share-reflection", {"worked": "it runs"})
    lea.post_ok("/v1/cycles/spring/close", {})

    assert (
        409
        == app.as_member("ben").post("/v1/cycles/spring/finish-improvement", {"improvement": "meet-less"}).status_code
    )
    assert [] == list_framework_requests(app, "ben")
    open_cycle(lea, "summer", follows="spring")
    assert ["improvement"] == [kind for kind, *_ in list_framework_requests(app, "ben")]
    app.as_member("ben").post_ok("/v1/cycles/summer/finish-improvement", {"improvement": "meet-less"})
    assert [] == list_framework_requests(app, "ben")
