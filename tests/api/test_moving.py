"""Moving between teams and archiving one, over HTTP: who may, what is refused and why, what follows for sight."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer
from tests.api.test_imports import NDJSON, lines

MOVE = {"leave": "core", "join": "edge"}


def problem(response: Any) -> tuple[int, str, list[str]]:
    body = response.json()
    return response.status_code, body["code"], body.get("allowed", [])


def pointers(response: Any) -> list[str]:
    return [error["pointer"] for error in response.json().get("errors", [])]


def test_a_change_of_teams_is_one_answer_with_both_events(app: ApiApp) -> None:
    stella = app.as_member("stella")

    moved = stella.post_ok("/v1/members/ana/change-team", MOVE)

    assert ([app.resolve_id("team", "edge")], 2) == (moved["teams"], len(moved["events"]))
    told = stella.get_ok("/v1/events?subject=member/ana")
    assert ["member.team_left.v1", "member.joined.v1"] == [event["type"] for event in told][-2:]
    assert 1 == len({event["time"] for event in told[-2:]})
    assert told[-2]["id"] == told[-1]["causationid"]
    assert ["ana", "eva", "ned"] == sorted(m["ref"] for m in stella.get_ok("/v1/members?team=edge")["members"])
    history = app.as_member("ana").get_ok("/v1/members/ana/history")["entries"]
    assert ["Stella recorded that Ana left team Core.", "Stella welcomed Ana to team Edge."] == [
        entry["text"].replace("stella", "Stella") for entry in history
    ][-2:]


def test_the_same_request_again_moves_once(app: ApiApp) -> None:
    key = {"Idempotency-Key": "move-ana"}
    stella = app.as_member("stella")

    first = stella.post("/v1/members/ana/change-team", MOVE, headers=key)
    again = stella.post("/v1/members/ana/change-team", MOVE, headers=key)

    assert (200, 200, "true") == (first.status_code, again.status_code, again.headers["Idempotent-Replayed"])
    assert first.json()["events"] == again.json()["events"]


def test_who_may_is_said_with_the_refusal(app: ApiApp) -> None:
    assert (403, "forbidden", ["steward"]) == problem(app.as_member("lea").post("/v1/members/ana/change-team", MOVE))
    assert (403, "forbidden", ["member", "lead", "steward"]) == problem(
        app.as_member("ben").post("/v1/members/ana/leave-team", {"team": "core"})
    )
    assert 403 == app.as_member("aud").post("/v1/members/ana/leave-team", {"team": "core"}).status_code
    assert 403 == app.as_member("lea").post("/v1/teams/core/archive", {}).status_code
    assert 404 == app.as_member("stella", "rival").post("/v1/members/nobody/leave-team", {"team": "core"}).status_code


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "pointer"),
    [
        ("/v1/members/ana/leave-team", {"team": "edge"}, 409, "act_not_allowed", "/team"),
        ("/v1/members/ana/leave-team", {"team": "nowhere"}, 404, "not_found", "/team"),
        ("/v1/members/ana/leave-team", {}, 422, "invalid_field", "/team"),
        ("/v1/members/ana/leave-team", {"team": "core", "why": "x"}, 422, "invalid_field", "/why"),
        ("/v1/members/ana/change-team", {"leave": "core"}, 422, "invalid_field", "/join"),
        ("/v1/members/ana/change-team", {"join": "core"}, 409, "already_exists", "/join"),
        ("/v1/members/stella/change-team", {"join": "core"}, 409, "act_not_allowed", None),
        ("/v1/members/lea/leave-team", {"team": "core"}, 409, "act_not_allowed", "/team"),
        ("/v1/teams/nowhere/archive", {}, 404, "not_found", None),
        ("/v1/teams/core/restore", {"lead": "lea"}, 409, "act_not_allowed", None),
    ],
)
def test_what_does_not_fit_names_its_field_and_records_nothing(
    shared_app: ApiApp, path: str, body: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    before = shared_app.count_events()

    refused = shared_app.as_member("stella").post(path, body)

    assert (status, code) == problem(refused)[:2], refused.text
    assert pointer is None or pointer in pointers(refused)
    assert before == shared_app.count_events()


def test_sight_moves_with_the_member(app: ApiApp) -> None:
    of_core = create_active_goal(app, "ben", "sam")
    of_edge = app.as_member("ned").post_ok("/v1/goals", offer("ned", "eva", team="edge"))["id"]
    own = create_active_goal(app, "ana", "sam")
    ana = app.as_member("ana")
    assert [200, 403, 200] == [ana.get(f"/v1/goals/{goal}").status_code for goal in (of_core, of_edge, own)]

    app.as_member("stella").post_ok("/v1/members/ana/change-team", MOVE)

    assert [403, 200, 200] == [ana.get(f"/v1/goals/{goal}").status_code for goal in (of_core, of_edge, own)]
    assert [app.resolve_id("team", "edge")] == ana.get_ok("/v1/me")["teams"]
    assert {of_edge, own} == {goal["id"] for goal in ana.get_ok("/v1/goals")["goals"]}
    # Figures and history of a person: from now on for the lead of now.
    assert [403, 200] == [
        app.as_member(lead).get("/v1/reports/overload?member=ana").status_code for lead in ("lea", "eva")
    ]
    assert [403, 200] == [app.as_member(lead).get("/v1/members/ana/history").status_code for lead in ("lea", "eva")]


def shown(app: ApiApp, lead: str, team: str, as_of: str) -> set[str]:
    """Whose figures a lead is shown in the team's overload report of a day."""
    report = app.as_member(lead).get_ok(f"/v1/reports/overload?team={team}&as_of={as_of}")
    refs = {app.resolve_id("member", ref): ref for ref in ("ana", "lea", "eva", "ned", "ben", "sam", "mia")}
    return {refs[figure["member"]] for figure in report["figures"] if figure.get("member")}


def test_a_move_that_is_imported_with_its_date_changes_the_teams_of_that_time(app: ApiApp) -> None:
    row = {"at": "2026-03-01T12:00:00Z", "by": "stella", "do": "member.change_team", "member": "ana", **MOVE}
    dry = app.as_member("stella").post("/v1/imports?dry_run=true", content=lines(row), headers=NDJSON)
    assert (1, True) == (dry.json()["accepted"], dry.json()["dry_run"])
    # the seeded members joined on the first of March at nine
    imported = app.as_member("stella").post("/v1/imports", content=lines(row), headers=NDJSON)
    assert 1 == imported.json()["accepted"], imported.text
    assert (0, 1) == (
        (again := app.as_member("stella").post("/v1/imports", content=lines(row), headers=NDJSON)).json()["accepted"],
        again.json()["already"],
    )

    assert {"eva", "ned", "ana"} == shown(app, "eva", "edge", "2026-03-01")
    assert {"lea", "ben", "sam", "mia"} == shown(app, "lea", "core", "2026-03-01")
    before = app.as_member("stella").get_ok("/v1/members/ana?as_of=2026-03-01T11:00:00Z")
    assert [app.resolve_id("team", "core")] == before["teams"]


def test_a_team_is_archived_when_settled_and_comes_back(app: ApiApp) -> None:
    stella, eva, ned = (app.as_member(name) for name in ("stella", "eva", "ned"))
    goal = ned.post_ok("/v1/goals", offer("ned", "eva", team="edge", ref="g"))

    still_there = stella.post("/v1/teams/edge/archive", {})
    assert (409, "act_not_allowed", ["leave_team", "change_team"]) == problem(still_there)
    assert "eva, ned are in this team" in still_there.json()["detail"]

    ned.post_ok("/v1/members/ned/leave-team", {"team": "edge"})
    leading = stella.post("/v1/members/eva/leave-team", {"team": "edge"})
    assert (409, "act_not_allowed", ["appoint_lead"]) == problem(leading)
    stella.post_ok("/v1/teams/edge/appoint-lead", {"lead": "stella"})
    stella.post_ok("/v1/members/eva/leave-team", {"team": "edge"})
    archived = stella.post_ok("/v1/teams/edge/archive")

    assert archived["archived_at"]
    assert ["edge"] == [team["ref"] for team in stella.get_ok("/v1/teams?archived=true")["teams"]]
    assert ["core"] == [team["ref"] for team in stella.get_ok("/v1/teams?archived=false")["teams"]]
    assert ["core", "edge"] == sorted(team["ref"] for team in stella.get_ok("/v1/teams")["teams"])
    assert [] == stella.get_ok("/v1/me")["leads"]
    for path, body in (
        ("/v1/goals", offer("ned", "eva", team="edge")),
        ("/v1/members/ned/join", {"team": "edge"}),
        ("/v1/teams/edge/appoint-lead", {"lead": "eva"}),
    ):
        by = stella if path != "/v1/goals" else ned
        assert (409, "act_not_allowed", ["restore"]) == problem(by.post(path, body))

    # What was under way goes on, and its reports can be asked for.
    eva.post_ok("/v1/goals/g/accept", {"answers": goal["open"]})
    ned.post_ok("/v1/goals/g/check-in", {"progress": 0.5, "confidence": 0.8})
    assert 200 == stella.get("/v1/reports/overload?team=edge").status_code
    assert 200 == stella.get("/v1/reports/drift?team=edge").status_code

    stella.post_ok("/v1/teams/edge/restore", {"lead": "eva"})
    stella.post_ok("/v1/members/ned/join", {"team": "edge"})
    told = [entry["text"] for entry in ned.get_ok("/v1/teams/edge/history")["entries"]]
    assert ["archived the team.", "brought the team back, led by Eva."] == [
        text.partition(" ")[2] for text in told[-2:]
    ]
    assert [app.resolve_id("team", "edge")] == eva.get_ok("/v1/me")["leads"]


def test_what_stands_in_an_archived_teams_charter_asks_for_nothing(app: ApiApp) -> None:
    """Nor does its review come due in the organisation's figures."""
    stella, eva = app.as_member("stella"), app.as_member("eva")
    for n in range(3):
        eva.post_ok(
            "/v1/charters/edge/adopt-non-negotiable", {"non_negotiable": f"n{n}", "text": f"We answer, always {n}"}
        )

    def asked() -> tuple[Any, int]:
        figures = stella.get_ok("/v1/reports/drift")["figures"]
        share = next(f for f in figures if f["name"] == "acknowledgement_share")
        inbox = app.as_member("ned").get_ok("/v1/me/inbox")["entries"]
        return share.get("n"), sum(entry["subject"].startswith("charter/") for entry in inbox)

    assert (2, 1) == asked()
    for name in ("ned", "eva"):
        if name == "eva":
            stella.post_ok("/v1/teams/edge/appoint-lead", {"lead": "stella"})
        stella.post_ok(f"/v1/members/{name}/leave-team", {"team": "edge"})
    stella.post_ok("/v1/teams/edge/archive")

    assert 0 == asked()[1]
    assert "no_charter" == next(
        f for f in stella.get_ok("/v1/reports/drift")["figures"] if f["name"] == "review_age_days"
    ).get("status")


def test_names_of_members_teams_and_the_organisation_are_those_of_the_day_asked_about(app: ApiApp) -> None:
    stella = app.as_member("stella")
    rows = (
        {"at": "2026-03-01T12:00:00Z", "do": "organisation.rename", "name": "Acme Europe"},
        {"at": "2026-03-01T12:00:00Z", "do": "team.rename", "team": "core", "name": "Kernel"},
        {"at": "2026-03-01T12:00:00Z", "do": "member.rename", "member": "ana", "name": "Ana Costa"},
    )
    imported = stella.post("/v1/imports", content=lines(*({"by": "stella", **row} for row in rows)), headers=NDJSON)
    assert 3 == imported.json()["accepted"], imported.text

    def names(as_of: str) -> list[str]:
        paths = ("/v1/organisation", "/v1/teams/core", "/v1/members/ana")
        return [app.as_member("ben").get_ok(f"{path}?as_of={as_of}")["name"] for path in paths]

    assert ["acme", "Core", "Ana"] == names("2026-03-01T11:00:00Z")
    assert ["Acme Europe", "Kernel", "Ana Costa"] == names("2026-03-01T12:00:00Z")
    told = app.as_member("ben").get_ok("/v1/organisation/history")["entries"]
    assert told[-1]["text"].endswith('renamed the organisation to "Acme Europe".')
    assert 403 == app.as_member("lea").post("/v1/organisation/rename", {"name": "Mine"}).status_code
