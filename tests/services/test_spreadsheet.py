"""A sheet of goals: the page's script turns its example into acts that an import takes; other files are told apart."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.goal.state import Negotiating, Promised
from domain.references import resolve_stream_id
from services.imports.importer import ImportResult, import_lines
from services.imports.rows import BadRow, parse_row
from tests.services.conftest import Installation

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-a-spreadsheet.md"


def read_block(language: str) -> str:
    """The page's only block in this language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def convert(folder: Path, sheet: str) -> list[bytes]:
    """The lines that the page's script prints for this sheet."""
    (folder / "goals.csv").write_text(sheet, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", read_block("python"), str(folder / "goals.csv")],
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.splitlines()


def take_over(installation: Installation, lines: list[bytes]) -> ImportResult:
    organisation = installation.founded.organisation_id
    return import_lines(installation.runtime, organisation, lines, principal=installation.principal)


def test_the_pages_script_makes_an_import_of_the_pages_sheet(sqlite_installation: Installation, tmp_path: Path) -> None:
    # The example's dates, wherever the calendar stands.
    sheet = read_block("csv").replace("2026-12-", f"{date.today().year + 1}-12-")  # noqa: DTZ011 - a year will do

    result = take_over(sqlite_installation, convert(tmp_path, sheet))

    assert (0, ()) == (result.refused, result.errors)
    organisation = sqlite_installation.founded.organisation_id
    promised, requested = (
        sqlite_installation.runtime.ledger.load(organisation, "goal", resolve_stream_id(organisation, "goal", ref))
        for ref in ("row-1", "row-2")
    )
    assert isinstance(promised, Promised)
    assert ("active", "0.3", datetime(2026, 2, 27, 10, tzinfo=UTC)) == (
        promised.state,
        promised.progress,
        promised.promised_at,
    )
    assert isinstance(requested, Negotiating)
    assert ("requested", 2) == (requested.state, len(requested.terms.conditions))


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
