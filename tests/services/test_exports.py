from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.errors import InvalidField, NotFound
from domain.references import derive_organisation_id
from projections.as_of import resolve_as_of
from projections.marts import MARTS, Mart, MartColumn
from projections.overload import report as overload_report
from services.exports import encode_rows, export_mart
from services.imports.importer import import_lines
from tests.fixtures import synthetic
from tests.services.conftest import Installation

ORGANISATION = derive_organisation_id("default")
MAGIC: list[Any] = ["=1+1", "+1", "-2.5", "-x", "@me", 'a "b", c\r\nd', True, None, "-2\n"]
MAGIC += ["\n=1", "\uff1d1", "\uff0bx", "\uff0dx", "\uff20x", "\ufe66x", " =1", "\u00a0=1", "\u200b=1", "\ufeff -x"]
MAGIC += ["\u3164=1", "\tx", "\rx", "\nx", " x", "\u200bx", "x=1"]


@pytest.fixture
def history(installation: Installation) -> Installation:
    """An organisation with a history behind it, followed by the views."""
    lines = synthetic.encode_lines(goals=24)
    assert import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal).refused == 0
    installation.runtime.engine.catch_up()
    return installation


def rows(
    installation: Installation, mart: str, path: Path, *, after: int = 0, at: int | None = None
) -> list[dict[str, Any]]:
    export_mart(installation.runtime, ORGANISATION, mart, form="ndjson", after=after, at=at, output=path)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_goal_event_is_one_row_and_positions_lead_on(history: Installation, tmp_path: Path) -> None:
    found = rows(history, "fact_goal_event", tmp_path / "all")

    events = history.runtime.ledger.read_feed(ORGANISATION, 0, 10_000)
    goals = [event for event in events if event.kind == "goal"]
    middle = found[len(found) // 2]["position"]
    assert [str(event.event_id) for event in goals] == [row["event_id"] for row in found]
    assert [row for row in found if row["position"] > middle] == rows(
        history, "fact_goal_event", tmp_path / "rest", after=middle
    )


def test_an_accepted_change_is_a_row_per_field_with_old_new_and_why(history: Installation, tmp_path: Path) -> None:
    found = rows(history, "fact_goal_change", tmp_path / "changes")

    accepted = [act for act in synthetic.build_acts(goals=24) if act["do"] == "goal.accept_change"]
    proposed = [act for act in synthetic.build_acts(goals=24) if act["do"] == "goal.propose_change"]
    assert len(accepted) == len(found)
    told_ = [("due", act["goal"], act["changes"]["due"], "other") for act in proposed]
    assert told_ == [(row["field"], row["goal_ref"], row["new"], row["reason_code"]) for row in found]
    assert all(row["old"] != row["new"] and row["proposed_by"] == "owner" for row in found)


def test_a_load_week_says_what_the_report_said_that_monday(history: Installation, tmp_path: Path) -> None:
    runtime = history.runtime
    found = rows(history, "fact_load_week", tmp_path / "weeks")
    busiest = max(found, key=lambda row: row["planned_minutes"])
    monday = date.fromisoformat(busiest["week"])

    view = resolve_as_of(
        runtime.database,
        runtime.ledger,
        ORGANISATION,
        as_of=datetime.combine(monday, time(), UTC),
        now=runtime.clock(),
    )
    figures = overload_report.build_report(runtime.database, view).figures

    ratio = next(
        f.value
        for f in figures
        if f.name == "load_ratio" and str(f.member) == busiest["member_id"] and f.week == monday
    )
    assert busiest["planned_minutes"] > 0
    assert pytest.approx(busiest["ratio_bp"] / 10_000, abs=0.0001) == ratio
    assert 0 == monday.weekday()


def test_weeks_before_what_is_new_are_not_told_again(history: Installation, tmp_path: Path) -> None:
    everything = rows(history, "fact_load_week", tmp_path / "all")
    head = history.runtime.ledger.position(ORGANISATION)

    rest = rows(history, "fact_load_week", tmp_path / "rest", after=head - 1)

    first = min(row["week"] for row in rest)
    assert rest == [row for row in everything if row["week"] >= first]
    assert [] == rows(history, "fact_load_week", tmp_path / "none", after=head)


def test_each_column_is_explained_and_holds_what_it_says(history: Installation, tmp_path: Path) -> None:
    text = dict.fromkeys(("uuid", "text", "date", "timestamp"), str)
    holds: dict[str, type] = {**text, "decimal": str, "integer": int, "boolean": bool, "json": object}

    for mart in MARTS.values():
        found = rows(history, mart.name, tmp_path / mart.name)

        assert found
        assert len(found) == len({tuple(row[part] for part in mart.key) for row in found})
        for column in mart.columns:
            values = [row[column.name] for row in found]
            assert column.comment.endswith(".")
            assert all(isinstance(value, holds[column.type]) for value in values if value is not None)
            assert column.nullable or None not in values


def test_csv_and_ndjson_say_the_same(history: Installation, tmp_path: Path) -> None:
    found = rows(history, "fact_goal_event", tmp_path / "ndjson")
    summary = export_mart(history.runtime, ORGANISATION, "fact_goal_event", form="csv", output=tmp_path / "csv")

    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(found) == summary.rows
    texts = {None: "", False: "false"}
    assert [{name: texts.get(v, str(v)) for name, v in row.items()} for row in found] == read


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    mart = Mart("m", "", (), (MartColumn("c", "text", "Anything."),), lambda *_: iter(()))

    text = b"".join(encode_rows(mart, [(value,) for value in MAGIC], form="csv")).decode()

    harmless = {"+1", "-2.5", 'a "b", c\r\nd', " x", "\u200bx", "x=1", True, None}
    texts = {True: "true", None: ""}
    expected = [texts.get(value, value) if value in harmless else f"'{value}" for value in MAGIC]
    assert ["c", *expected] == [(row or [""])[0] for row in csv.reader(io.StringIO(text, newline=""))]
    assert '"a ""b"", c\r\nd"\r\n' in text


def test_names_of_columns_are_guarded_like_cells() -> None:
    mart = Mart("m", "", (), (MartColumn("=c", "text", "Anything."),), lambda *_: iter(()))

    assert b"'=c\r\n" == b"".join(encode_rows(mart, [], form="csv"))


@pytest.mark.parametrize("value", ["2026-03-04", "null", "=1", None, -2.5, -1e30, True, ["=1"], {"a": 1}, "a\nb", ""])
def test_a_cell_of_a_json_column_is_json(value: Any) -> None:
    mart = Mart("m", "", (), (MartColumn("c", "json", "Anything."),), lambda *_: iter(()))

    text = b"".join(encode_rows(mart, [(value,)], form="csv")).decode()

    [_, [cell]] = csv.reader(io.StringIO(text, newline=""))
    assert value == json.loads(cell)


def test_an_accepted_change_has_its_values_in_the_columns_of_their_type(history: Installation, tmp_path: Path) -> None:
    for row in rows(history, "fact_goal_change", tmp_path / "changes"):
        kind = {"due": "date", "start": "date", "effort_hours": "number"}.get(row["field"], "text")
        for when in ("old", "new"):
            typed = {name: row[f"{when}_{name}"] for name in ("date", "number", "text")}
            assert {**dict.fromkeys(("date", "number", "text")), kind: row[when]} == typed


def test_marts_at_one_position_are_of_one_moment(history: Installation, tmp_path: Path) -> None:
    # given
    position = history.runtime.ledger.position(ORGANISATION) // 2
    before = {name: rows(history, name, tmp_path / name, at=position) for name in MARTS}
    summary = export_mart(
        history.runtime, ORGANISATION, "fact_goal_event", form="csv", at=position, output=tmp_path / "csv"
    )
    event = history.runtime.ledger.event_position(ORGANISATION, position)

    # when
    lines = synthetic.encode_lines(goals=3, prefix="more-")
    assert import_lines(history.runtime, ORGANISATION, lines, principal=history.principal).refused == 0
    history.runtime.engine.catch_up()

    # then
    assert event is not None
    assert (position, event.recorded_at) == (summary.position, summary.recorded_as_of)
    for name, exported in before.items():
        assert exported == rows(history, name, tmp_path / name, at=position)
        assert all(row["position"] <= position for row in exported)
    events = rows(history, "fact_goal_event", tmp_path / "all")
    assert [row for row in events if row["position"] <= position] == before["fact_goal_event"]


@pytest.mark.parametrize("at", [-1, 0, 10**9])
def test_a_position_that_is_not_reached_is_refused(history: Installation, at: int) -> None:
    with pytest.raises(InvalidField) as refused:
        export_mart(history.runtime, ORGANISATION, "fact_goal_event", form="csv", at=at)

    assert "/at" == refused.value.pointer


def test_a_file_that_cannot_be_finished_leaves_the_former_one(
    sqlite_installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "facts.ndjson"
    output.write_text("former")
    sqlite_installation.runtime.engine.catch_up()
    broken = msgspec.structs.replace(MARTS["fact_goal_event"], rows=lambda *_: iter([(1, 2)]))

    monkeypatch.setitem(MARTS, "fact_goal_event", broken)

    with pytest.raises(ValueError, match="zip"):
        export_mart(sqlite_installation.runtime, ORGANISATION, "fact_goal_event", form="ndjson", output=output)

    assert "former" == output.read_text()
    assert [output] == list(tmp_path.glob("*facts*"))


def test_an_unknown_mart_is_answered_with_those_there_are(sqlite_installation: Installation) -> None:
    sqlite_installation.runtime.engine.catch_up()

    with pytest.raises(NotFound) as refused:
        export_mart(sqlite_installation.runtime, ORGANISATION, "dim_unicorn", form="csv")

    assert tuple(MARTS) == refused.value.allowed


def test_the_command_line_offers_the_marts_there_are() -> None:
    from services.cli import MARTS as OFFERED

    assert tuple(MARTS) == OFFERED
