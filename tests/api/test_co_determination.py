"""The policy `co_determination`: person level for the person alone, in every report, export, mart and event."""

from __future__ import annotations

import io
from uuid import UUID

import pytest

from domain.goal.events import GoalAccepted
from projections.marts.registry import MARTS
from projections.marts.snapshots import migrate_snapshots, refresh_due_snapshots, verify_snapshots
from services.exports.exporting import ExportQuery, prepare_export, write_export
from services.person_figures import withhold_figures
from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.canaries import World, create_world, walk

PERSON_LEVEL = sorted(name for name, mart in MARTS.items() if mart.is_person_level)


def switch(app: ApiApp, *, on: bool) -> None:
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"co_determination": on}})


@pytest.fixture(scope="module")
def world(shared_app: ApiApp) -> World:
    found = create_world(shared_app)
    switch(shared_app, on=True)
    return found


@pytest.mark.parametrize("reader", ["lea", "stella", "aud"])
def test_no_lead_steward_or_auditor_meets_a_persons_figures(shared_app: ApiApp, world: World, reader: str) -> None:
    assert [] == list(walk(shared_app, shared_app.as_member(reader), world, ("person",)))


def test_the_person_meets_them_all(shared_app: ApiApp, world: World) -> None:
    hours, first, last, ratio, _ = world.canaries["person"]

    seen = {sighting.canary for sighting in walk(shared_app, shared_app.as_member("ana"), world, ("person",))}

    assert {hours, first, last, ratio} <= seen


def test_a_persons_report_is_refused_with_the_rule(shared_app: ApiApp, world: World) -> None:
    for reader in ("lea", "stella"):
        response = shared_app.as_member(reader).get("/v1/reports/reliability?member=ana")

        assert 403 == response.status_code
        assert ["the member"] == response.json()["allowed"]
        assert "co_determination" in response.json()["detail"]
    assert 200 == shared_app.as_member("ana").get("/v1/reports/reliability?member=ana").status_code


def test_who_saw_persons_before_is_held_to_the_rules_of_groups(app: ApiApp) -> None:
    for owner in ("ana", "ben"):
        create_active_goal(app, owner)

    def ask(reader: str) -> tuple[str | None, int | None]:
        figures = app.as_member(reader).get_ok("/v1/reports/drift?team=core")["figures"]
        [found] = [figure for figure in figures if figure["name"] == "stale_share"]
        return found.get("rule"), found.get("n")

    before = [ask(reader) for reader in ("lea", "stella", "aud")]
    switch(app, on=True)
    two_owners = [ask(reader) for reader in ("lea", "stella", "aud")]
    for owner in ("lea", "sam", "mia"):
        create_active_goal(app, owner, "ana")
    five_owners = ask("stella")
    switch(app, on=False)

    assert [(None, 2)] * 3 == before
    assert [("small_group", None)] * 3 == two_owners
    assert (None, 5) == five_owners
    assert (None, 5) == ask("lea")


def test_a_mode_that_is_on_now_hides_what_was_before_it(app: ApiApp) -> None:
    create_active_goal(app, effort_hours=20)
    path = "/v1/reports/overload?team=core&as_of=2026-03-02"
    before = app.as_member("lea").get_ok(path)["figures"]

    switch(app, on=True)
    after = app.as_member("lea").get_ok(path)["figures"]

    lea = app.resolve_id("member", "lea")
    assert {lea} < {figure["member"] for figure in before if "member" in figure}
    assert {lea} == {figure["member"] for figure in after if "member" in figure}
    assert {"present_only", "small_group", "small_complement"} >= {figure.get("rule") for figure in after} - {None}


@pytest.mark.parametrize("mart", PERSON_LEVEL)
def test_an_operator_exports_no_row_of_persons(app: ApiApp, mart: str) -> None:
    create_active_goal(app, effort_hours=20)

    def count_rows() -> int:
        export = prepare_export(app.runtime, app.organisation_id(), ExportQuery(mart=mart))
        return write_export(app.runtime, export, io.BytesIO()).rows

    assert count_rows()
    switch(app, on=True)
    assert 0 == count_rows()


@pytest.mark.parametrize("mart", PERSON_LEVEL)
def test_the_tables_of_sql_readers_are_emptied_and_filled_again(app: ApiApp, mart: str) -> None:
    create_active_goal(app, effort_hours=20)
    runtime, organisation = app.runtime, str(app.organisation_id())
    migrate_snapshots(runtime.database)

    def count_rows() -> int:
        refresh_due_snapshots(runtime.database, runtime.ledger, runtime.clock())
        assert [] == verify_snapshots(runtime.database, runtime.ledger, runtime.clock())
        sql = f"SELECT COUNT(*) AS n FROM mart_{mart} WHERE organisation_id = :organisation"
        return int(runtime.database.query(sql, {"organisation": organisation})[0].n)

    first = count_rows()
    switch(app, on=True)
    hidden = count_rows()
    switch(app, on=False)

    assert first
    assert (0, first) == (hidden, count_rows())


def test_a_broker_gets_events_without_figures_of_persons(app: ApiApp) -> None:
    goal = create_active_goal(app, effort_hours=20)
    events = app.runtime.ledger.events(app.organisation_id(), UUID(goal))
    assert events == withhold_figures(app.runtime.ledger, events)

    switch(app, on=True)
    sent = withhold_figures(app.runtime.ledger, events)

    [accepted] = [event.data for event in sent if isinstance(event.data, GoalAccepted)]
    assert (True, None) == (accepted.taken_as.withheld, accepted.taken_as.worst_ratio)
    assert [event.event_id for event in events] == [event.event_id for event in sent]
