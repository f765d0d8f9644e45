"""Over HTTP: what was said wrongly is said again or taken back; the history shows both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.text import compose, decompose
from services.commands.store import find_organisation
from tests.api.app_under_test import ApiApp, offer

SLIP = {"from": "2026-11-10", "to": "2028-11-09"}
MEANT = {"from": "2026-11-10", "to": "2026-11-19"}


def test_an_absence_with_a_slip_of_the_year_is_said_again(app: ApiApp) -> None:
    ana = app.as_member("ana")
    [slip] = ana.post_ok("/v1/members/ana/absence", SLIP)["events"]

    answer = ana.post_ok("/v1/members/ana/absence", {**MEANT, "corrects": slip})

    assert [MEANT] == answer["absences"] == ana.get_ok("/v1/members/ana")["absences"]
    feed = ana.get_ok("/v1/events?types=member.absence_declared.v1")
    assert [None, slip] == [event["data"].get("corrects") for event in feed]


def test_a_capacity_is_taken_back(app: ApiApp) -> None:
    ana = app.as_member("ana")
    ana.post_ok("/v1/members/ana/capacity", {"hours_per_week": 40, "from": "2026-03-02"})
    [slip] = ana.post_ok("/v1/members/ana/capacity", {"hours_per_week": 4, "from": "2026-03-02"})["events"]

    answer = ana.post_ok("/v1/members/ana/take-back", {"corrects": slip})

    assert ["40"] == [held["hours_per_week"] for held in answer["capacities"]]


def test_a_lead_and_a_role_are_taken_back_at_once_for_access(app: ApiApp) -> None:
    stella, ben = app.as_member("stella"), app.as_member("ben")
    [lead] = stella.post_ok("/v1/teams/core/appoint-lead", {"lead": "ben"})["events"]
    [role] = stella.post_ok("/v1/members/ben/grant-role", {"role": "auditor"})["events"]
    assert ["auditor"] == ben.get_ok("/v1/me")["roles"]

    stella.post_ok("/v1/members/ben/take-back", {"corrects": role})
    stella.post_ok("/v1/teams/core/take-back", {"corrects": lead})

    assert (["member"], []) == (ben.get_ok("/v1/me")["roles"], ben.get_ok("/v1/me")["leads"])
    assert app.resolve_id("member", "lea") == stella.get_ok("/v1/teams/core")["lead"]


def test_a_member_is_renamed(app: ApiApp) -> None:
    app.as_member("ana").post_ok("/v1/members/ana/rename", {"name": "Ana Maria"})

    assert "Ana Maria" == app.as_member("ben").get_ok("/v1/members/ana")["name"]


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("ana", {"corrects": "01900000-0000-7000-8000-000000000001"}, 404, "not_found"),
        ("ana", {"corrects": ""}, 422, "invalid_field"),
        ("ana", {}, 422, "invalid_field"),
        ("ben", {"corrects": "01900000-0000-7000-8000-000000000001"}, 403, "forbidden"),
    ],
)
def test_a_bad_correction_is_refused_and_nothing_recorded(
    app: ApiApp, who: str, body: dict[str, Any], status: int, code: str
) -> None:
    before = app.count_events()

    refused = app.as_member(who).post("/v1/members/ana/take-back", body)

    assert (status, code, before) == (refused.status_code, refused.json()["code"], app.count_events())


def test_a_check_in_and_a_reading_are_said_again_and_taken_back(app: ApiApp) -> None:
    ana, sam = app.as_member("ana"), app.as_member("sam")
    goal = f"/v1/goals/{ana.post_ok('/v1/goals', offer(ref='report'))['id']}"
    sam.post_ok(f"{goal}/accept", {"answers": sam.get_ok("/v1/goals/report")["open"]})
    ana.post_ok(f"{goal}/check-in", {"progress": 0.3, "note": "begun"})
    [slip] = ana.post_ok(f"{goal}/check-in", {"progress": 0.9})["events"]

    assert "0.4" == ana.post_ok(f"{goal}/check-in", {"progress": 0.4, "corrects": slip})["progress"]
    assert "0.3" == ana.post_ok(f"{goal}/take-back", {"corrects": slip})["progress"]
    assert "0.3" == ana.get_ok(goal)["goal"]["progress"]
    told = [entry["text"] for entry in ana.get_ok(f"{goal}/history")["entries"]]
    assert ["corrected an earlier check-in", "took back a check-in"] == [
        words
        for text in told[-2:]
        for words in ("corrected an earlier check-in", "took back a check-in")
        if words in text
    ]
    assert "not_a_party" == sam.post(f"{goal}/take-back", {"corrects": slip}).json()["code"]


def test_a_steward_renames_the_organisation_and_it_is_found_by_that_name(app: ApiApp) -> None:
    stella = app.as_member("stella")

    renamed = stella.post_ok("/v1/organisation/rename", {"name": "Acme & Daughters"})

    assert "Acme & Daughters" == renamed["name"] == stella.get_ok("/v1/me")["organisation_name"]
    assert app.organisation_id() == find_organisation(app.runtime, "Acme & Daughters")
    assert app.organisation_id() == find_organisation(app.runtime, "acme")
    assert 403 == app.as_member("lea").post("/v1/organisation/rename", {"name": "Mine"}).status_code
    assert [] == app.runtime.engine.verify("organisations")


def test_a_row_is_known_and_corrected_by_its_id_in_either_unicode_form(app: ApiApp) -> None:
    # given
    stella = app.as_member("stella")

    def bring(**row: Any) -> Any:
        lines = json.dumps({"by": "ana", "member": "ana", **row}).encode()
        return stella.post_ok("/v1/imports", content=lines, headers={"Content-Type": "application/x-ndjson"})

    slip = {"at": "2026-03-02T08:00:00Z", "do": "member.capacity", "hours_per_week": 4, "from": "2026-03-02"}
    bring(**slip, id=compose("für-ana"))

    # when
    again = bring(**slip, id=decompose("für-ana"))
    bring(at="2026-03-02T08:30:00Z", do="member.take_back", corrects=decompose("für-ana"))

    # then
    assert (0, 1) == (again["accepted"], again["already"])
    assert [] == stella.get_ok("/v1/members/ana")["capacities"]
