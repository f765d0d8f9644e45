"""How `plimsoll import` is called for a spreadsheet. Imported by every command: it imports nothing of the import."""

from __future__ import annotations

import argparse
from typing import Any

_OPENINGS = ("draft", "requested", "active")


def add_sheet_options(command: argparse.ArgumentParser) -> None:
    """Add the options by which a CSV or XLSX file of goals is read."""
    sheet = command.add_argument_group("a spreadsheet (CSV, XLSX)", "docs/from-a-spreadsheet.md")
    sheet.add_argument("--map", metavar="MAP", help="a column map: a file with JSON, or one that was kept")
    sheet.add_argument("--keep-map", metavar="NAME", help="keep the map as it was used, for the next file")
    sheet.add_argument(
        "--column", action="append", metavar="FIELD=HEADING", help="which column holds a field; may be repeated"
    )
    sheet.add_argument(
        "--default", action="append", metavar="FIELD=TEXT", help="what rows have without such a cell; may be repeated"
    )
    sheet.add_argument("--date-format", metavar="FORMAT", help="such as DD/MM/YYYY, MM/DD/YYYY, D.M.YY, excel")
    sheet.add_argument("--decimal", choices=(".", ","), help="what parts the fraction of a number")
    sheet.add_argument("--progress-in", choices=("percent", "fraction"), help="whether a bare 1 is 1 %% or all of it")
    sheet.add_argument("--effort-in", choices=("hours", "days"), help="unit of the effort")
    sheet.add_argument("--encoding", choices=("utf-8", "utf-16", "cp1252"), help="default: UTF-8 or UTF-16, as it is")
    sheet.add_argument("--worksheet", metavar="NAME", help="default: the first one that shows")
    sheet.add_argument("--opens-as", choices=_OPENINGS, help="how a row without status and day of agreement begins")
    sheet.add_argument("--create-members", action="store_true", help="owners and sponsors who are not known join")
    sheet.add_argument("--create-teams", action="store_true", help="teams that are not known are created")
    sheet.add_argument("--watermark", metavar="TIME", help="the source has reported everything up to here (RFC 3339)")
    sheet.add_argument("--refused", metavar="FILE", help="write the refused rows as CSV, each with what is wrong")


def list_sheet_options(given: argparse.Namespace) -> dict[str, Any]:
    """Those options of a spreadsheet that were given, by their name."""
    names = (
        *("map", "keep_map", "column", "default", "date_format", "decimal", "progress_in", "effort_in", "encoding"),
        *("worksheet", "opens_as", "create_members", "create_teams", "watermark", "refused"),
    )
    return {name: value for name in names if (value := getattr(given, name))}
