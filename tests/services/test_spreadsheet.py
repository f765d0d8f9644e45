"""A sheet of goals: the page's example is taken as the page says; other files are told apart."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from domain.organisation.column_map import ColumnMap, SheetField
from services.imports.rows import BadRow, parse_row
from services.imports.sheets.tables import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
)
from tests.services.shell import Shell

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-a-spreadsheet.md"


def read_block(language: str) -> str:
    """The page's only block in this language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def test_the_command_takes_the_pages_sheet(
    empty_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The example's dates, wherever the calendar stands.
    sheet = read_block("csv").replace("2026-12-", f"{date.today().year + 1}-12-")  # noqa: DTZ011 - a year will do
    (tmp_path / "goals.csv").write_text(sheet, encoding="utf-8")
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", empty_sqlite_url)
    shell = Shell(capsys)
    newcomers = ("--create-members", "--create-teams")

    assert 1 == shell("import", str(tmp_path / "goals.csv"), "--dry-run")
    assert "asked: --create-members: no member is called 'lena' (2 rows)" in shell.out
    assert 0 == shell("import", str(tmp_path / "goals.csv"), *newcomers, "--keep-map", "goals", "--json")
    assert [["goal.offer", "goal.accept", "goal.check_in"], ["goal.request"]] == [
        verdict["acts"] for verdict in shell.result["verdicts"]
    ]
    assert 0 == shell("import", str(tmp_path / "goals.csv"), "--map", "goals")
    assert shell.out.startswith("2 rows: 0 new, 0 changed, 2 unchanged")


def test_the_pages_column_map_is_one() -> None:
    chosen = msgspec.json.decode(read_block("json"), type=ColumnMap)

    assert ("DD/MM/YYYY", "tracker") == (chosen.date_format, chosen.source)


def test_the_page_names_every_field_and_every_entry_of_the_map() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert [] == [name for name in (*SheetField, *ColumnMap.__struct_fields__) if f"`{name}`" not in text]
    # The page says the limits, in words of thousands.
    assert [] == [
        limit
        for limit in (MAX_FILE_BYTES, MAX_ROWS, MAX_COLUMNS, MAX_CELL_CHARACTERS, MAX_UNPACKED_BYTES)
        if f"{limit:,}".replace(",", " ") not in text
    ]


def test_refused_rows_are_written_to_be_mended(
    empty_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", empty_sqlite_url)
    shell = Shell(capsys)
    (tmp_path / "goals.csv").write_text("Who does it,Goal\n,Sell\nlena,Buy\n", encoding="utf-8")
    words = ("--column", "owner=Who does it", "--column", "title=Goal", "--create-members", "--partial")

    assert 1 == shell("import", str(tmp_path / "goals.csv"), *words, "--refused", str(tmp_path / "bad.csv"))

    assert "2 rows: 1 new, 0 changed, 0 unchanged, 0 skipped, 1 refused" in shell.out
    assert "row 2: Who does it: whose goal is it?" in shell.out
    written = (tmp_path / "bad.csv").read_text(encoding="utf-8").splitlines()
    assert ["Who does it,Goal,Problem", ",Sell,Who does it: whose goal is it?"] == written


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--map", "never-kept"), 1, "no file and no kept column map is called 'never-kept'"),
        (("--column", "title"), 2, "--column title: FIELD=TEXT"),
        (("--column", "colour=Goal"), 2, "the column map: Invalid enum value 'colour'"),
        (("--watermark", "yesterday"), 2, "--watermark yesterday"),
        (("--date-format", "sometime"), 1, "'sometime' is no format of dates"),
    ],
)
def test_wrong_options_say_what_is_wrong(
    words: tuple[str, ...],
    code: int,
    said: str,
    empty_sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", empty_sqlite_url)
    shell = Shell(capsys)
    (tmp_path / "goals.csv").write_text("Goal,Owner\nSell,lena\n", encoding="utf-8")

    assert code == shell("import", str(tmp_path / "goals.csv"), "--dry-run", *words)
    assert said in shell.err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"Title,Owner,Due\n", "CSV or the like"),
        (b"Title;Owner;Due\n", "CSV or the like"),
        (b"Title\tOwner\tDue\n", "CSV or the like"),
        ("Größe;Wer".encode("latin-1"), "CSV or the like"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a ZIP archive, as spreadsheets are saved (.xlsx)"),
        ("Title,Owner".encode("utf-16"), "UTF-16 text"),
        (b'[{"at": "2026-01-05T09:00:00Z"}]', "a JSON array"),
        (b"[", "a JSON array"),
    ],
)
def test_another_file_is_told_what_it_is_and_what_to_do(text: bytes, what: str) -> None:
    with pytest.raises(BadRow) as refused:
        parse_row(1, text)

    assert "malformed_line" == refused.value.code
    assert f"This is {what}" in refused.value.detail
    assert "docs/from-a-spreadsheet.md" in refused.value.detail


def test_a_broken_line_of_json_is_not_taken_for_another_format() -> None:
    with pytest.raises(BadRow) as refused:
        parse_row(7, b'{"at": "2026-01-05T09:00:00Z", "by": ')

    assert "This is" not in refused.value.detail
