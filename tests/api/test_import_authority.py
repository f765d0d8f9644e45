"""What an import may say for others: facts and questions, and not without `admin` that they lead or promise."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, get_args

import pytest
from httpx import Response

from domain.authority import carries_authority
from domain.registry import AGGREGATES
from services.imports.rows import ACT_TYPES, parse_row
from tests.api.app_under_test import ApiApp, MemberClient, create_active_goal, offer, terms, why

NDJSON = {"Content-Type": "application/x-ndjson"}


def send(client: MemberClient, *rows: dict[str, Any], at: str = "2026-03-01T09:00:00Z") -> Response:
    lines = b"\n".join(json.dumps({"at": at, **row}).encode() for row in rows)
    return client.post("/v1/imports", content=lines, headers=NDJSON)


OPENING = {"title": "Say it", "sponsor": "sam", "team": "core", "terms": terms(), "reason": why()}
#: A row with authority in somebody else's name, one of each kind that a person's standing rests on.
ROWS: list[dict[str, Any]] = [
    {"do": "team.create", "by": "stella", "team": "mine", "name": "Mine", "lead": "bot"},
    {"do": "team.appoint_lead", "by": "stella", "team": "core", "lead": "bot"},
    {"do": "member.join", "by": "lea", "member": "bot", "team": "core"},
    {"do": "member.leave", "by": "ben", "member": "ben"},
    {"do": "member.grant_role", "by": "stella", "member": "bot", "role": "steward"},
    {"do": "purpose.propose", "by": "lea", "team": "core", "text": "x", "to_team": "x", "to_clients": "x",
     "to_organisation": "x"},
    {"do": "member.acknowledge", "by": "ana", "team": "core", "non_negotiable": "n", "version": 1},
    {"do": "decision.consent", "by": "ana", "decision": "d", "option": "o1"},
    {"do": "goal.offer", "by": "ana", "goal": "forged", "owner": "ana", **OPENING},
    {"do": "goal.promise", "by": "ana", "goal": "asked"},
    {"do": "goal.accept", "by": "sam", "goal": "offered"},
    {"do": "goal.propose_change", "by": "ana", "goal": "active", "changes": {"due": "2026-04-20"}, "reason": why()},
    {"do": "goal.accept_change", "by": "sam", "goal": "proposed"},
    {"do": "goal.declare_satisfied", "by": "sam", "goal": "delivered"},
    {"do": "goal.withdraw_promise", "by": "ana", "goal": "active", "reason": why()},
    {"do": "goal.cancel", "by": "sam", "goal": "active", "reason": why()},
]  # fmt: skip


@pytest.fixture
def stage(app: ApiApp) -> ApiApp:
    """Goals that wait for each of the acts."""
    app.as_member("ana").post_ok("/v1/goals", offer(ref="offered"))
    create_active_goal(app, ref="active")
    for ref in ("proposed", "delivered"):
        create_active_goal(app, ref=ref)
    app.as_member("ana").post_ok("/v1/goals/delivered/declare-complete", {})
    body = {"changes": {"due": "2026-04-20"}, "reason": why()}
    app.as_member("ana").post_ok("/v1/goals/proposed/propose-change", body)
    question = {"question": "Which way?", "options": ["This", "As now"], "status_quo": "o2", "deciders": ["ana", "lea"]}
    when = {"deadline": "2026-03-20T09:00:00Z", "fallback": {"rule": "status_quo"}, "team": "core", "ref": "d"}
    app.as_member("lea").post_ok("/v1/decisions", {**question, **when})
    asked = {"do": "request", "title": "Say it", "owner": "ana", "team": "core", "terms": terms(), "reason": why()}
    app.as_member("sam").post_ok("/v1/goals", {**asked, "ref": "asked"})
    return app


@pytest.mark.parametrize("row", ROWS, ids=[str(row["do"]) for row in ROWS])
def test_an_import_key_does_not_decide_consent_or_promise_for_others(stage: ApiApp, row: dict[str, Any]) -> None:
    before = stage.count_events()

    response = send(stage.as_member("bot"), row)

    assert (422, before) == (response.status_code, stage.count_events()), response.text
    [error] = [e for e in response.json()["errors"] if e["code"] == "forbidden"]
    assert ("/do", "a key with admin") == (error["field"], error["allowed"][0])


def test_with_admin_an_import_says_what_others_decided(stage: ApiApp) -> None:
    stage.clock.now += timedelta(minutes=1)
    rows = [row for row in ROWS if row["do"] in ("member.join", "goal.offer", "goal.cancel")]

    response = send(stage.as_member("stella"), *rows, at="2026-03-02T09:00:01Z")

    assert (200, 3) == (response.status_code, response.json()["accepted"]), response.text


def test_an_import_key_states_facts_of_others_and_speaks_for_its_own_member(stage: ApiApp) -> None:
    facts: list[dict[str, Any]] = [
        {"do": "member.capacity", "by": "ben", "member": "ben", "hours_per_week": 32, "from": "2026-03-01"},
        {"do": "member.absence", "by": "ben", "member": "ben", "from": "2026-03-10", "to": "2026-03-12"},
        {"do": "goal.request", "by": "sam", "goal": "to-bot", "owner": "bot", **OPENING},
        {"do": "goal.promise", "by": "bot", "goal": "to-bot"},
        {"do": "goal.check_in", "by": "bot", "goal": "to-bot", "note": "half of it", "progress": 0.5},
    ]

    response = send(stage.as_member("bot"), *facts)

    assert (200, 5) == (response.status_code, response.json().get("accepted")), response.text


def test_history_is_not_written_for_others_once_it_is_closed(stage: ApiApp) -> None:
    # given
    stage.as_member("stella").post_ok("/v1/policies", {"policy": {"history_until": "2026-03-01"}})
    row = {"do": "member.absence", "by": "ben", "member": "ben", "from": "2026-03-10", "to": "2026-03-12"}
    own = {**row, "by": "stella", "member": "stella"}

    # when
    late = send(stage.as_member("stella"), row, at="2026-03-02T00:00:00Z")
    early = send(stage.as_member("stella"), row, at="2026-03-01T23:59:59Z")
    mine = send(stage.as_member("stella"), own, at="2026-03-02T00:00:00Z")

    # then
    [error] = late.json()["errors"]
    assert ("forbidden", "/at", "<= 2026-03-01") == (error["code"], error["field"], error["allowed"][0])
    assert (200, 200) == (early.status_code, mine.status_code)


@pytest.mark.parametrize("value", ["yesterday", 7, "2026-02-30", True])
def test_the_end_of_history_is_a_day(app: ApiApp, value: Any) -> None:
    response = app.as_member("stella").post("/v1/policies", {"policy": {"history_until": value}})

    assert (422, "/policy/history_until") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_the_end_of_history_can_be_taken_back(app: ApiApp) -> None:
    stella = app.as_member("stella")
    stella.post_ok("/v1/policies", {"policy": {"history_until": "2026-03-01"}})
    assert "2026-03-01" == stella.get_ok("/v1/policies")["in_force"]["policy"]["history_until"]

    stella.post_ok("/v1/policies", {"policy": {"history_until": None}})

    assert None is stella.get_ok("/v1/policies")["in_force"]["policy"].get("history_until")


def find_attribution(app: ApiApp, person: str, query: str = "") -> dict[str, Any] | None:
    """The inbox entry about what was recorded in this person's name."""
    own = f"member/{app.resolve_id('member', person)}"
    entries = app.as_member(person).get_ok(f"/v1/me/inbox?{query}")["entries"]
    return next((entry for entry in entries if entry["subject"] == own), None)


def test_whoever_was_spoken_for_is_informed(app: ApiApp) -> None:
    # given what bot, and then stella, say of sam and ana, and what stella says of herself
    asked = {"do": "goal.request", "by": "sam", "goal": "g", "owner": "ana", **OPENING}
    absence = {"do": "member.absence", "by": "stella", "member": "stella", "from": "2026-03-10", "to": "2026-03-12"}
    assert 200 == send(app.as_member("bot"), asked).status_code
    promise = {"do": "goal.promise", "by": "ana", "goal": "g"}
    assert 200 == send(app.as_member("stella"), promise, absence, at="2026-03-01T09:00:01Z").status_code

    # when
    entries = {person: find_attribution(app, person) for person in ("sam", "ana", "stella", "ben")}

    # then each finds their own in one entry, in a sentence
    told = {
        person: None if entry is None else [ask["text"] for ask in entry["asks"]] for person, entry in entries.items()
    }
    assert (None, None) == (told["stella"], told["ben"])
    assert ["Ana promised it, with slack (estimated)."] == told["ana"]
    [ask] = (entries["sam"] or {})["asks"]
    assert ("attributed", app.resolve_id("goal", "g")) == (ask["kind"], ask["goal"])
    assert ask["text"].startswith('Sam asked Ana for "Say it"')

    # and no more two weeks later
    app.clock.now += timedelta(days=15)
    assert None is find_attribution(app, "ana")
    assert None is not find_attribution(app, "ana", "as_of=2026-03-10")


def test_one_entry_says_of_many_what_is_the_latest_and_how_many_there_are(app: ApiApp) -> None:
    row = {"do": "member.capacity", "by": "ana", "member": "ana", "hours_per_week": 30}
    rows = [{**row, "from": f"2026-02-{day:02}"} for day in range(1, 14)]
    assert 200 == send(app.as_member("stella"), *rows).status_code

    entry = find_attribution(app, "ana") or {}

    assert (10, 3) == (len(entry["asks"]), entry["more"])


#: What an import may say for others without `admin`.
WITHOUT_AUTHORITY = {
    *("cycle.credit_contribution", "cycle.record_learning", "cycle.share_reflection"),
    *("goal.affirm", "goal.affirm_link", "goal.answer_need", "goal.check_in", "goal.choose_approach", "goal.clarify"),
    *("goal.decline", "goal.declare_complete", "goal.defer_answer", "goal.discard", "goal.dispute", "goal.draft"),
    *("goal.feedback", "goal.raise_blocker", "goal.record_value", "goal.refuse", "goal.reject_change"),
    *("goal.reject_delivery", "goal.request", "goal.resolve_blocker", "goal.resume", "goal.retitle"),
    *("goal.retract_completion", "goal.revise_draft", "goal.take_back", "goal.unlink", "goal.withdraw"),
    *("goal.withdraw_change", "member.absence", "member.capacity", "member.rename", "source.watermark"),
    *("recognition.correct", "recognition.give", "recognition.take_back"),
}


def test_every_act_carries_authority_unless_it_says_otherwise() -> None:
    without = {name for name, (_, act) in ACT_TYPES.items() if not act.is_authoritative}  # type: ignore[attr-defined]

    assert WITHOUT_AUTHORITY == without
    for aggregate in AGGREGATES.values():
        assert all(isinstance(act.is_authoritative, bool) for act in get_args(aggregate.acts))


@pytest.mark.parametrize(("team", "expected"), [("core", True), (None, False)])
def test_to_join_carries_authority_where_it_names_a_team(team: str | None, expected: bool) -> None:
    fields = {"team": team} if team else {}
    said = {"at": "2026-03-01T09:00:00Z", "by": "ana", "do": "member.join", "member": "ana", **fields}

    row = parse_row(1, json.dumps(said).encode())

    assert row is not None
    assert expected == carries_authority(row.act)
