from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from domain.errors import InvalidField, NotFound
from domain.instants import encode_json
from domain.references import derive_organisation_id
from projections.as_of import resolve_as_of
from projections.marts.columns import Mart, MartColumn
from projections.marts.registry import MARTS
from projections.overload import report as overload_report
from services.exports import exporting
from services.exports import folder as folders
from services.exports.columnar import arrow_schema
from services.exports.errors import FolderRefused, FormatUnavailable
from services.exports.exporting import MANIFEST_SUFFIX, ExportQuery, ExportSummary, export_mart
from services.exports.folder import export_folder
from services.exports.text_formats import encode_rows
from services.imports.importer import import_lines
from services.settings import Settings
from tests.fixtures import synthetic
from tests.services.conftest import Installation, open_installation

ORGANISATION = derive_organisation_id("default")
MAGIC: list[Any] = ["=1+1", "+1", "-2.5", "-x", "@me", 'a "b", c\r\nd', None, "-2\n"]
MAGIC += ["\n=1", "\uff1d1", "\uff0bx", "\uff0dx", "\uff20x", "\ufe66x", " =1", "\u00a0=1", "\u200b=1", "\ufeff -x"]
MAGIC += ["\u3164=1", "\tx", "\rx", "\nx", " x", "\u200bx", "x=1"]


#: Marts of which the synthetic history has no row: it is about goals alone.
ABSENT_FROM_THE_HISTORY = {"fact_need", "fact_blocker", "fact_decision", "dim_cycle", "dim_charter"}
ABSENT_FROM_THE_HISTORY |= {"bridge_goal_support", "bridge_member_team", "fact_experiment", "fact_recognition"}
ABSENT_FROM_THE_HISTORY |= {"fact_pulse"}


def mart_of(column: MartColumn) -> Mart:
    return Mart(name="m", comment="", use="", key=(), columns=(column,), subject=None)


def add_history(installation: Installation, *, goals: int, prefix: str = "") -> Installation:
    """An organisation with a history behind it, followed by the views."""
    lines = synthetic.encode_lines(goals=goals, prefix=prefix)
    assert import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal).refused == 0
    installation.runtime.engine.catch_up()
    return installation


@pytest.fixture(scope="module")
def history(shared_database_url: str) -> Iterator[Installation]:
    """One for all tests of this module: they only read it."""
    opened = open_installation(Settings(database_url=shared_database_url))
    with opened.runtime:
        yield add_history(opened, goals=24)


@pytest.fixture
def short_history(installation: Installation) -> Installation:
    """The same with a few goals, where all marts are written several times."""
    return add_history(installation, goals=2)


def export(installation: Installation, mart: str, path: Path | None = None, **query: Any) -> ExportSummary:
    return export_mart(installation.runtime, ORGANISATION, ExportQuery(mart=mart, **query), output=path)


def rows(installation: Installation, mart: str, path: Path, **query: Any) -> list[dict[str, Any]]:
    export(installation, mart, path, **query)
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

    found = [row for row in found if row["outcome"] == "accepted"]
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
    assert rest == [row for row in everything if row["position"] > head - 1]
    assert max(row["week"] for row in everything) >= first
    assert [] == rows(history, "fact_load_week", tmp_path / "none", after=head)


def test_each_column_is_explained_and_holds_what_it_says(history: Installation, tmp_path: Path) -> None:
    text = dict.fromkeys(("uuid", "text", "date", "timestamp"), str)
    holds: dict[str, type] = {**text, "decimal": str, "integer": int, "boolean": bool, "json": object}

    for mart in MARTS.values():
        found = rows(history, mart.name, tmp_path / mart.name)

        assert found or mart.name in ABSENT_FROM_THE_HISTORY
        assert len(found) == len({tuple(row[part] for part in mart.key) for row in found})
        for column in mart.columns:
            values = [row[column.name] for row in found]
            assert column.comment.endswith(".")
            assert all(isinstance(value, holds[column.type]) for value in values if value is not None)
            assert column.nullable or None not in values


def test_csv_and_ndjson_say_the_same(history: Installation, tmp_path: Path) -> None:
    found = rows(history, "fact_goal_event", tmp_path / "ndjson")
    summary = export(history, "fact_goal_event", tmp_path / "csv", form="csv")

    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(found) == summary.rows
    texts = {"None": "", "False": "false"}
    assert [{name: texts.get(str(v), str(v)) for name, v in row.items()} for row in found] == read


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    mart = mart_of(MartColumn("c", "text", "Anything."))

    text = b"".join(encode_rows(mart, [(value,) for value in MAGIC], form="csv")).decode()

    harmless = {"+1", "-2.5", 'a "b", c\r\nd', " x", "\u200bx", "x=1", None}
    texts = {None: ""}
    expected = [texts.get(value, value) if value in harmless else f"'{value}" for value in MAGIC]
    assert ["c", *expected] == [(row or [""])[0] for row in csv.reader(io.StringIO(text, newline=""))]
    assert '"a ""b"", c\r\nd"\r\n' in text


def test_names_of_columns_are_guarded_like_cells() -> None:
    mart = mart_of(MartColumn("=c", "text", "Anything."))

    assert b"'=c\r\n" == b"".join(encode_rows(mart, [], form="csv"))


@pytest.mark.parametrize("value", ["2026-03-04", "null", "=1", None, -2.5, -1e30, True, ["=1"], {"a": 1}, "a\nb", ""])
def test_a_cell_of_a_json_column_is_json(value: Any) -> None:
    mart = mart_of(MartColumn("c", "json", "Anything."))

    text = b"".join(encode_rows(mart, [(json.dumps(value),)], form="csv")).decode()

    [_, [cell]] = csv.reader(io.StringIO(text, newline=""))
    assert value == json.loads(cell)


def test_an_accepted_change_has_its_values_in_the_columns_of_their_type(history: Installation, tmp_path: Path) -> None:
    for row in rows(history, "fact_goal_change", tmp_path / "changes"):
        kind = {"due": "date", "start": "date", "effort_hours": "number"}.get(row["field"], "text")
        for when in ("old", "new"):
            typed = {name: row[f"{when}_{name}"] for name in ("date", "number", "text")}
            assert {**dict.fromkeys(("date", "number", "text")), kind: row[when]} == typed


def test_marts_at_one_position_are_of_one_moment(installation: Installation, tmp_path: Path) -> None:
    # given
    history = add_history(installation, goals=24)
    position = history.runtime.ledger.position(ORGANISATION) // 2
    before = {name: rows(history, name, tmp_path / name, at=position) for name in MARTS}
    summary = export(history, "fact_goal_event", tmp_path / "csv", form="csv", at=position)
    event = history.runtime.ledger.event_position(ORGANISATION, position)

    # when
    add_history(history, goals=3, prefix="more-")

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
        export(history, "fact_goal_event", form="csv", at=at)

    assert "/at" == refused.value.pointer


def test_a_file_that_cannot_be_finished_leaves_the_former_one(
    sqlite_installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "facts.ndjson"
    output.write_text("former")
    sqlite_installation.runtime.engine.catch_up()
    monkeypatch.setattr(exporting, "read_rows", lambda *_, **__: iter([(1, 2)]))

    with pytest.raises(ValueError, match="2 values"):
        export(sqlite_installation, "fact_goal_event", output)

    assert "former" == output.read_text()
    assert [output] == list(tmp_path.glob("*facts*"))


def test_an_unknown_mart_is_answered_with_those_there_are(sqlite_installation: Installation) -> None:
    sqlite_installation.runtime.engine.catch_up()

    with pytest.raises(NotFound) as refused:
        export(sqlite_installation, "dim_unicorn", form="csv")

    assert tuple(MARTS) == refused.value.allowed


def test_the_command_line_offers_the_marts_there_are() -> None:
    from services.cli import MARTS as OFFERED

    assert tuple(MARTS) == OFFERED


# --- columnar ----------------------------------------------------------------------------------------------------


def normal(value: Any) -> Any:
    """A value of Arrow as NDJSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value


def column_values(mart: Mart, row: dict[str, Any]) -> dict[str, Any]:
    texts = {c.name for c in mart.columns if c.type == "json"}
    return {name: json.loads(v) if name in texts and v is not None else normal(v) for name, v in row.items()}


def test_a_columnar_file_says_what_ndjson_says(short_history: Installation, tmp_path: Path) -> None:
    for mart in MARTS.values():
        expected = rows(short_history, mart.name, tmp_path / "ndjson")
        for form in ("parquet", "arrow"):
            export(short_history, mart.name, tmp_path / mart.name, form=form)

            source = tmp_path / mart.name
            table = parquet.read_table(source) if form == "parquet" else pa.ipc.open_stream(source).read_all()
            assert arrow_schema(mart).equals(table.schema.remove_metadata())
            assert expected == [column_values(mart, row) for row in table.to_pylist()]


def test_a_columnar_file_of_nothing_has_the_columns(short_history: Installation, tmp_path: Path) -> None:
    head = short_history.runtime.ledger.position(ORGANISATION)

    summary = export(short_history, "fact_goal_event", tmp_path / "none", form="parquet", after=head)

    assert 0 == summary.rows
    assert list(MARTS["fact_goal_event"].column_names) == parquet.read_table(tmp_path / "none").column_names


def test_without_pyarrow_a_columnar_format_is_refused_in_words(
    sqlite_installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_installation.runtime.engine.catch_up()
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(FormatUnavailable, match=r"pip install 'plimsoll\[bi\]'"):
        export(sqlite_installation, "fact_goal_event", tmp_path / "file", form="parquet")

    assert not (tmp_path / "file").exists()


# --- manifests and folders ---------------------------------------------------------------------------------------


def test_a_manifest_stands_beside_the_file_and_proves_it(short_history: Installation, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"

    summary = export(short_history, "fact_goal_event", file, form="csv", after=10)

    manifest = json.loads((tmp_path / f"events.csv{MANIFEST_SUFFIX}").read_text())
    assert json.loads(encode_json(summary)) == manifest
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    assert file.stat().st_size == manifest["bytes"]
    assert (10, short_history.runtime.ledger.position(ORGANISATION)) == (manifest["after"], manifest["position"])
    assert len(file.read_text().splitlines()) == manifest["rows"] + 1


def test_a_folder_holds_every_mart_of_one_position_and_duckdb_reads_it(
    short_history: Installation, tmp_path: Path
) -> None:
    place = tmp_path / "exports"
    place.mkdir()
    folder = place / "it's all"

    manifest = export_folder(short_history.runtime, ORGANISATION, ExportQuery(mart="", form="parquet"), folder)

    assert {*(f"{name}.parquet" for name in MARTS), "manifest.json"} == {path.name for path in folder.iterdir()}
    assert {manifest.position} == {mart.position for mart in manifest.marts}
    assert [folder] == list(place.iterdir())
    changes = [r for r in rows(short_history, "fact_goal_change", tmp_path / "changes") if r["outcome"] == "accepted"]
    found = duckdb.execute(manifest.try_).fetchall()
    assert len(changes) == sum(row[2] for row in found)
    assert sum(row["delta_days"] for row in changes if row["field"] == "due") == sum(row[3] or 0 for row in found)


def test_a_folder_that_was_begun_is_gone_on_with(
    short_history: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a disk that is full after the third mart
    written: list[str] = []
    export_for_real = export_mart

    def fill_the_disk(*call: Any, **more: Any) -> ExportSummary:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(call[2].mart)
        return export_for_real(*call, **more)

    monkeypatch.setattr(folders, "export_mart", fill_the_disk)
    place = tmp_path / "exports"
    place.mkdir()
    query, folder = ExportQuery(mart="", form="ndjson"), place / "all"
    with pytest.raises(OSError, match="No space"):
        export_folder(short_history.runtime, ORGANISATION, query, folder)
    assert not folder.exists()

    # when
    monkeypatch.setattr(folders, "export_mart", export_for_real)
    first = (place / ".all.partial" / f"{written[0]}.ndjson").stat().st_ino
    export_folder(short_history.runtime, ORGANISATION, query, folder)

    # then
    assert first == (folder / f"{written[0]}.ndjson").stat().st_ino
    assert len(MARTS) + 1 == len(list(folder.iterdir()))
    assert [folder] == list(place.iterdir())


def test_a_folder_with_other_things_in_it_is_left_alone(sqlite_installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-mother.txt").write_text("dear")
    sqlite_installation.runtime.engine.catch_up()

    with pytest.raises(FolderRefused, match="something else than an export"):
        export_folder(sqlite_installation.runtime, ORGANISATION, ExportQuery(mart=""), tmp_path / "letters")

    assert ["to-mother.txt"] == [path.name for path in (tmp_path / "letters").iterdir()]


# --- only what had happened --------------------------------------------------------------------------------------


def test_as_of_a_day_an_export_knows_nothing_of_what_came_after(history: Installation, tmp_path: Path) -> None:
    day = date(2020, 1, 1)
    until = datetime(2020, 1, 2, tzinfo=UTC).isoformat()

    found = rows(history, "fact_goal_event", tmp_path / "then", as_of=day)
    goals = rows(history, "dim_goal", tmp_path / "goals", as_of=day)
    weeks = rows(history, "fact_load_week", tmp_path / "weeks", as_of=day)

    everything = rows(history, "fact_goal_event", tmp_path / "all")
    assert sorted(r["event_id"] for r in everything if r["occurred_at"] < until) == sorted(r["event_id"] for r in found)
    assert all((row["valid_to"] or "") < until for row in goals)
    assert {row["goal_id"] for row in goals if row["is_current"]} == {row["goal_id"] for row in found}
    assert "2019-12-30" == max(row["week"] for row in weeks)


def test_as_of_and_after_are_refused_together(sqlite_installation: Installation) -> None:
    sqlite_installation.runtime.engine.catch_up()

    with pytest.raises(InvalidField) as refused:
        export(sqlite_installation, "dim_goal", after=1, as_of=date(2020, 1, 1))

    assert "/after" == refused.value.pointer


def test_names_of_members_are_exported_where_they_are_asked_for_alone(
    short_history: Installation, tmp_path: Path
) -> None:
    without = rows(short_history, "dim_member", tmp_path / "without")
    named = rows(short_history, "dim_member", tmp_path / "named", names=True)

    assert {None} == {row["name"] for row in without} | {row["ref"] for row in without}
    assert all(row["ref"] for row in named)
    assert without == [{**row, "name": None, "ref": None} for row in named]
