"""The models answer alike on every engine, and as the API's reports do where both answer the same question."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from projections.privacy import MIN_GROUP_SIZE
from tests.dbt import history
from tests.dbt.conftest import ANSWERS, MODELS, Modelled, in_order
from tests.dbt.reported import COMPARISONS, Reports, find_differences

#: Two runs of dbt are 12 seconds of processor time, which a busy machine may take minutes for.
pytestmark = pytest.mark.timeout(600)
#: Of a team of two: what these say of teams.
OF_TEAMS = ["drift_by_kind", "load_team_week", "promise_keeping", "time_to_answer_needs", "who_loads_whom"]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_answers_alike_on_duckdb_and_postgresql(modelled: Modelled, model: str) -> None:
    sql = f"SELECT * FROM answers.{model}"

    on_duckdb, on_postgres = in_order(modelled.read_duckdb(sql)), in_order(modelled.read_postgres(sql))

    assert on_duckdb == on_postgres
    assert any(row[-1] is None for row in on_duckdb)


@pytest.mark.parametrize("model", COMPARISONS)
def test_a_model_says_what_the_report_says(modelled: Modelled, model: str) -> None:
    reports = Reports(modelled.runtime, modelled.organisation, history.ZONE)

    compared, differing = find_differences(COMPARISONS[model](modelled.rows(model), reports, modelled.last_event()))

    assert [] == differing
    assert compared


def test_the_purposes_have_the_goals_that_the_report_counts(modelled: Modelled) -> None:
    from projections.alignment.report import build_report

    reports = Reports(modelled.runtime, modelled.organisation, history.ZONE)
    figures = reports.figures(build_report, modelled.last_event())
    expected = {str(f.charter): f.n for f in figures if f.name == "purpose_progress"}

    found = {row["charter_id"]: row for row in modelled.rows("purposes_without_progress")}

    assert expected == {charter: row["goals"] for charter, row in found.items()}
    assert ["no goal", "progress"] == sorted(row["status"] for row in found.values())


# --- privacy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OF_TEAMS)
def test_the_figures_of_a_team_of_two_are_withheld(modelled: Modelled, model: str) -> None:
    small = modelled.team_id("small")

    rows = [row for row in modelled.rows(model) if row["team_id"] == small]

    assert {"small_group"} == {row["withheld_by"] for row in rows}
    heads = {"quarter", "week", "kind", "scope", "team_id", "asked_by", "withheld_by"}
    assert all(value is None for row in rows for name, value in row.items() if name not in heads)


def test_a_total_less_the_shown_teams_is_never_about_one_to_four_persons(modelled: Modelled) -> None:
    owners: dict[tuple[Any, Any], set[str]] = defaultdict(set)
    sql = (
        f"SELECT date_trunc('quarter', due)::date, team_id, owner FROM '{modelled.marts}/fact_delivery.parquet'"
        " WHERE kept <> 'left_out'"
    )
    for quarter, team, owner in modelled.read_duckdb(sql):
        owners[quarter, team].add(owner)
    rows = modelled.rows("promise_keeping")

    for total in (row for row in rows if row["scope"] == "organisation"):
        withheld = [
            owners[row["quarter"], row["team_id"]]
            for row in rows
            if row["quarter"] == total["quarter"] and row["scope"] == "team" and row["withheld_by"]
        ]
        left = set[str]().union(*withheld)
        assert total["withheld_by"] or not left or len(left) >= MIN_GROUP_SIZE
    assert any(row["withheld_by"] == "small_complement" for row in rows)


# --- what a team can ask for by hand ----------------------------------------------------------------------------


def test_promises_are_counted_once_each(modelled: Modelled) -> None:
    rows = [row for row in modelled.rows("promise_keeping") if row["scope"] == "organisation"]

    judged = modelled.read_duckdb(
        f"SELECT kept, count(*) FROM '{modelled.marts}/fact_delivery.parquet'"
        " WHERE kept NOT IN ('left_out', 'open') GROUP BY 1"
    )

    names = ("kept_as_promised", "kept_as_renegotiated", "late_or_broken")
    found = {name: sum(row[name] for row in rows) for name in names}
    assert dict(judged) == {name: count for name, count in found.items() if count}
    assert found["kept_as_renegotiated"]
    assert found["late_or_broken"]


def test_what_was_dropped_is_told_by_what_it_was_dropped_for(modelled: Modelled) -> None:
    rows = modelled.rows("dropped_for_what")

    assert [("important", "useful", "drop")] * 2 == [
        (row["added_priority"], row["gave_priority"], row["gave_kind"]) for row in rows
    ]
    persons = sum(history.TEAMS.values())
    assert [persons, persons] == [row["additions"] for row in rows]
    assert all(row["freed_minutes"] > 0 for row in rows)


def test_an_evening_belongs_to_the_day_of_the_organisations_zone(modelled: Modelled) -> None:
    # Accepted at 23:50 in UTC on the last day of March: in Berlin it is April.
    sql = f"SELECT accepted_at FROM '{modelled.marts}/fact_goal_change.parquet' WHERE field = 'due'"
    instants = [row[0].astimezone(UTC) for row in modelled.read_duckdb(sql)]
    late = [at for at in instants if (at.month, at.day, at.hour) == (3, 31, 23)]
    assert late

    second = [r for r in modelled.rows("slip_by_reason_quarter") if r["quarter"].month == 4]

    expected = sum(at.astimezone(ZoneInfo(history.ZONE)).month in (4, 5, 6) for at in instants)
    assert expected == sum(row["moves"] for row in second)


def test_the_moment_is_the_last_event(modelled: Modelled) -> None:
    assert datetime(2026, 7, 8, 10, tzinfo=UTC) == modelled.last_event()


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_the_columns_that_are_described(modelled: Modelled, model: str) -> None:
    described = yaml.safe_load((ANSWERS / "_answers.yml").read_text())["models"]

    [columns] = [[column["name"] for column in each["columns"]] for each in described if each["name"] == model]

    assert columns == list(modelled.rows(model)[0])
