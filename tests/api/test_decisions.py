"""Decisions over HTTP: asked, objected to, integrated, consented to; what is refused, and what who may see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from domain.instants import format_instant
from domain.references import derive_organisation_id, resolve_stream_id
from services.imports.importer import ImportResult, import_lines
from services.settings import Settings
from tests.api.app_under_test import START, ApiApp, MemberClient, open_client, why
from tests.services.conftest import Installation, open_installation

DEADLINE = START + timedelta(days=4)
LATER = DEADLINE + timedelta(hours=1)


def build_question(**fields: Any) -> dict[str, Any]:
    """What ana asks; name what differs."""
    return {
        "do": "open",
        "ref": "on-call",
        "question": "How do we hand over on-call?",
        "options": ["In a call each Monday", "As we do now"],
        "deciders": ["ana", "ben"],
        "deadline": DEADLINE.isoformat(),
        "fallback": {"rule": "status_quo"},
        "status_quo": "o2",
        "team": "core",
        **fields,
    }


def open_decision(app: ApiApp, by: str = "ana", **fields: Any) -> str:
    """The id of a decision that was asked for."""
    return str(app.as_member(by).post_ok("/v1/decisions", build_question(**fields))["id"])


def give_consent(app: ApiApp, by: str, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = app.as_member(by).post_ok("/v1/decisions/on-call/consent", {"option": "o1", **fields})
    return told


def test_a_decision_is_made_by_consent(app: ApiApp) -> None:
    # given a question, and an objection to its first option
    opened = app.as_member("ana").post("/v1/decisions", build_question())
    assert 201 == opened.status_code
    assert f"/v1/decisions/{opened.json()['id']}" == opened.headers["location"]
    assert [app.resolve_id("member", "ana"), app.resolve_id("member", "ben")] == opened.json()["waiting_for"]
    app.as_member("sam").post_ok(
        "/v1/decisions/on-call/raise-objection", {"option": "o1", "text": "I am away on Mondays"}
    )

    # when it is integrated and everybody consents to what they have seen
    integrated = app.as_member("ana").post_ok("/v1/decisions/on-call/integrate-objection", {"how": "On Tuesdays"})
    seen = app.as_member("ben").get_ok("/v1/decisions/on-call")["worded_by"]["o1"]
    assert [seen] == integrated["events"]
    give_consent(app, "ana", answers=seen)
    decided = give_consent(app, "ben", answers=seen)

    # then it is decided in that very act
    assert ("decided", "In a call each Monday", "consent", True) == tuple(
        decided[name] for name in ("state", "decided", "decided_by", "in_favour")
    )
    assert 2 == len(decided["events"])
    told = app.as_member("mia").get_ok("/v1/decisions/on-call")
    assert ["set_review", "review", "reopen"] == told["acts"]
    assert decided["events"][1] == told["decision"]["decided"]["event_id"]
    sentences = [entry["text"] for entry in app.as_member("mia").get_ok("/v1/decisions/on-call/history")["entries"]]
    assert 'Ben completed the consent: "In a call each Monday" holds.' == sentences[-1]


def test_consent_after_the_deadline_is_refused_and_says_what_is_allowed(app: ApiApp) -> None:
    open_decision(app)
    app.clock.now = LATER
    before = app.count_events()

    response = app.as_member("ben").post("/v1/decisions/on-call/consent", {"option": "o1"})

    assert (409, "act_not_allowed") == (response.status_code, response.json()["code"])
    assert ["set_review", "review", "reopen"] == response.json()["allowed"]
    assert format_instant(DEADLINE) in response.json()["detail"]
    assert before == app.count_events()


def test_consent_to_words_unseen_is_refused_with_the_event_that_worded_them(app: ApiApp) -> None:
    open_decision(app)
    app.as_member("sam").post_ok("/v1/decisions/on-call/raise-objection", {"option": "o1", "text": "Not on Mondays"})
    [now] = app.as_member("ana").post_ok("/v1/decisions/on-call/integrate-objection", {"how": "Tuesdays"})["events"]

    response = app.as_member("ben").post("/v1/decisions/on-call/consent", {"option": "o1"})

    assert (422, "answers_required") == (response.status_code, response.json()["code"])
    assert now == response.json()["open"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"options": ["Only this"]}, "/options"),
        ({"options": ["A"] * 11}, "/options"),
        ({"deciders": []}, "/deciders"),
        ({"deciders": ["ana", "nobody"]}, "/deciders/1"),
        ({"deadline": "2026-03-01T09:00:00Z"}, "/deadline"),
        ({"deadline": "2027-03-01T09:00:00Z"}, "/deadline"),
        ({"deadline": "2026-03-05"}, "/deadline"),
        ({"deadline": "2026-03-05T09:00:00"}, "/deadline"),
        ({"deadline": "9999-12-31T23:59:59-12:00"}, "/deadline"),
        ({"fallback": {"rule": "majority"}}, "/fallback/rule"),
        ({"fallback": {"rule": "option"}}, "/fallback/option"),
        ({"status_quo": "o9"}, "/status_quo"),
        ({"question": ""}, "/question"),
        ({"question": "x" * 2001}, "/question"),
        ({"about": {"proposal": "none"}}, "/about/proposal"),
        ({"team": "nowhere"}, "/team"),
        ({"vote": True}, "/vote"),
    ],
)
def test_a_bad_question_is_refused_naming_its_field(shared_app: ApiApp, fields: dict[str, Any], pointer: str) -> None:
    before = shared_app.count_events()

    response = shared_app.as_member("lea").post("/v1/decisions", build_question(**fields))

    assert response.status_code in (404, 422), response.text
    problem = response.json()
    assert pointer in [problem.get("pointer"), *(error["pointer"] for error in problem.get("errors", []))]
    assert before == shared_app.count_events()


@pytest.mark.parametrize("path", ["consent", "raise-objection", "integrate-objection", "decide", "reopen", "review"])
def test_nothing_can_be_said_about_a_decision_that_is_not_there(shared_app: ApiApp, path: str) -> None:
    body = {"option": "o1", "text": "x", "how": "x", "deadline": DEADLINE.isoformat()}
    takes = {"consent": ["option"], "raise-objection": ["option", "text"], "integrate-objection": ["how"]}
    takes |= {"decide": ["option"], "reopen": ["deadline"], "review": []}

    response = shared_app.as_member("ana").post(
        f"/v1/decisions/nothing/{path}", {name: body[name] for name in takes[path]}
    )

    assert (404, "not_found") == (response.status_code, response.json()["code"])


def test_the_lead_decides_after_the_deadline_where_the_fallback_says_so(app: ApiApp) -> None:
    open_decision(app, fallback={"rule": "lead_decides"})
    app.clock.now = LATER

    refused = app.as_member("ana").post("/v1/decisions/on-call/decide", {"option": "o1"})
    decided = app.as_member("lea").post_ok("/v1/decisions/on-call/decide", {"option": "o1"})

    assert (403, "forbidden") == (refused.status_code, refused.json()["code"])
    assert ("decided", "lead", "In a call each Monday") == tuple(
        decided[name] for name in ("state", "decided_by", "decided")
    )


def test_an_act_is_taken_once_with_its_key_and_against_its_version(app: ApiApp) -> None:
    open_decision(app)
    once = {"Idempotency-Key": "k1"}
    first = app.as_member("ana").post("/v1/decisions/on-call/consent", {"option": "o1"}, headers=once)
    again = app.as_member("ana").post("/v1/decisions/on-call/consent", {"option": "o1"}, headers=once)
    stale = app.as_member("ben").post("/v1/decisions/on-call/consent", {"option": "o1"}, headers={"If-Match": '"v1"'})

    assert first.json() == again.json()
    assert "true" == again.headers["idempotent-replayed"]
    assert 412 == stale.status_code


def test_an_import_key_of_an_integration_takes_no_part(app: ApiApp) -> None:
    open_decision(app, team=None, deciders=["ana", "bot"])

    response = app.as_member("bot").post("/v1/decisions/on-call/consent", {"option": "o1"})

    assert (403, "forbidden") == (response.status_code, response.json()["code"])


# --- a guest's key ---------------------------------------------------------------------------------------------------


def create_guest(app: ApiApp, decision: str) -> MemberClient:
    """Gus, who belongs to no team, with a key for this one decision."""
    stella = app.as_member("stella")
    stella.post_ok("/v1/members", {"name": "Gus", "ref": "gus"})
    return app.with_key(stella.post_ok("/v1/keys", {"member": "gus", "scopes": [f"decide:{decision}"]})["key"])


def test_a_guests_key_opens_one_decision(app: ApiApp) -> None:
    # given
    app.as_member("stella").post_ok("/v1/members", {"name": "Gus", "ref": "gus"})
    decision = open_decision(app, deciders=["ana", "gus"])
    other = open_decision(app, deciders=["ana", "gus"], ref="other")
    key = app.as_member("stella").post_ok("/v1/keys", {"member": "gus", "scopes": [f"decide:{decision}"]})["key"]
    gus = app.with_key(key)

    # when
    gus.post_ok("/v1/decisions/on-call/share-perspective", {"text": "As seen from outside"})
    gus.post_ok("/v1/decisions/on-call/raise-objection", {"option": "o1", "text": "Not on Mondays"})
    gus.post_ok("/v1/decisions/on-call/withdraw-objection", {})
    give_consent(app, "ana")
    decided = gus.post_ok(f"/v1/decisions/{decision}/consent", {"option": "o1"})

    # then
    assert "consent" == decided["decided_by"]
    assert "decided" == gus.get_ok("/v1/decisions/on-call")["state"]
    assert 9 > len(gus.get_ok("/v1/decisions/on-call/history")["entries"]) > 5
    assert 404 == gus.get(f"/v1/decisions/{other}").status_code
    assert 404 == gus.post(f"/v1/decisions/{other}/consent", {"option": "o1"}).status_code


@pytest.mark.parametrize(
    "path",
    ["/v1/decisions", "/v1/goals", "/v1/members", "/v1/events", "/v1/charters", "/v1/reports/decisions", "/v1/me"],
)
def test_a_guests_key_opens_nothing_else(app: ApiApp, path: str) -> None:
    gus = create_guest(app, open_decision(app, team=None))

    response = gus.get(path)

    assert (403, "insufficient_scope") == (response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/decisions", build_question(ref="mine")),
        ("/v1/decisions/on-call/reopen", {"deadline": LATER.isoformat(), "reason": why()}),
        ("/v1/decisions/on-call/decide", {"option": "o1"}),
        ("/v1/charters/organisation/review", {}),
    ],
)
def test_a_guest_says_nothing_else(app: ApiApp, path: str, body: dict[str, Any]) -> None:
    gus = create_guest(app, open_decision(app, team=None))

    response = gus.post(path, body)

    assert (403, "insufficient_scope") == (response.status_code, response.json()["code"])


def test_a_guests_key_names_a_decision_that_is_there(app: ApiApp) -> None:
    keys = len(app.as_member("stella").get_ok("/v1/keys")["keys"])
    elsewhere = app.as_member("lea", "rival").post_ok("/v1/decisions", build_question())["id"]

    for nowhere in (str(uuid4()), elsewhere):
        refused = app.as_member("stella").post("/v1/keys", {"member": "ana", "scopes": [f"decide:{nowhere}"]})
        assert (404, "/scopes") == (refused.status_code, refused.json()["errors"][0]["pointer"])
    assert keys == len(app.as_member("stella").get_ok("/v1/keys")["keys"])


def test_a_guest_who_decides_nothing_sees_no_teams_decision(app: ApiApp) -> None:
    gus = create_guest(app, open_decision(app))

    assert 403 == gus.get("/v1/decisions/on-call").status_code
    assert 403 == gus.post("/v1/decisions/on-call/share-perspective", {"text": "Hello"}).status_code


@pytest.mark.parametrize("scopes", [["decide:on-call"], ["decide:"], ["decide"], ["read", f"decide:{'0' * 8}"]])
def test_a_guests_key_names_one_decision_and_stands_alone(app: ApiApp, scopes: list[str]) -> None:
    response = app.as_member("stella").post("/v1/keys", {"member": "ana", "scopes": scopes})

    assert (422, "/scopes") == (response.status_code, response.json()["errors"][0]["pointer"])


# --- who sees it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "sees"), [("mia", True), ("lea", True), ("stella", True), ("aud", True), ("eva", False), ("ned", True)]
)
def test_a_teams_decision_is_seen_by_its_members_and_deciders(app: ApiApp, person: str, sees: bool) -> None:
    open_decision(app, deciders=["ana", "ned"])
    app.as_member("ana").post_ok("/v1/decisions/on-call/share-perspective", {"text": "Calls are fine"})

    for path in ("", "/history"):
        assert (200 if sees else 403) == app.as_member(person).get(f"/v1/decisions/on-call{path}").status_code
    listed = app.as_member(person).get_ok("/v1/decisions")["decisions"]
    assert (["How do we hand over on-call?"] if sees else []) == [found["question"] for found in listed]
    feed = app.as_member(person).get_ok("/v1/events?types=decision.opened.v1,decision.perspective_shared.v1")
    assert (2 if sees else 0) == len(feed)


def test_a_refusal_does_not_tell_an_outsider_how_it_stands(app: ApiApp) -> None:
    open_decision(app)
    for by in ("ana", "ben"):
        give_consent(app, by)

    for path, body in (("consent", {"option": "o1"}), ("raise-objection", {"option": "o1", "text": "no"})):
        response = app.as_member("eva").post(f"/v1/decisions/on-call/{path}", body)
        assert (403, "forbidden") == (response.status_code, response.json()["code"])
        assert "decided" not in response.json()["detail"]


def test_the_organisations_own_decisions_are_everybodys_to_see(app: ApiApp) -> None:
    open_decision(app, team=None)

    assert 200 == app.as_member("eva").get("/v1/decisions/on-call").status_code
    assert 1 == len(app.as_member("eva").get_ok("/v1/decisions?waiting_for=ben")["decisions"])
    assert [] == app.as_member("eva").get_ok("/v1/decisions?waiting_for=sam")["decisions"]
    assert 1 == len(app.as_member("eva").get_ok("/v1/decisions?team=organisation")["decisions"])
    assert [] == app.as_member("eva").get_ok("/v1/decisions?team=edge")["decisions"]


def test_another_organisation_knows_nothing_of_it(app: ApiApp) -> None:
    decision = open_decision(app, team=None)

    stranger = app.as_member("stella", "rival")
    assert 404 == stranger.get(f"/v1/decisions/{decision}").status_code
    assert 404 == stranger.post(f"/v1/decisions/{decision}/consent", {"option": "o1"}).status_code
    assert [] == stranger.get_ok("/v1/decisions")["decisions"]


# --- lists, times, the report ----------------------------------------------------------------------------------------


def test_a_list_goes_on_where_its_page_ended(app: ApiApp) -> None:
    for number in range(3):
        open_decision(app, ref=f"d{number}", question=f"Q{number}")

    first = app.as_member("mia").get("/v1/decisions?limit=2&state=open&team=core")
    second = app.as_member("mia").get_ok(first.headers["link"].partition(">")[0].lstrip("<"))

    assert ["Q2", "Q1"] == [found["question"] for found in first.json()["decisions"]]
    assert (["Q0"], None) == ([found["question"] for found in second["decisions"]], second["next"])


@pytest.mark.parametrize("query", ["state=closed", "limit=0", "limit=201", "cursor=x", "decider=", "sort=question"])
def test_a_bad_question_about_decisions_is_refused(shared_app: ApiApp, query: str) -> None:
    assert 422 == shared_app.as_member("ana").get(f"/v1/decisions?{query}").status_code


def test_a_decision_is_shown_as_of_any_time(app: ApiApp) -> None:
    open_decision(app)
    app.clock.now = START + timedelta(days=1)
    for by in ("ana", "ben"):
        give_consent(app, by)

    assert "open" == app.as_member("mia").get_ok("/v1/decisions/on-call?as_of=2026-03-02")["state"]
    assert "decided" == app.as_member("mia").get_ok("/v1/decisions/on-call?as_of=2026-03-03")["state"]
    assert [] == app.as_member("mia").get_ok("/v1/decisions?as_of=2026-03-02&state=decided")["decisions"]
    assert 404 == app.as_member("mia").get("/v1/decisions/on-call?as_of=2026-03-01").status_code


def test_the_version_of_a_read_is_what_if_match_takes(app: ApiApp) -> None:
    open_decision(app)
    tag = app.as_member("ben").get("/v1/decisions/on-call").headers["etag"]

    assert 304 == app.as_member("ben").get("/v1/decisions/on-call", headers={"If-None-Match": tag}).status_code
    response = app.as_member("ben").post("/v1/decisions/on-call/consent", {"option": "o1"}, headers={"If-Match": tag})
    assert 200 == response.status_code


def test_the_report_tells_how_decisions_go(app: ApiApp) -> None:
    open_decision(app)
    app.clock.now = START + timedelta(days=1)
    for by in ("ana", "ben"):
        give_consent(app, by)

    told = app.as_member("lea").get_ok("/v1/reports/decisions?team=core&explain=true")

    found = {figure["name"]: figure for figure in told["figures"]}
    assert {
        *("decision_latency_days", "decisions_inside_time_box", "decisions_by_fallback", "decisions_by_lead"),
        *("objections_integrated", "decisions_reopened"),
    } == set(found)
    inside = found["decisions_inside_time_box"]
    assert (1, 1, True, app.resolve_id("team", "core")) == tuple(
        inside[k] for k in ("count", "n", "small_sample", "team")
    )
    assert 2 == len(inside["events"])
    assert app.as_member("lea").get("/v1/reports/decisions?format=csv").text.startswith("name,")


def test_the_report_on_another_team_is_not_for_everybody(app: ApiApp) -> None:
    assert 403 == app.as_member("eva").get("/v1/reports/decisions?team=core").status_code


def test_a_small_teams_figures_are_withheld_from_its_members(app: ApiApp) -> None:
    open_decision(app, by="ned", team="edge", deciders=["ned", "eva"], ref="edges")
    figures = app.as_member("ned").get_ok("/v1/reports/decisions?team=edge")["figures"]

    assert {"withheld"} == {figure["status"] for figure in figures}


def test_an_event_of_a_decision_says_what_it_carries(app: ApiApp) -> None:
    open_decision(app)

    [event] = app.as_member("ana").get_ok("/v1/events?types=decision.opened.v1")
    assert datetime.fromisoformat(event["data"]["deadline"]).astimezone(UTC) == DEADLINE
    assert {"reason", "text"}.isdisjoint(event["data"])
    assert why()["text"] not in str(event)


ORGANISATION = derive_organisation_id("default")
ASKED = "2024-05-06T08:00:00Z"
Act = dict[str, Any]

PEOPLE: list[Act] = [
    {"at": ASKED, "by": "lea", "do": "team.create", "team": "web", "name": "Web", "lead": "lea"},
    {"at": ASKED, "by": "lea", "do": "member.join", "member": "lea", "team": "web", "name": "Lea"},
    {"at": ASKED, "by": "sam", "do": "member.join", "member": "sam", "team": "web", "name": "Sam"},
]
OPEN: Act = {
    "at": ASKED,
    "by": "lea",
    "do": "decision.open",
    "decision": "on-call",
    "question": "How do we hand over?",
    "options": ["In a call", {"id": "now", "text": "As now"}],
    "deciders": ["lea", "sam", "zoe"],
    "deadline": "2024-05-10T12:00:00+02:00",
    "fallback": {"rule": "status_quo"},
    "status_quo": "now",
    "team": "web",
}


def decision_row(day: int, by: str, do: str, **fields: Any) -> Act:
    return {"at": f"2024-05-{day:02}T09:00:00Z", "by": by, "do": f"decision.{do}", "decision": "on-call", **fields}


STORY: list[Act] = [
    *PEOPLE,
    OPEN,
    decision_row(6, "sam", "share_perspective", text="Calls are fine"),
    decision_row(7, "sam", "raise_objection", option="o1", text="Not on Mondays"),
    decision_row(7, "lea", "integrate_objection", how="Tuesdays", objection="sam"),
    decision_row(8, "zoe", "raise_objection", option="o1", text="Too early"),
    decision_row(8, "zoe", "withdraw_objection"),
    decision_row(8, "lea", "consent", option="o1"),
    decision_row(8, "sam", "consent", option="o1"),
    decision_row(9, "zoe", "consent", option="o1"),
    decision_row(20, "lea", "set_review", on="2024-08-01"),
    decision_row(
        28, "sam", "reopen", deadline="2024-06-07T12:00:00Z", reason={"code": "better_idea", "text": "A rota"}
    ),
    # Joined at last: named before.
    {"at": "2024-06-30T08:00:00Z", "by": "zoe", "do": "member.join", "member": "zoe", "team": "web", "name": "Zoe"},
]


@pytest.fixture
def installation(database_url: str) -> Iterator[Installation]:
    opened = open_installation(Settings(database_url=database_url))
    with opened.runtime:
        yield opened


def import_rows(installation: Installation, rows: list[Act]) -> ImportResult:
    lines = [json.dumps(row).encode() for row in rows]
    return import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal)


def list_event_types(installation: Installation) -> list[str]:
    events = installation.runtime.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "decision", "on-call"))
    return [event.type.removeprefix("decision.").removesuffix(".v1") for event in events]


def test_a_decisions_history_is_imported_once_and_goes_on_over_the_api(installation: Installation) -> None:
    # given
    assert ImportResult(accepted=len(STORY), already=0) == import_rows(installation, STORY)
    expected = [
        *("opened", "perspective_shared", "objection_raised", "objection_integrated", "objection_raised"),
        *("objection_withdrawn", "consented", "consented", "consented", "decided", "review_set", "reopened"),
    ]
    assert expected == list_event_types(installation)
    count = installation.runtime.ledger.count()

    # when it is imported again
    assert ImportResult(accepted=0, already=len(STORY)) == import_rows(installation, STORY)

    # then nothing is added
    assert count == installation.runtime.ledger.count()
    installation.runtime.engine.catch_up()
    with open_client(installation.runtime) as client:
        headers = {"Authorization": f"Bearer {installation.founded.api_key}"}

        def ask(method: str, path: str, **how: Any) -> Response:
            response: Response = client.request(method, path, headers=headers, **how)
            installation.runtime.engine.catch_up()
            return response

        # the deadline of the second asking passed long ago: an act finds it rung
        again = {"deadline": "2126-01-01T00:00:00Z", "reason": {"code": "correction", "text": "again"}}
        assert 422 == ask("POST", "/v1/decisions/on-call/reopen", json=again).status_code
        reviewed = ask("POST", "/v1/decisions/on-call/review", json={"note": "Left as it is"})
        assert (200, "fallback", "As now") == (
            *(reviewed.status_code, reviewed.json()["decided_by"]),
            reviewed.json()["decided"],
        )
        assert [*expected, "decided", "reviewed"] == list_event_types(installation)
        shown = ask("GET", "/v1/decisions/on-call?as_of=2024-05-10").json()
        assert ("decided", "consent", True) == (
            *(shown["state"], shown["decision"]["decided"]["by"]),
            shown["decision"]["decided"]["inside_time_box"],
        )
        sentences = [e["text"] for e in ask("GET", "/v1/decisions/on-call/history").json()["entries"]]
        assert 'Zoe completed the consent: "In a call" holds.' in sentences
        report = ask("GET", "/v1/reports/decisions?team=web&window=60&as_of=2024-06-10").json()
        found = {figure["name"]: figure for figure in report["figures"]}
        assert (1, 2) == tuple(found["decisions_inside_time_box"][k] for k in ("count", "n"))
        assert (1, 2) == tuple(found["objections_integrated"][k] for k in ("count", "n"))
        assert (1, 2) == tuple(found["decisions_reopened"][k] for k in ("count", "n"))
    assert [] == installation.runtime.engine.verify()


def test_a_purpose_is_adopted_by_a_decision_and_says_so(installation: Installation) -> None:
    with open_client(installation.runtime) as client:
        headers = {"Authorization": f"Bearer {installation.founded.api_key}"}

        def say(path: str, **body: Any) -> dict[str, Any]:
            response = client.post(path, headers=headers, json=body)
            installation.runtime.engine.catch_up()
            assert response.is_success, response.text
            told: dict[str, Any] = response.json()
            return told

        # given a purpose that was proposed, and a decision about it
        installation.runtime.engine.catch_up()
        aims = {"to_team": "rest", "to_clients": "trust", "to_organisation": "time"}
        [proposal] = say("/v1/charters/organisation/propose-purpose", text="Sound sleep", **aims)["events"]
        until = installation.runtime.clock() + timedelta(days=3)
        asked = {"question": "Is this why?", "options": ["Yes", "Not yet"], "status_quo": "o2", "deciders": ["steward"]}
        box = {"deadline": until.isoformat(), "fallback": {"rule": "lead_decides"}}
        say("/v1/decisions", ref="why", about={"proposal": proposal}, **asked, **box)

        # when it is still open, then it adopts nothing
        adopt = {"proposal": proposal, "decision": "why"}
        refused = client.post("/v1/charters/organisation/adopt-purpose", headers=headers, json=adopt)
        assert (409, "decision_unfit") == (refused.status_code, refused.json()["code"])

        # when it is decided, then its decided event is the cause
        decided = say("/v1/decisions/why/consent", option="o1")["events"][1]
        [adopted] = say("/v1/charters/organisation/adopt-purpose", **adopt)["events"]
        history = client.get("/v1/charters/organisation/history", headers=headers).json()["entries"]
        assert {adopted: decided} == {e["event_id"]: e["causation_id"] for e in history if e["event_id"] == adopted}
        assert "as decided together" in history[-1]["text"]


BRIEF: Act = {**OPEN, "deciders": ["lea", "sam"]}
#: 12:00 in Berlin, the very deadline.
LATE: Act = {**decision_row(10, "sam", "consent", option="o1"), "at": "2024-05-10T10:00:00Z"}


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({**BRIEF, "deciders": ["lea", "nobody"]}, "/deciders/1", "not_found"),
        ({**BRIEF, "deadline": "2024-05-06T08:00:00Z"}, "/deadline", "invalid_field"),
        ({**BRIEF, "options": ["One"]}, "/options", "invalid_field"),
        ({**BRIEF, "ref": "x"}, "/ref", "invalid_field"),
        (LATE, None, "act_not_allowed"),
        (decision_row(7, "sam", "consent", option="o1", extra=1), "/extra", "invalid_field"),
        (decision_row(7, "sam", "vote", option="o1"), "/do", "invalid_field"),
    ],
)
def test_a_bad_row_about_a_decision_says_what_is_wrong(
    installation: Installation, row: Act, field: str | None, code: str
) -> None:
    rows = [*PEOPLE, row] if row["do"] == "decision.open" else [*PEOPLE, BRIEF, row]

    told = import_rows(installation, rows)

    assert 0 == told.accepted
    [error] = told.errors
    assert (field, code, len(rows)) == (error.field, error.code, error.line)


def test_what_a_lead_who_has_left_was_to_decide_waits_for_stewards(app: ApiApp) -> None:
    decision = open_decision(app, fallback={"rule": "lead_decides"})
    app.clock.now = LATER
    for organisation, stream in app.runtime.ledger.find_streams_with_due_timers(app.clock.now, 10):
        app.runtime.ledger.run_timers(organisation, stream)
    stella = app.as_member("stella")
    before = stella.get_ok("/v1/me/inbox")["entries"]

    stella.post_ok("/v1/members/lea/leave", {})

    after = [entry for entry in stella.get_ok("/v1/me/inbox")["entries"] if entry["subject"] == f"decision/{decision}"]
    assert f"decision/{decision}" not in [entry["subject"] for entry in before]
    assert [("decide",)] == [tuple(ask["acts"]) for entry in after for ask in entry["asks"]]
