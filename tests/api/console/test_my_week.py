"""My week: what waits, how full the weeks are, and keeping in touch in one step."""

from __future__ import annotations

from typing import Any, cast

import pytest

from services.api.app import ROUTES
from services.api.console.page import PageRequest
from services.api.operations import Weight
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.console.console_client import read_page, sign_in

CHECK_IN = "/console/goals/{}/acts/check_in"


def test_my_week_shows_what_waits_the_load_against_the_line_and_the_help_asked_for(app: ApiApp) -> None:
    # given
    ana = app.as_member("ana")
    heavy = create_active_goal(app, title="Too much", effort_hours=200)
    ana.post_ok(f"/v1/goals/{heavy}/check-in", {"needs": [{"text": "a review of the plan"}]})
    ana.post_ok("/v1/goals", offer(title="Offered to Sam"))

    # when
    of_ana, of_sam = (sign_in(app, person).open("/console") for person in ("ana", "sam"))

    # then the same figures as the report
    weeks = [f for f in ana.get_ok("/v1/reports/overload?member=ana")["figures"] if f["name"] == "load_ratio"]
    [table] = [each for each in of_ana.root.find_all("table") if "Promised" in each.text]
    shown = [[cell.text for cell in row.find_all("td")] for row in table.find_all("tr")[1:]]
    assert [f"{round(week['value'] * 100)} %" for week in weeks] == [cells[2] for cells in shown]
    assert ["over" if week.get("line") == "red" else "under" for week in weeks] == [cells[3] for cells in shown]
    assert "4 of 12 weeks over the line" in of_ana.text
    # Five working days from a Monday, at their end.
    assert "An answer is asked of you, until the end of 9 Mar 2026" in of_sam.text
    assert "Offered to Sam" in of_sam.text
    assert "a review of the plan" in of_sam.text[of_sam.text.index("Help asked of me") :]
    assert "Nothing waits for you" in of_ana.text


def test_several_goals_are_still_right_in_one_step(app: ApiApp) -> None:
    # given
    goals = [create_active_goal(app, title=title) for title in ("First", "Second", "Third")]
    ana = sign_in(app, "ana")
    page = ana.open("/console")
    fields = list(page.find_form("/console/still-right").items())

    # when
    response = ana.send("/console/still-right", [*fields, ("goals", goals[0]), ("goals", goals[1])])

    # then
    assert 303 == response.status_code
    assert "Recorded: still right" in ana.open(response.headers["location"]).text
    states = [app.as_member("ana").get_ok(f"/v1/goals/{goal}")["goal"] for goal in goals]
    assert [3, 3, 2] == [state["version"] for state in states]


def test_what_changed_since_the_page_is_not_affirmed_unseen(app: ApiApp) -> None:
    # given
    goal, other = create_active_goal(app, title="Moved"), create_active_goal(app, title="Stood")
    ana = sign_in(app, "ana")
    fields = list(ana.open("/console").find_form("/console/still-right").items())
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/feedback", {"text": "not what I meant"})

    # when
    response = ana.send("/console/still-right", [*fields, ("goals", goal), ("goals", other)])

    # then
    page = read_page(response)
    assert "1 recorded, 1 not" in page.text
    assert "Moved" in page.root.find_all("div", role="alert")[0].text


def test_a_check_in_from_my_week_is_recorded_once_and_leads_back(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    ana = sign_in(app, "ana")
    path = CHECK_IN.format(goal)
    fields = ana.open("/console").find_form(path) | {"/note": "half way", "/progress%": "50", "/confidence%": "80"}

    # when
    responses = [ana.send(path, fields) for _ in range(2)]

    # then
    assert [303, 303] == [response.status_code for response in responses]
    assert responses[0].headers["location"] == responses[1].headers["location"]
    assert responses[0].headers["location"].startswith("/console?after_position=")
    found = app.as_member("ana").get_ok(f"/v1/goals/{goal}")["goal"]
    assert ("0.5", "0.8", 3) == (found["progress"], found["confidence"], found["version"])


def test_an_auditor_is_shown_their_week_and_no_form_that_acts(app: ApiApp) -> None:
    create_active_goal(app)
    page = sign_in(app, "aud").open("/console")

    assert ["/console/sign-out"] == [form.attributes["action"] for form in page.root.find_all("form")]


def test_a_form_that_an_auditor_sends_all_the_same_records_nothing(app: ApiApp) -> None:
    # given the token of an auditor's session, in a form that the pages do not show
    auditor, before = sign_in(app, "aud"), app.count_events()
    fields = auditor.open("/console").find_form("/console/sign-out")
    fields |= {"idempotency_key": "an-audit", "/title": "Audit", "/terms/outcome": "It is audited", "/sponsor": "sam"}
    fields |= {"/terms/conditions*": "Read", "/terms/due": "2026-03-20", "/terms/start": "2026-03-02"}
    fields |= {"/terms/measure/kind": "binary", "/reason/code": "new_need", "/reason/text": "it is time"}

    # when
    response = auditor.send("/console/begin/offer", fields)

    # then
    assert 403 == response.status_code
    assert "acts on nothing" in read_page(response).text
    assert before == app.count_events()


def test_a_page_that_asks_for_more_than_its_class_of_work_is_a_fault_of_the_program() -> None:
    route = next(route for route in ROUTES if route.operation.id == "overloadReport")
    request = PageRequest(context=cast("Any", None), weight=Weight.LIGHT)

    with pytest.raises(RuntimeError, match="declare it for the page"):
        request.ask(route)


def test_what_became_of_the_day_before_is_reminded_of_today(app: ApiApp) -> None:
    goal = create_active_goal(app)
    change = {"changes": {"due": "2026-04-10"}, "reason": why()}
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)

    page = sign_in(app, "sam").open("/console")

    links = {each.attributes["href"] for each in page.root.find_all("a")}
    acts = {f"/console/goals/{goal}/acts/{act}" for act in ("accept_change", "reject_change", "counter_change")}
    assert acts <= links
