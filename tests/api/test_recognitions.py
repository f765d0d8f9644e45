"""Recognitions over HTTP: given, corrected, listed, and what of the report each viewer sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.test_cycles import adopt_purpose, open_cycle


def thanks(member: str = "ben", **fields: Any) -> dict[str, Any]:
    """A recognition of how ben worked with others, for a goal "report" unless `fields` say otherwise."""
    about = {} if "cycle" in fields else {"goal": "report"}
    return {"member": member, "kind": "relationship", "text": "Stayed on the call.", **about, **fields}


def give(app: ApiApp, by: str = "ana", **fields: Any) -> dict[str, Any]:
    return app.as_member(by).post_ok("/v1/recognitions", thanks(**fields))


def satisfy(app: ApiApp, goal: str = "report") -> None:
    done = app.as_member("ana").post_ok(f"/v1/goals/{goal}/declare-complete", {})
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/declare-satisfied", {"answers": done["open"]})


@pytest.fixture
def served(app: ApiApp) -> ApiApp:
    """Ana's goal "report", promised to sam, with a need that ben answered."""
    create_active_goal(app, ref="report", title="The report")
    need = {"text": "Which bank?", "addressee": "ben"}
    asked = app.as_member("ana").post_ok("/v1/goals/report/check-in", {"note": "so far", "needs": [need]})
    answer = {"need": f"{asked['events'][-1]}/0", "text": "The first."}
    app.as_member("ben").post_ok("/v1/goals/report/answer-need", answer)
    return app


def test_a_recognition_is_given_corrected_and_taken_back(served: ApiApp) -> None:
    ana = served.as_member("ana")
    given = give(served, ref="call")

    assert (1, "given", ["correct", "take_back"]) == (given["version"], given["state"], given["acts"])
    assert served.resolve_id("team", "core") == given["team"]
    corrected = ana.post_ok("/v1/recognitions/call/correct", {"text": "Found the cause."})
    assert "Found the cause." == corrected["text"]
    assert "Found the cause." == ana.get_ok("/v1/recognitions/call")["text"]
    assert "taken_back" == ana.post_ok("/v1/recognitions/call/take-back", {})["state"]
    assert [] == ana.get_ok("/v1/recognitions")["recognitions"]
    entries = ana.get_ok("/v1/recognitions/call/history")["entries"]
    assert (
        'Ana recognised Ben for "The report" (the way of working together): Stayed on the call.' == entries[0]["text"]
    )
    assert 3 == len(entries)


def test_a_cycles_recognition_names_the_cycle(app: ApiApp) -> None:
    adopt_purpose(app.as_member("lea"), app.clock)
    open_cycle(app.as_member("lea"), "spring")

    give(app, cycle="spring", kind="result", ref="quarter")

    [entry] = app.as_member("ben").get_ok("/v1/recognitions/quarter/history")["entries"]
    assert entry["text"].startswith("Ana recognised Ben for the cycle ")


@pytest.mark.parametrize(
    ("fields", "status", "code", "pointer"),
    [
        ({"member": "ana"}, 422, "invalid_field", "/member"),
        ({"member": "nobody"}, 404, "not_found", "/member"),
        ({"kind": "result"}, 409, "act_not_allowed", "/kind"),
        ({"kind": "praise"}, 422, "invalid_field", "/kind"),
        ({"goal": None}, 422, "invalid_field", "/goal"),
        ({"goal": "nothing"}, 404, "not_found", "/goal"),
        ({"cycle": "spring"}, 404, "not_found", "/cycle"),
        ({"text": ""}, 422, "invalid_field", "/text"),
        ({"ref": "01900000-0000-7000-8000-00000000abcd"}, 422, "invalid_field", "/ref"),
    ],
)
def test_a_bad_recognition_is_refused_and_nothing_is_recorded(
    served: ApiApp, fields: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    before = served.count_events()

    response = served.as_member("ana").post("/v1/recognitions", thanks(**fields))

    assert (status, code, pointer) == (
        response.status_code,
        response.json()["code"],
        response.json()["errors"][0]["pointer"],
    )
    assert before == served.count_events()


def test_a_member_of_another_organisation_is_nobody_here(served: ApiApp) -> None:
    theirs = served.resolve_id("member", "ben", "rival")

    response = served.as_member("ana").post("/v1/recognitions", thanks(theirs))

    assert (404, "not_found") == (response.status_code, response.json()["code"])


def test_a_goal_that_one_may_not_see_is_recognised_by_its_viewers_alone(served: ApiApp) -> None:
    response = served.as_member("ned").post("/v1/recognitions", thanks())

    assert (403, "forbidden") == (response.status_code, response.json()["code"])


def test_who_has_left_is_recognised_no_more(served: ApiApp) -> None:
    served.as_member("stella").post_ok("/v1/members/ben/leave", {})

    response = served.as_member("ana").post("/v1/recognitions", thanks())

    assert (409, "act_not_allowed") == (response.status_code, response.json()["code"])


def test_a_recognition_is_for_both_sides_the_lead_and_stewards(served: ApiApp) -> None:
    given = give(served)
    path = f"/v1/recognitions/{given['id']}"

    def statuses(*people: str) -> list[int]:
        return [served.as_member(person).get(path).status_code for person in people]

    assert [200] * 5 == statuses("ana", "ben", "lea", "stella", "aud")
    assert [403] * 2 == statuses("mia", "ned")
    for person, seen in (("ben", 1), ("lea", 1), ("stella", 1), ("mia", 0), ("eva", 0)):
        assert seen == len(served.as_member(person).get_ok("/v1/recognitions")["recognitions"]), person
        feed = served.as_member(person).get_ok("/v1/events?types=recognition.*")
        assert seen == len(feed), person


def test_a_refusal_tells_others_nothing_of_how_it_stands(served: ApiApp) -> None:
    given = give(served)
    served.as_member("ana").post_ok(f"/v1/recognitions/{given['id']}/take-back", {})

    response = served.as_member("mia").post(f"/v1/recognitions/{given['id']}/take-back", {})

    assert (403, "forbidden") == (response.status_code, response.json()["code"])
    assert "taken back" not in response.text


def test_lists_are_narrowed_and_paged(served: ApiApp) -> None:
    for turn in range(3):
        give(served, text=f"Turn {turn}.")
    give(served, member="sam")
    ana = served.as_member("ana")

    page = ana.get_ok("/v1/recognitions?member=ben&giver=ana&goal=report&team=core&kind=relationship&limit=2")
    rest = ana.get_ok(
        f"/v1/recognitions?member=ben&giver=ana&goal=report&team=core&kind=relationship&limit=2&cursor={page['next']}"
    )

    assert ["Turn 2.", "Turn 1.", "Turn 0."] == [one["text"] for one in page["recognitions"] + rest["recognitions"]]
    assert 404 == ana.get("/v1/recognitions?member=nobody").status_code


# --- the report ------------------------------------------------------------------------------------------------------


def figures(app: ApiApp, person: str, query: str = "?team=core") -> dict[str, Any]:
    report = app.as_member(person).get_ok(f"/v1/reports/recognition{query}")
    return {figure["name"]: figure for figure in report["figures"]}


def test_a_lead_sees_the_teams_recognition_and_whose_help_was_not_seen(served: ApiApp) -> None:
    give(served, member="sam")

    report = served.as_member("lea").get_ok("/v1/reports/recognition?team=core&explain=true&names=true")

    found = {figure["name"]: figure for figure in report["figures"]}
    assert (1, 1.0) == (found["recognitions"]["value"], found["relationship_share"]["value"])
    assert (0, 1) == (found["helpers_recognised"]["count"], found["helpers_recognised"]["n"])
    assert 0.8 == found["received_gini"]["value"]
    [row] = report["unrecognised"]
    assert "Ben" == report["names"][row["helper"]]
    text = served.as_member("lea").get("/v1/reports/recognition?team=core&format=text").text
    assert "“The report”: Ben answered a need of Ana, who could say a word about it" in text


def test_the_team_sees_no_figure_of_fewer_than_five(served: ApiApp) -> None:
    give(served)

    found = figures(served, "mia")

    withheld = {name: figure["rule"] for name, figure in found.items() if figure.get("status") == "withheld"}
    assert {"recognitions", "relationship_share", "results_recognised", "helpers_recognised"} <= {
        *withheld,
        *(name for name, figure in found.items() if figure.get("n") == 0),
    }
    assert "small_group" == withheld["recognitions"]
    assert [] == served.as_member("mia").get_ok("/v1/reports/recognition?team=core")["unrecognised"]


def test_a_helper_sees_the_own_row_and_others_do_not(served: ApiApp) -> None:
    for person, seen in (("ben", 1), ("mia", 0), ("lea", 1), ("stella", 1)):
        rows = served.as_member(person).get_ok("/v1/reports/recognition?team=core")["unrecognised"]
        assert seen == len(rows), person


def test_a_member_report_is_for_that_member_the_lead_and_stewards(served: ApiApp) -> None:
    give(served)

    assert 1 == figures(served, "ben", "?member=ben")["recognitions_received"]["value"]
    assert 403 == served.as_member("mia").get("/v1/reports/recognition?member=ben").status_code


def test_no_figure_of_a_team_names_or_orders_its_persons(served: ApiApp) -> None:
    for member in ("sam", "sam", "mia"):
        give(served, member=member)

    report = served.as_member("stella").get_ok("/v1/reports/recognition?team=core")

    assert not [figure for figure in report["figures"] if "member" in figure]
    assert sorted(report["unrecognised"], key=lambda row: row["goal"]) == report["unrecognised"]


@pytest.mark.parametrize("window", [0, 10_000])
def test_a_window_out_of_range_is_refused(shared_app: ApiApp, window: int) -> None:
    response = shared_app.as_member("lea").get(f"/v1/reports/recognition?window={window}")

    assert (422, "/window") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_the_report_is_the_same_to_the_byte_when_it_is_asked_again(served: ApiApp) -> None:
    lea = served.as_member("lea")
    give(served)
    first = lea.get("/v1/reports/recognition?team=core&as_of=2026-03-02&explain=true")
    known = first.headers["Plimsoll-Recorded-As-Of"]
    give(served, member="sam")

    again = lea.get(f"/v1/reports/recognition?team=core&as_of=2026-03-02&explain=true&recorded_as_of={known}")

    assert first.content == again.content


def test_an_import_gives_recognitions_with_its_own_references(served: ApiApp) -> None:
    row = {"at": "2026-03-02T10:00:00Z", "by": "ana", "do": "recognition.give", "recognition": "call"}
    lines = [{**row, **thanks()}, {**row, "do": "recognition.correct", "text": "Found the cause."}]
    served.clock.now = served.clock.now.replace(hour=12)
    body = "\n".join(map(json.dumps, lines))

    answer = served.as_member("bot").post("/v1/imports", content=body, headers={"Content-Type": "application/x-ndjson"})

    assert 200 == answer.status_code, answer.text
    assert "Found the cause." == served.as_member("ben").get_ok("/v1/recognitions/call")["text"]
