"""What a stranger tries with the framework and with support: each is refused by its rule, says what would do, and
leaves no event.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.test_cycles import adopt_purpose, open_cycle

#: Who sends what where.
Request = tuple[str, str, dict[str, Any]]
#: Brings it about that the request is against a rule.
RequestFactory = Callable[[ApiApp], Request]
CORE = "/v1/charters/core"
FIVE = ("tested", "kind", "open", "calm", "brief")


def put_charter_in_force(app: ApiApp, count: int) -> None:
    """Core's charter is in force with so many non-negotiables."""
    lea = app.as_member("lea")
    adopt_purpose(lea, app.clock)
    for name in FIVE[:count]:
        lea.post_ok(f"{CORE}/adopt-non-negotiable", {"non_negotiable": name, "text": f"We are {name}"})
    lea.post_ok(f"{CORE}/put-in-force", {})


def a_sixth(app: ApiApp) -> Request:
    put_charter_in_force(app, 5)
    return "lea", f"{CORE}/adopt-non-negotiable", {"non_negotiable": "sixth", "text": "One more"}


def a_fall_below_three(app: ApiApp) -> Request:
    put_charter_in_force(app, 3)
    return "lea", f"{CORE}/retire-non-negotiable", {"non_negotiable": "kind", "reason": why()}


def in_force_with_two(app: ApiApp) -> Request:
    lea = app.as_member("lea")
    adopt_purpose(lea, app.clock)
    for name in FIVE[:2]:
        lea.post_ok(f"{CORE}/adopt-non-negotiable", {"non_negotiable": name, "text": f"We are {name}"})
    return "lea", f"{CORE}/put-in-force", {}


def a_freedom_without_any_purpose(app: ApiApp) -> Request:
    return "lea", f"{CORE}/grant-freedom", {"text": "Our own tools", "purpose_version": 1}


def a_freedom_that_names_no_purpose(app: ApiApp) -> Request:
    adopt_purpose(app.as_member("lea"), app.clock)
    return "lea", f"{CORE}/grant-freedom", {"text": "Our own tools"}


def an_old_version(app: ApiApp) -> Request:
    put_charter_in_force(app, 3)
    body = {"non_negotiable": "kind", "text": "We are kinder", "reason": why()}
    app.as_member("lea").post_ok(f"{CORE}/revise-non-negotiable", body)
    return "ana", f"{CORE}/acknowledge", {"non_negotiable": "kind", "version": 1}


def a_cycle_with_an_undecided_goal(app: ApiApp) -> Request:
    adopt_purpose(app.as_member("lea"), app.clock)
    create_active_goal(app, ref="open-end")
    open_cycle(app.as_member("lea"), goals=["open-end"])
    app.as_member("ben").post_ok("/v1/cycles/spring/share-reflection", {"worked": "pairs"})
    return "lea", "/v1/cycles/spring/close", {}


def consent_after_the_deadline(app: ApiApp) -> Request:
    deadline = app.clock.now + timedelta(days=2)
    app.as_member("lea").post_ok(
        "/v1/decisions",
        {
            "do": "open",
            "ref": "room",
            "question": "Which room?",
            "team": "core",
            "options": ["The small one", "The large one"],
            "status_quo": "o2",
            "deciders": ["ana", "ben"],
            "deadline": deadline.isoformat(),
            "fallback": {"rule": "status_quo"},
        },
    )
    app.clock.now = deadline + timedelta(hours=1)
    return "ana", "/v1/decisions/room/consent", {"option": "o1"}


def a_need_of_another_organisations_member(app: ApiApp) -> Request:
    goal, elsewhere = create_active_goal(app), app.resolve_id("member", "ben", "rival")
    body = {"note": "so far", "needs": [{"text": "a review", "addressee": elsewhere}]}
    return "ana", f"/v1/goals/{goal}/check-in", body


def an_answer_by_somebody_else(app: ApiApp) -> Request:
    goal = create_active_goal(app)
    body = {"note": "so far", "needs": [{"text": "a review", "addressee": "ben"}]}
    (check_in,) = app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", body)["events"]
    return "mia", f"/v1/goals/{goal}/answer-need", {"need": f"{check_in}/0", "text": "I do"}


REFUSED: dict[RequestFactory, tuple[int, str, str, str]] = {
    a_sixth: (409, "non_negotiable_count", "a sixth would take the place of one", "retire_non_negotiable"),
    a_fall_below_three: (409, "non_negotiable_count", "has 3 at least", "adopt_non_negotiable"),
    in_force_with_two: (409, "non_negotiable_count", "2 of 3 to 5", "adopt_non_negotiable"),
    a_freedom_without_any_purpose: (409, "no_purpose", "a freedom serves a purpose", "adopt_purpose"),
    a_freedom_that_names_no_purpose: (409, "no_purpose", "the current one is 1", "1"),
    an_old_version: (409, "version_superseded", "version 2 says 'We are kinder'", "2"),
    a_cycle_with_an_undecided_goal: (409, "act_not_allowed", "settle each as carried on", "{goal}"),
    consent_after_the_deadline: (409, "act_not_allowed", "has passed and its fallback holds", "reopen"),
    a_need_of_another_organisations_member: (404, "not_found", "no member", "a joined member"),
    an_answer_by_somebody_else: (403, "not_a_party", "this need is answered by its addressee", "{ben}"),
}


@pytest.mark.parametrize("tries", REFUSED, ids=lambda tries: tries.__name__)
def test_what_is_against_a_rule_is_refused_by_it_with_what_would_do(app: ApiApp, tries: RequestFactory) -> None:
    status, code, rule, instead = REFUSED[tries]
    person, path, body = tries(app)
    before = app.count_events()

    told = app.as_member(person).post(path, body)

    assert (status, code) == (told.status_code, told.json()["code"]), told.text
    assert rule in told.json()["detail"]
    named = instead.format(goal=app.resolve_id("goal", "open-end"), ben=app.resolve_id("member", "ben"))
    assert named in (*told.json().get("allowed", ()), told.json()["detail"].rpartition(" ")[2])
    assert before == app.count_events()
