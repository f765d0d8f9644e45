"""The models answer alike on every engine, and as the API's reports do where both answer the same question."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml

from projections.privacy import MIN_GROUP_SIZE
from services import bi
from tests.dbt import history
from tests.dbt.conftest import ANSWERS, MODELS, PACKAGE, Modelled, in_order
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


def test_a_dashboards_role_reads_the_models_and_no_mart(modelled: Modelled) -> None:
    page = (PACKAGE.parent / "docs" / "bi.md").read_text()
    recipe = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)[0]
    name = f"{modelled.role}_reader"
    recipe = recipe.replace("dashboards", name).replace("ROLE dbt ", f"ROLE {modelled.role} ")
    url = modelled.runtime.settings.database_url

    with psycopg.connect(url, autocommit=True) as administrator:
        try:
            administrator.execute(recipe.encode())
            administrator.execute(f"SET ROLE {name}".encode())
            for model in MODELS:
                assert administrator.execute(f"SELECT count(*) FROM answers.{model}".encode()).fetchall()
            for relation in ("bi.fact_delivery", "public.mart_fact_delivery", "public.goals"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    administrator.execute(f"SELECT 1 FROM {relation}".encode())
        finally:
            administrator.execute("RESET ROLE")
            administrator.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())
    assert all(finding.ok for finding in bi.check_grants(url))


# --- pictures ---------------------------------------------------------------------------------------------------


_DRAW = """
import sys
from examples.analyst import duckdb_pictures, postgres_pictures
duckdb_pictures.main(*sys.argv[1:4])
postgres_pictures.main(*sys.argv[4:7])
"""


def test_both_scripts_draw_the_same_three_pictures(modelled: Modelled, dbt_home: Path, tmp_path: Path) -> None:
    folders = tmp_path / "duckdb", tmp_path / "postgres"
    arguments = [modelled.duckdb_file, modelled.marts, folders[0], modelled.connection, "answers", folders[1]]

    # One process for both: matplotlib takes a second of processor time to import.
    command = [dbt_home / "bin" / "python", "-c", _DRAW, *arguments]
    done = subprocess.run(list(map(str, command)), cwd=PACKAGE.parent, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    drawn = [{path.name: path.read_text() for path in folder.iterdir()} for folder in folders]
    assert {"load.svg", "promises.svg", "slips.svg"} == set(drawn[0])
    assert drawn[0] == drawn[1]
    assert all(word in drawn[0]["promises.svg"] for word in ("as renegotiated in time", "2026 Q2"))
    assert "dependency slipped" in drawn[0]["slips.svg"]
    assert "North" in drawn[0]["load.svg"]
    assert "Small" not in drawn[0]["load.svg"]


def test_freshness_is_that_of_the_last_recorded_event(modelled: Modelled) -> None:
    results = json.loads((modelled.marts.parent / "target" / "sources.json").read_text())["results"]

    assert {"source.plimsoll.plimsoll.fact_check_in", "source.plimsoll.plimsoll.fact_goal_event"} == {
        result["unique_id"] for result in results
    }
    assert {"pass"} == {result["status"] for result in results}


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
