"""The registry of marts is the one description: tables, schemas and deadlines in SQL say what it says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker

from domain.instants import to_micros
from domain.organisation.organisation import Organisation
from domain.policy import Policy
from projections.database.database import Database
from projections.marts.columns import Mart
from projections.marts.deadlines import DIALS, TurnDeadlines, turn_until_sql
from projections.marts.projection import IDENTITY_TABLES, TABLES
from projections.marts.reading import read_rows
from projections.marts.registry import MARTS, SNAPSHOT_TABLES
from services.exports.columnar import arrow_schema
from services.exports.text_formats import encode_rows
from tests.contracts.mart_schemas import json_schema
from tests.projections.conftest import ProjectStory
from tests.projections.random_histories import steps, story_of

each_mart = pytest.mark.parametrize("mart", MARTS.values(), ids=list(MARTS))


@each_mart
def test_a_mart_is_described_whole(mart: Mart) -> None:
    assert mart.comment.endswith(".")
    assert mart.use.endswith(".")
    assert "position" == mart.column_names[0]
    assert "deleted" == mart.column_names[-1]
    assert set(mart.key) <= set(mart.column_names)
    assert len(mart.column_names) == len(set(mart.column_names))
    assert not any(column.nullable for column in mart.columns if column.name in mart.key)
    assert mart.version == max(column.since for column in mart.columns)
    assert not mart.name.startswith("fact_") or "event_id" in mart.column_names
    assert mart.subject is None or mart.subject_column in mart.column_names
    for column in mart.columns:
        assert column.comment.endswith(".")
        assert not column.unit or column.type in ("integer", "decimal")


@each_mart
def test_its_tables_hold_every_column_once(mart: Mart) -> None:
    table = SNAPSHOT_TABLES.get(mart.name) or TABLES[mart.name]
    apart = IDENTITY_TABLES.get(mart.name)
    named = [column.name for column in mart.columns if column.personal == "identity"]

    assert [name for name in mart.column_names if name not in named] == [
        name for name in table.column_names if name in mart.column_names
    ]
    assert bool(named) == (apart is not None)
    assert apart is None or set(named) <= set(apart.column_names)
    assert {c.name: c.comment for c in mart.columns if c.name not in named}.items() <= {
        c.name: c.comment for c in table.columns
    }.items()


@each_mart
def test_arrow_and_json_schema_say_the_same_of_each_column(mart: Mart) -> None:
    schema, described = arrow_schema(mart), json_schema(mart)
    properties: dict[str, Any] = described["properties"]

    assert list(mart.column_names) == schema.names == list(properties) == described["required"]
    for column, field in zip(mart.columns, schema, strict=True):
        assert mart.may_lack(column) == field.nullable
        assert column.comment == properties[column.name]["description"] == field.metadata[b"comment"].decode()
        assert column.personal == properties[column.name]["x-personal"] == field.metadata[b"personal"].decode()
        kinds = properties[column.name].get("type", [])
        assert column.type == "json" or field.nullable == ("null" in kinds)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps.map(lambda draws: draws[:10]))
def test_every_row_is_as_its_schema_says(project: ProjectStory, database: Database, draws: Any) -> None:
    story = story_of(draws)
    as_of = project(story)

    for mart in MARTS.values():
        validator = Draft202012Validator(json_schema(mart), format_checker=FormatChecker())
        for line in encode_rows(mart, read_rows(database, as_of, mart, names=True), form="ndjson"):
            validator.validate(json.loads(line))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_postgresql_counts_to_the_day_of_a_deadline_as_we_do(postgres_url: str, zone: str) -> None:
    database = Database.open(postgres_url)
    policy = Policy()
    deadlines = TurnDeadlines(Organisation(id=UUID(int=1), name="", zone=zone), ZoneInfo(zone))
    cases = [
        (rule, to_micros(datetime(2026, 3, 1, hour, 30, tzinfo=UTC) + timedelta(days=day)), stopped)
        for rule in DIALS
        for day in range(9)
        for hour in (0, 11, 23)
        for stopped in (0, 1, 7)
    ]
    values = ", ".join(f"({since}::bigint, NULL::text, '{rule}', {stopped}::bigint)" for rule, since, stopped in cases)
    dials = ", ".join(f"{getattr(policy, dial)} AS {dial}" for dial in DIALS.values())

    found = database.query(
        f"SELECT {turn_until_sql('m', 'p')} AS day"
        f" FROM (VALUES {values}) AS m (turn_since, turn_until, turn_rule, turn_stopped_days)"
        f" CROSS JOIN (SELECT '{zone}' AS zone, {dials}) AS p"
    )
    database.close()

    expected = [date.fromisoformat(deadlines.find_day(rule, since, stopped, since)) for rule, since, stopped in cases]
    assert expected == [row.day for row in found]
