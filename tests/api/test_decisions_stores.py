"""Decisions on either store: a history that is imported, twice, and then gone on with over the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from domain.references import resolve
from services.imports import ImportResult, import_lines
from services.organisations import organisation_id
from services.settings import Settings
from tests.api.house import client_of
from tests.services.conftest import Installation, open_office

ORGANISATION = organisation_id("default")
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


def said(day: int, by: str, do: str, **fields: Any) -> Act:
    return {"at": f"2024-05-{day:02}T09:00:00Z", "by": by, "do": f"decision.{do}", "decision": "on-call", **fields}


STORY: list[Act] = [
    *PEOPLE,
    OPEN,
    said(6, "sam", "share_perspective", text="Calls are fine"),
    said(7, "sam", "raise_objection", option="o1", text="Not on Mondays"),
    said(7, "lea", "integrate_objection", how="Tuesdays", objection="sam"),
    said(8, "zoe", "raise_objection", option="o1", text="Too early"),
    said(8, "zoe", "withdraw_objection"),
    said(8, "lea", "consent", option="o1"),
    said(8, "sam", "consent", option="o1"),
    said(9, "zoe", "consent", option="o1"),
    said(20, "lea", "set_review", on="2024-08-01"),
    said(28, "sam", "reopen", deadline="2024-06-07T12:00:00Z", reason={"code": "better_idea", "text": "A rota"}),
    # Joined at last: named before.
    {"at": "2024-06-30T08:00:00Z", "by": "zoe", "do": "member.join", "member": "zoe", "team": "web", "name": "Zoe"},
]


@pytest.fixture
def installation(database_url: str) -> Iterator[Installation]:
    opened = open_office(Settings(database_url=database_url))
    with opened.runtime:
        yield opened


def bring(installation: Installation, rows: list[Act]) -> ImportResult:
    lines = [json.dumps(row).encode() for row in rows]
    return import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal)


def types(installation: Installation) -> list[str]:
    events = installation.runtime.ledger.events(ORGANISATION, resolve(ORGANISATION, "decision", "on-call"))
    return [event.type.removeprefix("decision.").removesuffix(".v1") for event in events]


def test_a_decisions_history_is_imported_once_and_goes_on_over_the_api(installation: Installation) -> None:
    # given
    assert ImportResult(accepted=len(STORY), already=0) == bring(installation, STORY)
    expected = [
        *("opened", "perspective_shared", "objection_raised", "objection_integrated", "objection_raised"),
        *("objection_withdrawn", "consented", "consented", "consented", "decided", "review_set", "reopened"),
    ]
    assert expected == types(installation)
    count = installation.runtime.ledger.count()

    # when it is imported again
    assert ImportResult(accepted=0, already=len(STORY)) == bring(installation, STORY)

    # then nothing is added
    assert count == installation.runtime.ledger.count()
    installation.runtime.engine.catch_up()
    with client_of(installation.runtime) as client:
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
        assert [*expected, "decided", "reviewed"] == types(installation)
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
    with client_of(installation.runtime) as client:
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
LATE: Act = {**said(10, "sam", "consent", option="o1"), "at": "2024-05-10T10:00:00Z"}


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({**BRIEF, "deciders": ["lea", "nobody"]}, "/deciders/1", "not_found"),
        ({**BRIEF, "deadline": "2024-05-06T08:00:00Z"}, "/deadline", "invalid_field"),
        ({**BRIEF, "options": ["One"]}, "/options", "invalid_field"),
        ({**BRIEF, "ref": "x"}, "/ref", "invalid_field"),
        (LATE, None, "act_not_allowed"),
        (said(7, "sam", "consent", option="o1", extra=1), "/extra", "invalid_field"),
        (said(7, "sam", "vote", option="o1"), "/do", "invalid_field"),
    ],
)
def test_a_bad_row_about_a_decision_says_what_is_wrong(
    installation: Installation, row: Act, field: str | None, code: str
) -> None:
    rows = [*PEOPLE, row] if row["do"] == "decision.open" else [*PEOPLE, BRIEF, row]

    told = bring(installation, rows)

    assert 0 == told.accepted
    [error] = told.errors
    assert (field, code, len(rows)) == (error.field, error.code, error.line)
