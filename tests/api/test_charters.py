"""Charters over HTTP: the way from a proposal to a framework in force, and who reads what of it. On both stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest
import structlog
from httpx import Response
from litestar.testing import TestClient

from domain.charter.acts import CharterAct
from services.api.pipeline import HttpPipeline
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import (
    START,
    ApiApp,
    TickingClock,
    create_active_goal,
    create_members,
    offer,
    open_client,
    why,
)

WHY = {
    "to_team": "we see that it is used",
    "to_clients": "they get their money back in a day",
    "to_organisation": "fewer calls, more trust",
}
PROPOSAL = {"text": "Money back, fast", **WHY, "until": "2026-03-04"}
THREE = ("tested", "kind", "open")


class MemberApi:
    """Everybody of `tests.api.app_under_test` on any store."""

    def __init__(
        self, runtime: Runtime, client: TestClient[HttpPipeline], clock: TickingClock, keys: dict[str, str]
    ) -> None:
        self.runtime, self.client, self.clock, self.keys = runtime, client, clock, keys

    def send(self, person: str, method: str, path: str, **how: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.keys[person]}", **how.pop("headers", {})}
        response: Response = self.client.request(method, path, headers=headers, **how)
        if method == "POST":
            self.runtime.engine.catch_up()
        return response

    def post_ok(self, person: str, path: str, body: Any = None) -> dict[str, Any]:
        response = self.send(person, "POST", path, json=body or {})
        assert response.status_code in (200, 201), response.text
        told: dict[str, Any] = response.json()
        return told

    def get_ok(self, person: str, path: str) -> Any:
        response = self.send(person, "GET", path)
        assert 200 == response.status_code, response.text
        return response.json()

    def post_refused(self, person: str, path: str, body: Any = None) -> dict[str, Any]:
        """The problem of an act that is refused; nothing is recorded."""
        before = self.runtime.ledger.count()
        response = self.send(person, "POST", path, json=body or {})
        assert 400 <= response.status_code < 500, response.text
        assert before == self.runtime.ledger.count()
        told: dict[str, Any] = response.json()
        return told

    def advance_days(self, days: int) -> None:
        self.clock.now += timedelta(days=days)


@pytest.fixture
def member_api(database_url: str) -> Iterator[MemberApi]:
    settings = Settings(database_url=database_url)
    clock = TickingClock(START - timedelta(days=1))
    with Runtime(settings, clock=clock) as runtime:
        keys = create_members(runtime, "acme")
        runtime.engine.catch_up()
        clock.now = START
        with open_client(runtime) as client:
            yield MemberApi(runtime, client, clock, keys)


def adopt_purpose(member_api: MemberApi, of: str = "core", by: str = "lea") -> None:
    """A purpose, adopted on the third day."""
    body = {**PROPOSAL, "until": (member_api.clock.now + timedelta(days=2)).date().isoformat()}
    proposed = member_api.post_ok(by, f"/v1/charters/{of}/propose-purpose", body)
    member_api.advance_days(3)
    member_api.post_ok(by, f"/v1/charters/{of}/adopt-purpose", {"proposal": proposed["proposals"][0]["id"]})


def put_in_force(member_api: MemberApi, of: str = "core", by: str = "lea") -> dict[str, Any]:
    """The charter after it was put in force."""
    adopt_purpose(member_api, of, by)
    for name in THREE:
        body = {"non_negotiable": name, "text": f"We are {name}"}
        member_api.post_ok(by, f"/v1/charters/{of}/adopt-non-negotiable", body)
    return member_api.post_ok(by, f"/v1/charters/{of}/put-in-force")


def raise_breach(member_api: MemberApi) -> str:
    """A breach of team core's charter, raised by ben about a goal of ana's; its id."""
    member_api.post_ok("ana", "/v1/goals", offer(ref="g"))
    raised = member_api.post_ok(
        "ben",
        "/v1/charters/core/raise-breach",
        {"non_negotiable": "kind", "about": {"goal": "g"}, "text": "Nobody asked Mia"},
    )
    return str(raised["breaches"][0]["id"])


# --- the way ---------------------------------------------------------------------------------------------------------


def test_every_act_on_a_charter_has_a_route(app: ApiApp) -> None:
    paths = app.client.get("/openapi.json").json()["paths"]

    tags = [str(act.__struct_config__.tag) for act in get_args(CharterAct)]
    assert [] == [tag for tag in tags if f"/v1/charters/{{of}}/{tag.replace('_', '-')}" not in paths]


def test_from_a_proposal_to_a_charter_in_force(member_api: MemberApi) -> None:
    # when
    charter = put_in_force(member_api)

    # then
    told = member_api.get_ok("ned", "/v1/charters/core")
    assert (True, 1, "Money back, fast") == (
        told["in_force"],
        told["purpose"]["version"],
        told["purpose"]["why"]["text"],
    )
    assert list(THREE) == [n["ref"] for n in told["non_negotiables"]]
    assert (charter["id"], charter["version"]) == (told["id"], told["version"])
    assert [charter["id"]] == [c["id"] for c in member_api.get_ok("ned", "/v1/charters")["charters"]]


def test_a_charter_is_found_by_whose_it_is_and_by_its_own_id(member_api: MemberApi) -> None:
    put_in_force(member_api, "organisation", "stella")
    own = member_api.get_ok("ana", "/v1/charters/organisation")
    adopt_purpose(member_api)
    core = member_api.get_ok("ana", "/v1/charters/core")

    assert own == member_api.get_ok("ana", f"/v1/charters/{own['id']}")
    assert core == member_api.get_ok("ana", f"/v1/charters/{core['id']}")
    assert core == member_api.get_ok("ana", f"/v1/charters/{core['team']}")
    assert "team" not in own
    reviewed = member_api.post_ok("lea", f"/v1/charters/{core['id']}/review")
    assert core["id"] == reviewed["id"]
    assert [own["id"], core["id"]] == [c["id"] for c in member_api.get_ok("ana", "/v1/charters")["charters"]]


def test_before_its_first_act_there_is_none(member_api: MemberApi) -> None:
    assert 404 == member_api.send("ana", "GET", "/v1/charters/core").status_code
    assert 404 == member_api.send("ana", "GET", "/v1/charters/core/history").status_code
    assert {"charters": []} == member_api.get_ok("ana", "/v1/charters")
    assert "not_found" == member_api.post_refused("ana", "/v1/charters/nowhere/propose-purpose", PROPOSAL)["code"]


def test_a_charter_is_read_as_it_was(member_api: MemberApi) -> None:
    adopt_purpose(member_api)
    member_api.post_ok(
        "lea", "/v1/charters/core/adopt-non-negotiable", {"non_negotiable": "kind", "text": "We are kind"}
    )

    before = member_api.get_ok("ana", "/v1/charters/core?as_of=2026-03-04")

    assert "purpose" not in before
    assert [] == before["non_negotiables"]
    assert 1 == len(before["proposals"])


# --- what the issue calls bad input ----------------------------------------------------------------------------------


def test_a_sixth_non_negotiable_is_refused_with_what_would_be_taken(member_api: MemberApi) -> None:
    put_in_force(member_api)
    for name in ("calm", "brief"):
        member_api.post_ok("lea", "/v1/charters/core/adopt-non-negotiable", {"text": name})

    refused = member_api.post_refused("lea", "/v1/charters/core/adopt-non-negotiable", {"text": "bold"})

    assert (409, "non_negotiable_count", ["retire_non_negotiable", "revise_non_negotiable"]) == (
        refused["status"],
        refused["code"],
        refused["allowed"],
    )


def test_a_freedom_without_purpose_is_refused(member_api: MemberApi) -> None:
    freedom = {"text": "We choose our tools", "purpose_version": 1}
    refused = member_api.post_refused("lea", "/v1/charters/core/grant-freedom", freedom)
    assert ("no_purpose", ["propose_purpose", "adopt_purpose"]) == (refused["code"], refused["allowed"])

    adopt_purpose(member_api)
    assert ["1"] == member_api.post_refused("lea", "/v1/charters/core/grant-freedom", {"text": "Ours"})["allowed"]
    old = member_api.post_refused("lea", "/v1/charters/core/grant-freedom", {**freedom, "purpose_version": 2})
    assert ("version_superseded", ["1"]) == (old["code"], old["allowed"])
    granted = member_api.post_ok("lea", "/v1/charters/core/grant-freedom", freedom)
    assert [True] == [f["anchored"] for f in granted["freedoms"]]


def test_an_acknowledgement_of_an_old_version_is_refused_and_the_current_one_named(member_api: MemberApi) -> None:
    put_in_force(member_api)
    revision = {"non_negotiable": "kind", "text": "We are kind and clear", "reason": why()}
    member_api.post_ok("lea", "/v1/charters/core/revise-non-negotiable", revision)

    refused = member_api.post_refused("ana", "/v1/charters/core/acknowledge", {"non_negotiable": "kind", "version": 1})

    assert ("version_superseded", ["2"]) == (refused["code"], refused["allowed"])
    assert "We are kind and clear" in refused["detail"]
    member_api.post_ok("ana", "/v1/charters/core/acknowledge", {"non_negotiable": "kind", "version": 2})


def test_before_the_time_box_is_over_a_lead_needs_a_decision(member_api: MemberApi) -> None:
    proposed = member_api.post_ok("ana", "/v1/charters/core/propose-purpose", PROPOSAL)

    adopt = {"proposal": proposed["proposals"][0]["id"]}
    refused = member_api.post_refused("lea", "/v1/charters/core/adopt-purpose", adopt)

    assert ("decision_required", ["decision", "after 2026-03-04"]) == (refused["code"], refused["allowed"])


def test_a_path_and_a_body_that_name_different_charters_are_refused(member_api: MemberApi) -> None:
    refused = member_api.post_refused("ana", "/v1/charters/core/propose-purpose", {**PROPOSAL, "of": "organisation"})

    assert ("invalid_field", "/of") == (refused["code"], refused["errors"][0]["pointer"])


@pytest.mark.parametrize("person", ["bot", "aud", "ned"])
def test_machines_auditors_and_strangers_do_nothing_to_it(member_api: MemberApi, person: str) -> None:
    assert 403 == member_api.post_refused(person, "/v1/charters/core/propose-purpose", PROPOSAL)["status"]


def test_an_old_version_tag_is_refused_and_the_same_key_recorded_once(member_api: MemberApi) -> None:
    put_in_force(member_api)
    stale = {"headers": {"If-Match": '"v1"'}, "json": {}}
    assert 412 == member_api.send("lea", "POST", "/v1/charters/core/review", **stale).status_code

    once = {"headers": {"Idempotency-Key": "review of march"}, "json": {}}
    first = member_api.send("lea", "POST", "/v1/charters/core/review", **once)
    count = member_api.runtime.ledger.count()
    again = member_api.send("lea", "POST", "/v1/charters/core/review", **once)

    assert (first.json(), count) == (again.json(), member_api.runtime.ledger.count())
    assert "true" == again.headers["Idempotent-Replayed"]


# --- who reads what --------------------------------------------------------------------------------------------------


def test_who_acknowledged_and_what_was_not_kept_is_for_those_whose_charter_it_is(member_api: MemberApi) -> None:
    put_in_force(member_api)
    member_api.post_ok("ana", "/v1/charters/core/acknowledge", {"non_negotiable": "kind", "version": 1})
    raise_breach(member_api)

    for person in ("ana", "lea", "stella", "aud"):
        told = member_api.get_ok(person, "/v1/charters/core")
        assert [[], ["ana"], []] == [
            [name for a in n["acknowledged"] for name in ("ana", "ben") if a["member"] == _member_id(member_api, name)]
            for n in told["non_negotiables"]
        ]
        assert ["Nobody asked Mia"] == [b["text"] for b in told["breaches"]]
        assert ([0, 1, 0], 0) == ([n["acknowledgements"] for n in told["non_negotiables"]], told["breaches_repaired"])
    outside = member_api.get_ok("ned", "/v1/charters/core")
    assert [] == [name for name in ("breaches", "breaches_repaired", "linked_goals") if name in outside]
    assert [] == [n for n in outside["non_negotiables"] if {"acknowledged", "acknowledgements"} & n.keys()]


@pytest.mark.parametrize("path", ["/v1/charters", "/v1/charters/core", "/v1/charters/core/history"])
def test_whoever_reads_it_from_outside_the_team_is_noted(member_api: MemberApi, path: str) -> None:
    put_in_force(member_api)

    def noted(person: str) -> list[str]:
        with structlog.testing.capture_logs() as lines:
            member_api.get_ok(person, path)
        return [line["team"] for line in lines if line["event"] == "person_level.read"]

    core = member_api.get_ok("ana", "/v1/charters/core")["team"]
    assert ([core], [core], [], []) == tuple(noted(person) for person in ("stella", "aud", "ana", "ned"))


def _member_id(member_api: MemberApi, person: str) -> str:
    found: str = member_api.get_ok(person, f"/v1/members/{person}")["id"]
    return found


@pytest.mark.parametrize("path", ["/v1/charters/core/history", "/v1/events?limit=500"])
def test_nor_do_history_and_feed_tell_others(member_api: MemberApi, path: str) -> None:
    put_in_force(member_api)
    member_api.post_ok("ana", "/v1/charters/core/acknowledge", {"non_negotiable": "kind", "version": 1})
    named = raise_breach(member_api)
    member_api.post_ok("ana", "/v1/charters/core/agree-repair", {"breach": named, "text": "We ask first"})

    inside = member_api.send("mia", "GET", path).text
    outside = member_api.send("ned", "GET", path).text

    secrets = ("charter.acknowledged.v1", "charter.breach_raised.v1", "charter.repair_agreed.v1", "Nobody asked Mia")
    assert all(secret in inside for secret in secrets)
    assert [] == [secret for secret in secrets if secret in outside]
    assert "charter.put_in_force.v1" in outside


def test_the_history_reads_as_sentences(member_api: MemberApi) -> None:
    put_in_force(member_api)
    named = raise_breach(member_api)
    member_api.post_ok("ana", "/v1/charters/core/agree-repair", {"breach": named, "text": "We ask first"})

    told = [entry["text"] for entry in member_api.get_ok("ana", "/v1/charters/core/history")["entries"]]

    assert 'Lea adopted the non-negotiable "We are tested".' in told
    assert "Lea put the charter in force." in told
    assert 'Ben said that a non-negotiable was not kept, "We are kind": Nobody asked Mia.' in told
    assert "Ana closed a breach with a repair talk: We ask first." == told[-1]


# --- goals that serve the purpose ------------------------------------------------------------------------------------


def create_serving_goal(member_api: MemberApi, ref: str) -> None:
    offered = member_api.post_ok("ana", "/v1/goals", offer(ref=ref, supports=[{"purpose": "core"}]))
    member_api.post_ok("sam", f"/v1/goals/{ref}/accept", {"answers": offered["open"]})


def test_a_revision_asks_every_goal_that_serves_it_within_a_window(member_api: MemberApi) -> None:
    # given
    adopt_purpose(member_api)
    for ref in ("one", "two", "three"):
        create_serving_goal(member_api, ref)
    before = member_api.get_ok("mia", "/v1/charters/core")["linked_goals"]

    # when
    again = {**PROPOSAL, "text": "Money back, at once", "until": "2026-03-05", "reason": why("better_idea")}
    proposed = member_api.post_ok("ana", "/v1/charters/core/propose-purpose", again)
    member_api.advance_days(1)
    member_api.post_ok("lea", "/v1/charters/core/adopt-purpose", {"proposal": proposed["proposals"][0]["id"]})
    member_api.advance_days(1)
    member_api.post_ok("ana", "/v1/goals/one/affirm-link", {"supports": [{"purpose": "core"}]})
    member_api.post_ok("ana", "/v1/goals/two/unlink", {"supports": [{"purpose": "core"}], "reason": why()})

    # then
    assert {"purpose_version": 1, "links": 3, "affirmed": 3, "unaffirmed": 0, "until": None} == before
    after = member_api.get_ok("mia", "/v1/charters/core")
    linked = after["linked_goals"]
    assert (2, 2, 1, 1) == (linked["purpose_version"], linked["links"], linked["affirmed"], linked["unaffirmed"])
    assert linked["until"].startswith("2026-03-20")


# --- rituals ---------------------------------------------------------------------------------------------------------


def set_rituals(member_api: MemberApi) -> None:
    daily = {"ritual": "standup", "name": "Standup", "mode": "sync", "cadence_days": 1, "minutes": 15}
    member_api.post_ok("lea", "/v1/charters/core/set-ritual", daily)
    written = {"ritual": "notes", "name": "Notes", "mode": "async", "cadence_days": 7, "minutes": 20}
    member_api.post_ok("lea", "/v1/charters/core/set-ritual", written)
    everybody = {"ritual": "all", "name": "All hands", "mode": "sync", "cadence_days": 30, "minutes": 60}
    member_api.post_ok("stella", "/v1/charters/organisation/set-ritual", everybody)


def find_minutes(figures: list[dict[str, Any]], name: str, member: str | None = None) -> float | None:
    [found] = [f["value"] for f in figures if f["name"] == name and f.get("member") == member]
    value: float | None = found
    return value


def test_what_rituals_ask_of_a_member_is_derived(member_api: MemberApi) -> None:
    set_rituals(member_api)

    report = member_api.get_ok("lea", "/v1/reports/rituals?team=core")

    # 15 x 7 / 1 + 60 x 7 / 30 = 105 + 14
    ana = _member_id(member_api, "ana")
    assert (119, 20) == (
        find_minutes(report["figures"], "ritual_minutes", ana),
        find_minutes(report["figures"], "async_minutes", ana),
    )
    assert (119, 20, 0.143885) == tuple(
        find_minutes(report["figures"], name) for name in ("ritual_minutes", "async_minutes", "async_share")
    )
    charter = member_api.get_ok("ned", "/v1/charters/core")
    assert {"sync": 105, "async": 20} == charter["minutes_a_week"]


def test_a_stranger_to_the_team_is_asked_for_the_organisation_s_only(member_api: MemberApi) -> None:
    set_rituals(member_api)

    report = member_api.get_ok("ned", f"/v1/reports/rituals?member={_member_id(member_api, 'ned')}&explain=true")

    assert [("ritual_minutes", 14), ("async_minutes", 0)] == [(f["name"], f["value"]) for f in report["figures"]]
    assert ["All hands"] == [r["title"] for r in report["rituals"]]
    assert [1, 0] == [len(f["events"]) for f in report["figures"]]


def test_a_member_s_minutes_are_for_that_member_and_the_lead(member_api: MemberApi) -> None:
    set_rituals(member_api)

    seen = member_api.get_ok("ana", "/v1/reports/rituals?team=core")["figures"]

    assert {_member_id(member_api, "ana")} == {f["member"] for f in seen if "member" in f}
    assert 403 == member_api.send("ned", "GET", "/v1/reports/rituals?team=core").status_code
    assert 403 == member_api.send("ana", "GET", "/v1/reports/rituals?member=ben").status_code


def test_without_a_charter_the_report_says_so(member_api: MemberApi) -> None:
    figures = member_api.get_ok("lea", "/v1/reports/rituals?team=core")["figures"]

    assert {(None, "no_charter")} == {(f["value"], f["status"]) for f in figures}


def test_a_tenant_s_charter_is_its_own(app: ApiApp) -> None:
    app.as_member("ana").post_ok("/v1/charters/core/propose-purpose", PROPOSAL)
    own = app.as_member("ana").get_ok("/v1/charters/core")["id"]

    assert 404 == app.as_member("ana", "rival").get("/v1/charters/core").status_code
    assert 404 == app.as_member("ana", "rival").get(f"/v1/charters/{own}").status_code
    assert 404 == app.as_member("ana", "rival").post(f"/v1/charters/{own}/review", {}).status_code


def test_a_breach_names_an_event_of_this_organisation(app: ApiApp) -> None:
    ana = app.as_member("ana")
    app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"non_negotiable": "kind", "text": "Kind"})
    foreign = create_active_goal(app, organisation="rival")
    before = app.count_events()

    body = {"non_negotiable": "kind", "about": {"goal": foreign}, "text": "No word"}
    refused = ana.post("/v1/charters/core/raise-breach", body)

    assert (404, before) == (refused.status_code, app.count_events())


def test_a_breach_is_about_what_one_may_see(app: ApiApp) -> None:
    app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"non_negotiable": "kind", "text": "Kind"})
    elsewhere = app.as_member("eva").post_ok("/v1/goals", offer("eva", "eva", team="edge"))["id"]
    question = {
        "question": "How?",
        "options": ["So", "Or so"],
        "deciders": ["eva"],
        "fallback": {"rule": "status_quo"},
    }
    deadline = (app.clock.now + timedelta(days=3)).isoformat()
    asked = app.as_member("eva").post_ok("/v1/decisions", {**question, "team": "edge", "deadline": deadline})["id"]
    before = app.count_events()

    for about in ({"goal": elsewhere}, {"decision": asked}):
        body = {"non_negotiable": "kind", "about": about, "text": "No word"}
        assert 403 == app.as_member("ana").post("/v1/charters/core/raise-breach", body).status_code
    assert before == app.count_events()
