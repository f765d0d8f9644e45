"""A team's charter narrows who sees figures of its members: in every report, list, export, mart and event."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from domain.goal.events import GoalAccepted
from projections.marts.registry import MARTS
from projections.marts.snapshots import migrate_snapshots, refresh_due_snapshots, verify_snapshots
from services.exports.exporting import ExportQuery, prepare_export, write_export
from services.person_figures import withhold_figures
from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.canaries import World, create_world, walk
from tests.api.console.console_client import sign_in

PERSON_LEVEL = sorted(name for name, mart in MARTS.items() if mart.is_person_level)
REASON = {"code": "other", "text": "We decided that together in our retrospective."}


def set_sight(app: ApiApp, persons: str, by: str = "lea", team: str = "core") -> None:
    app.as_member(by).post_ok(f"/v1/charters/{team}/set-sight", {"persons": persons, "reason": REASON})


@pytest.fixture(scope="module")
def world(shared_app: ApiApp) -> World:
    return create_world(shared_app)


@pytest.fixture
def level(shared_app: ApiApp, world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    set_sight(shared_app, request.param)
    yield request.param
    set_sight(shared_app, "stewards")


@pytest.mark.parametrize(
    ("level", "reader"),
    [("member", "lea"), ("lead", "stella")],
    indirect=["level"],
)
def test_who_is_left_out_meets_no_figure_of_the_members(
    shared_app: ApiApp, world: World, level: str, reader: str
) -> None:
    assert [] == list(walk(shared_app, shared_app.as_member(reader), world, ("person",)))


@pytest.mark.parametrize(("level", "reader"), [("lead", "lea")], indirect=["level"])
def test_whom_it_names_meets_them_all(shared_app: ApiApp, world: World, level: str, reader: str) -> None:
    hours, first, last, ratio, _ = world.canaries["person"]

    seen = {sighting.canary for sighting in walk(shared_app, shared_app.as_member(reader), world, ("person",))}

    assert {hours, first, last, ratio} <= seen


@pytest.mark.parametrize("level", ["member"], indirect=True)
def test_goals_keys_and_decisions_stay_as_visible_as_they_were(shared_app: ApiApp, world: World, level: str) -> None:
    kinds = ("goal", "cycle", "decision", "experiment", "breach", "key", "subscription")

    seen = {sighting.canary for sighting in walk(shared_app, shared_app.as_member("stella"), world, kinds)}

    assert {canary for kind in kinds for canary in world.canaries[kind]} <= seen


def test_a_report_of_a_person_is_refused_with_the_rule(app: ApiApp) -> None:
    path = "/v1/reports/reliability?member=ana"
    set_sight(app, "lead")

    refused = app.as_member("stella").get(path)
    assert (403, ["the member", "lead"]) == (refused.status_code, refused.json()["allowed"])
    assert "charter" in refused.json()["detail"]
    app.as_member("lea").get_ok(path)

    set_sight(app, "member")
    refused = app.as_member("lea").get(path)
    assert (403, ["the member"]) == (refused.status_code, refused.json()["allowed"])
    app.as_member("ana").get_ok(path)


def test_a_member_of_two_teams_is_under_the_narrower_charter(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/members/ana/join", {"team": "edge"})
    set_sight(app, "member", by="eva", team="edge")

    for reader in ("lea", "eva", "stella"):
        assert 403 == app.as_member(reader).get("/v1/reports/support?member=ana").status_code
    app.as_member("lea").get_ok("/v1/reports/support?member=ben")


def test_it_holds_for_times_before_it_and_no_other_day_escapes_it(app: ApiApp) -> None:
    create_active_goal(app, effort_hours=20)
    path = "/v1/reports/overload?team=core&as_of=2026-03-02"

    def list_members(reader: str) -> set[str]:
        return {figure["member"] for figure in app.as_member(reader).get_ok(path)["figures"] if "member" in figure}

    before = list_members("lea")
    set_sight(app, "member")

    lea = app.resolve_id("member", "lea")
    assert {lea} < before
    assert {lea} == list_members("lea")
    assert set() == list_members("stella")


def test_who_left_the_team_is_under_it_for_the_days_before_and_no_more(app: ApiApp) -> None:
    set_sight(app, "member")
    app.clock.now += timedelta(days=2)
    app.as_member("stella").post_ok("/v1/members/ana/leave-team", {"team": "core"})

    assert 403 == app.as_member("stella").get("/v1/reports/support?member=ben").status_code
    app.as_member("stella").get_ok("/v1/reports/support?member=ana")
    rows = app.as_member("stella").get_ok("/v1/members?as_of=2026-03-02")["members"]
    assert [False] == [bool(row.get("capacities") or row.get("roles")) for row in rows if row["ref"] == "ana"]


def test_who_left_the_organisation_stays_under_it(app: ApiApp) -> None:
    set_sight(app, "member")
    app.as_member("stella").post_ok("/v1/members/ana/leave", {})

    assert 403 == app.as_member("stella").get("/v1/reports/support?member=ana").status_code


def test_figures_of_the_team_follow_the_rule_of_five(app: ApiApp) -> None:
    for owner in ("ana", "ben"):
        create_active_goal(app, owner)

    def ask(reader: str, where: str = "team=core&") -> tuple[str | None, int | None]:
        figures = app.as_member(reader).get_ok(f"/v1/reports/drift?{where}explain=false")["figures"]
        [found] = [figure for figure in figures if figure["name"] == "stale_share"]
        return found.get("rule"), found.get("n")

    before = [ask(reader) for reader in ("lea", "stella", "aud")]
    set_sight(app, "member")
    two_owners = [ask(reader) for reader in ("lea", "stella", "aud")]
    whole = ask("stella", "")
    for owner in ("lea", "sam", "mia"):
        create_active_goal(app, owner, "ana")
    five_owners = [ask("stella"), ask("stella", ""), ask("ben")]

    assert [(None, 2)] * 3 == before
    assert [("small_group", None)] * 3 == two_owners
    assert ("small_group", None) == whole
    assert [(None, 5)] * 3 == five_owners


def test_another_team_s_figures_stay_whole_for_who_sees_them(app: ApiApp) -> None:
    create_active_goal(app, "ned", "eva", team="edge")
    set_sight(app, "member")

    for reader in ("eva", "stella"):
        figures = app.as_member(reader).get_ok("/v1/reports/drift?team=edge")["figures"]
        assert [(None, 1)] == [(f.get("rule"), f.get("n")) for f in figures if f["name"] == "stale_share"]


@pytest.mark.parametrize("persons", ["lead", "member"])
def test_recognitions_of_its_members_are_for_fewer(app: ApiApp, persons: str) -> None:
    goal = create_active_goal(app, "ana", "ben")
    app.as_member("ben").post_ok(
        "/v1/recognitions",
        {"member": "ana", "kind": "relationship", "goal": goal, "text": "Thank you", "ref": "thanks"},
    )
    set_sight(app, persons)

    def count(reader: str) -> int:
        listed = len(app.as_member(reader).get_ok("/v1/recognitions")["recognitions"])
        assert (200 if listed else 403) == app.as_member(reader).get("/v1/recognitions/thanks").status_code
        return listed

    of_lead = 1 if persons == "lead" else 0
    assert {"ana": 1, "ben": 1, "lea": of_lead, "stella": 0, "aud": 0} == {
        reader: count(reader) for reader in ("ana", "ben", "lea", "stella", "aud")
    }


def test_reading_what_is_hidden_is_not_recorded_as_a_read(app: ApiApp) -> None:
    set_sight(app, "lead")
    app.as_member("stella").get_ok("/v1/reports/drift?team=core")
    assert [] == app.as_member("ana").get_ok("/v1/me/looked-at")["looks"]

    app.as_member("lea").get_ok("/v1/reports/drift?team=core")
    assert ["lead"] == [look["role"] for look in app.as_member("ana").get_ok("/v1/me/looked-at")["looks"]]


@pytest.mark.parametrize("mart", PERSON_LEVEL)
@pytest.mark.parametrize("persons", ["lead", "member"])
def test_an_operator_exports_rows_of_the_others_alone(app: ApiApp, mart: str, persons: str) -> None:
    create_active_goal(app, effort_hours=20)
    create_active_goal(app, "ned", "eva", effort_hours=20)

    def list_subjects() -> set[str]:
        file = io.BytesIO()
        write_export(app.runtime, prepare_export(app.runtime, app.organisation_id(), ExportQuery(mart=mart)), file)
        return {ref for ref in ("ana", "ned") if app.resolve_id("member", ref).encode() in file.getvalue()}

    before = list_subjects()
    set_sight(app, persons)
    app.runtime.engine.catch_up()

    assert {"ana", "ned"} == before
    assert {"ned"} == list_subjects()


@pytest.mark.parametrize("mart", PERSON_LEVEL)
def test_the_tables_of_sql_readers_lose_its_members_and_get_them_back(app: ApiApp, mart: str) -> None:
    create_active_goal(app, effort_hours=20)
    create_active_goal(app, "ned", "eva", effort_hours=20)
    runtime, organisation = app.runtime, str(app.organisation_id())
    migrate_snapshots(runtime.database)
    subject = MARTS[mart].subject_column

    def list_subjects() -> set[str]:
        runtime.engine.catch_up()
        refresh_due_snapshots(runtime.database, runtime.ledger, runtime.clock())
        assert [] == verify_snapshots(runtime.database, runtime.ledger, runtime.clock())
        sql = f"SELECT DISTINCT {subject} AS found FROM mart_{mart} WHERE organisation_id = :organisation"
        rows = runtime.database.query(sql, {"organisation": organisation})
        return {ref for ref in ("ana", "ned") if app.resolve_id("member", ref) in {str(row.found) for row in rows}}

    first = list_subjects()
    set_sight(app, "member")
    narrowed = list_subjects()
    set_sight(app, "stewards")

    assert ({"ana", "ned"}, {"ned"}, {"ana", "ned"}) == (first, narrowed, list_subjects())


def test_a_broker_gets_events_without_figures_of_its_members(app: ApiApp) -> None:
    goals = [create_active_goal(app, "ana", "ben", effort_hours=20), create_active_goal(app, "ned", "eva")]
    ledger = app.runtime.ledger
    events = [event for goal in goals for event in ledger.events(app.organisation_id(), UUID(goal))]
    assert events == withhold_figures(ledger, events)

    set_sight(app, "lead")
    sent = withhold_figures(ledger, events)

    accepted = [event.data for event in sent if isinstance(event.data, GoalAccepted)]
    assert [True, False] == [data.taken_as.withheld for data in accepted]
    assert [event.event_id for event in events] == [event.event_id for event in sent]


def test_narrowing_needs_no_reason_and_widening_one_in_words(app: ApiApp) -> None:
    lea = app.as_member("lea")
    lea.post_ok("/v1/charters/core/set-sight", {"persons": "member"})

    for reason in (None, {"code": "capacity"}):
        refused = lea.post("/v1/charters/core/set-sight", {"persons": "lead", "reason": reason})
        assert (422, "reason_required") == (refused.status_code, refused.json()["code"])
    again = lea.post("/v1/charters/core/set-sight", {"persons": "member"})
    assert ("invalid_field", ["stewards", "lead"]) == (again.json()["code"], again.json()["allowed"])
    assert "member" == lea.get_ok("/v1/charters/core")["persons"]
    assert "The member alone." in sign_in(app, "ned").get("/console/team?team=core").text
    entries = app.as_member("ned").get_ok("/v1/charters/core/history")["entries"]
    assert "for the member alone" in entries[-1]["text"]


@pytest.mark.parametrize("by", ["ana", "eva", "aud"])
def test_who_does_not_lead_the_team_narrows_nothing(app: ApiApp, by: str) -> None:
    assert 403 == app.as_member(by).post("/v1/charters/core/set-sight", {"persons": "member"}).status_code


def test_for_the_whole_organisation_there_is_the_policy(app: ApiApp) -> None:
    refused = app.as_member("stella").post("/v1/charters/organisation/set-sight", {"persons": "member"})

    assert "act_not_allowed" == refused.json()["code"]
    assert "co_determination" in refused.json()["detail"]
