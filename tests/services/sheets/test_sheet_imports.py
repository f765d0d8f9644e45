"""Spreadsheets of goals: a verdict for each row, decided by the rules of an import of acts."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from domain.errors import InvalidField
from domain.goal.state import DraftGoal, Negotiating, Promised
from domain.organisation.column_map import ColumnMap, SheetField
from domain.references import resolve_stream_id
from domain.text import compose, decompose
from services.imports.sheets.importing import ImportedSheet, SheetOptions, import_sheet, read_sheet
from services.imports.sheets.tables import MAX_ROWS, UnreadableSheet
from services.imports.sheets.verdicts import RowVerdict, SheetResult, SheetVerdict
from tests.services.conftest import Installation

HEADINGS = ("ID", "Goal", "Owner", "Requested by", "Team", "Due", "Done when", "Agreed on", "Progress", "Comment")
ROW = (
    "T-1",
    "Close the books",
    "lena",
    "ines",
    "data",
    "2031-12-18",
    "two closes in a row",
    "2026-02-27",
    "30%",
    "so far",
)
#: The columns as their headings are recognised.
GUESSED = {
    SheetField.ID: "ID",
    SheetField.TITLE: "Goal",
    SheetField.OWNER: "Owner",
    SheetField.SPONSOR: "Requested by",
    SheetField.TEAM: "Team",
    SheetField.DUE: "Due",
    SheetField.CONDITIONS: "Done when",
    SheetField.AGREED: "Agreed on",
    SheetField.PROGRESS: "Progress",
    SheetField.NOTE: "Comment",
}
NEWCOMERS = ColumnMap(create_members=True, create_teams=True)


def table(*rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> bytes:
    """CSV as a spreadsheet saves it."""
    text = io.StringIO()
    csv.writer(text).writerows((headings, *rows))
    return text.getvalue().encode()


def row(**changes: str) -> tuple[str, ...]:
    """`ROW` with other cells, by heading (blanks as underscores)."""
    named = {heading.replace(" ", "_"): cell for heading, cell in zip(HEADINGS, ROW, strict=True)}
    assert changes.keys() <= named.keys()
    return tuple((named | changes).values())


def take_over(installation: Installation, data: bytes, chosen: ColumnMap = NEWCOMERS, **options: Any) -> ImportedSheet:
    sheet = read_sheet(data, chosen)
    return import_sheet(
        installation.runtime,
        installation.founded.organisation_id,
        sheet,
        principal=installation.principal,
        options=SheetOptions(**options),
    )


def results(installation: Installation, data: bytes, chosen: ColumnMap = NEWCOMERS, **options: Any) -> SheetResult:
    return take_over(installation, data, chosen, **options).result


def goal(installation: Installation, ref: str) -> Any:
    organisation = installation.founded.organisation_id
    return installation.runtime.ledger.load(organisation, "goal", resolve_stream_id(organisation, "goal", ref))


def problems(verdict: RowVerdict) -> list[tuple[str | None, str]]:
    return [(problem.column, problem.code) for problem in verdict.problems]


# --- what a row becomes ------------------------------------------------------------------------------------------


def test_an_agreed_row_is_a_promise_with_its_check_in(installation: Installation) -> None:
    result = results(installation, table(ROW))

    [verdict] = result.verdicts
    assert (SheetVerdict.NEW, "T-1", ("goal.offer", "goal.accept", "goal.check_in")) == (
        verdict.verdict,
        verdict.goal,
        verdict.acts,
    )
    assert (True, 1, 0) == (result.kept, result.new, result.refused)
    promised = goal(installation, "T-1")
    assert isinstance(promised, Promised)
    assert ("active", "0.3", date(2031, 12, 18)) == (promised.state, promised.progress, promised.terms.due)
    assert datetime(2026, 2, 27, 10, tzinfo=UTC) == promised.promised_at


def test_a_row_that_was_not_agreed_asks_its_owner(installation: Installation) -> None:
    results(installation, table(row(Agreed_on="")))

    asked = goal(installation, "T-1")
    assert isinstance(asked, Negotiating)
    assert "requested" == asked.state


def test_a_row_for_which_nobody_asked_is_a_draft_of_its_owner(sqlite_installation: Installation) -> None:
    results(sqlite_installation, table(row(Agreed_on="", Requested_by="", Done_when="", Due="")))

    assert isinstance(goal(sqlite_installation, "T-1"), DraftGoal)


def test_the_same_file_every_night_adds_nothing(installation: Installation) -> None:
    data = table(ROW, row(ID="T-2", Agreed_on=""), row(ID="", Goal="Without an id"))
    results(installation, data)
    before = installation.runtime.ledger.count()

    again = results(installation, data)

    assert (3, 0, False) == (again.unchanged, again.accepted, again.kept)
    assert before == installation.runtime.ledger.count()


def test_the_same_file_in_another_unicode_form_adds_nothing(installation: Installation) -> None:
    # given: a heading, an id, titles, conditions and a note, as one machine saves them
    rows = [
        row(ID="Büro-1", Goal="Büro räumen", Done_when="alles für später", Comment="läuft"),
        row(ID="", Goal="Übung"),
    ]
    text = table(*rows, headings=["Für wen" if name == "Requested by" else name for name in HEADINGS]).decode()
    chosen = ColumnMap(
        create_members=True,
        create_teams=True,
        columns={**GUESSED, SheetField.SPONSOR: "Für wen"},
    )
    results(installation, compose(text).encode(), chosen)
    before = installation.runtime.ledger.count()

    # when: another machine saves them
    again = results(installation, decompose(text).encode(), chosen)

    # then
    assert (2, 0, 0) == (again.unchanged, again.accepted, again.refused)
    assert before == installation.runtime.ledger.count()


def test_a_changed_row_is_a_check_in_and_a_proposal(installation: Installation) -> None:
    results(installation, table(ROW))
    changed = table(row(Progress="45%", Due="2032-01-10"))

    result = results(installation, changed)
    again = results(installation, changed)

    assert ("goal.check_in", "goal.propose_change") == result.verdicts[0].acts
    assert (SheetVerdict.CHANGED, SheetVerdict.UNCHANGED) == (result.verdicts[0].verdict, again.verdicts[0].verdict)
    promised = goal(installation, "T-1")
    # The old date holds until the other side accepts.
    assert ("change_proposed_by_owner", "0.45", date(2031, 12, 18)) == (
        promised.state,
        promised.progress,
        promised.terms.due,
    )


def test_a_change_that_counts_as_agreed_holds_at_once(sqlite_installation: Installation) -> None:
    agreed = msgspec.structs.replace(NEWCOMERS, changes="agree")
    results(sqlite_installation, table(ROW))

    results(sqlite_installation, table(row(Due="2032-01-10")), agreed)

    assert date(2032, 1, 10) == goal(sqlite_installation, "T-1").terms.due


def test_an_old_file_does_not_take_back_what_was_agreed_since(sqlite_installation: Installation) -> None:
    agreed = msgspec.structs.replace(NEWCOMERS, changes="agree")
    results(sqlite_installation, table(ROW))
    results(sqlite_installation, table(row(Due="2032-01-10")), agreed)

    old = results(sqlite_installation, table(ROW), agreed)

    assert (1, date(2032, 1, 10)) == (old.unchanged, goal(sqlite_installation, "T-1").terms.due)


def test_what_cannot_be_taken_is_said(sqlite_installation: Installation) -> None:
    results(sqlite_installation, table(row(Agreed_on="")))

    result = results(sqlite_installation, table(row(Agreed_on="", Due="2032-01-10")))

    assert (SheetVerdict.UNCHANGED, True) == (
        result.verdicts[0].verdict,
        SheetField.DUE in result.verdicts[0].not_taken,
    )


@pytest.mark.parametrize(
    ("status", "acts"),
    [
        ("On track", ("goal.request",)),
        ("Active", ("goal.offer", "goal.accept")),
        ("COMPLETED", ("goal.offer", "goal.accept", "goal.declare_complete")),
        ("cancelled", ("goal.offer", "goal.accept", "goal.cancel")),
        ("Draft", ("goal.draft",)),
        ("parked", ()),
    ],
)
def test_a_status_says_how_far_it_is(sqlite_installation: Installation, status: str, acts: tuple[str, ...]) -> None:
    headings = ("Goal", "Owner", "Manager", "Due", "Done when", "Status", "Closed")
    data = table(("Sell", "lena", "ines", "2031-01-01", "it sells", status, "2026-05-04"), headings=headings)
    chosen = msgspec.convert({"statuses": {"Parked": "skip"}, "create_members": True}, ColumnMap)

    [verdict] = results(sqlite_installation, data, chosen, dry_run=True).verdicts

    # Without a day of agreement it was agreed now, and nothing is over before that.
    assert acts == verdict.acts


def test_rows_of_one_tree_are_imported_parents_first(installation: Installation) -> None:
    headings = (*HEADINGS, "Parent")
    data = table(
        (*row(ID="c"), "Close the year"),
        (*row(ID="b", Goal="Close the year"), "a"),
        (*row(ID="a"), ""),
        headings=headings,
    )

    result = results(installation, data)

    assert (3, 0) == (result.new, result.refused)
    organisation = installation.founded.organisation_id
    parent = goal(installation, "c").terms.supports[0].goal
    assert resolve_stream_id(organisation, "goal", "b") == parent


def test_rows_that_support_each_other_are_refused(sqlite_installation: Installation) -> None:
    headings = (*HEADINGS, "Parent")
    data = table((*row(ID="a"), "b"), (*row(ID="b"), "a"), (*row(ID="c"), "c"), headings=headings)

    result = results(sqlite_installation, data)

    assert [[("Parent", "invalid_field")]] * 3 == [problems(verdict) for verdict in result.verdicts]


def test_members_are_found_by_their_names(sqlite_installation: Installation) -> None:
    people = table(row(Owner="Lena Fox", Requested_by="Ines Ma"))
    results(sqlite_installation, people)
    sqlite_installation.runtime.engine.catch_up()
    members = sqlite_installation.runtime.ledger.count()

    result = results(sqlite_installation, table(row(ID="T-2", Owner="LENA  FOX", Requested_by="ines ma")), ColumnMap())

    assert (1, ()) == (result.new, result.verdicts[0].problems)
    assert goal(sqlite_installation, "T-1").owner == goal(sqlite_installation, "T-2").owner
    assert members + 3 <= sqlite_installation.runtime.ledger.count()


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_dry_run_says_the_verdicts_of_the_import_and_records_nothing(installation: Installation) -> None:
    data = table(ROW, row(ID="T-2", Agreed_on="2027-99-01"), row(ID="T-3", Owner=""))
    before = installation.runtime.ledger.count()

    tried = results(installation, data, dry_run=True)
    done = results(installation, data)

    assert tried.verdicts == done.verdicts
    assert (before, False) == (installation.runtime.ledger.count(), done.kept)
    assert [SheetVerdict.NEW, SheetVerdict.REFUSED, SheetVerdict.REFUSED] == [
        verdict.verdict for verdict in done.verdicts
    ]


def test_good_rows_are_kept_where_that_is_asked_for(installation: Installation) -> None:
    # What follows in the second row (its acceptance, its check-in) is not named besides.
    data = table(ROW, row(ID="T-2", Agreed_on="2099-01-01"), row(ID="T-3"))

    result = results(installation, data, partial=True)

    assert (2, 1, True) == (result.new, result.refused, result.kept)
    assert goal(installation, "T-2") is None
    assert [("Agreed on", "in_the_future")] == problems(result.verdicts[1])


def test_a_row_is_kept_with_all_of_its_acts_or_none(sqlite_installation: Installation) -> None:
    data = table(row(Comment="x" * 5000), row(ID="T-2"))

    result = results(sqlite_installation, data, partial=True)

    assert [("Comment", "invalid_field")] == problems(result.verdicts[0])
    assert (None, "active") == (goal(sqlite_installation, "T-1"), goal(sqlite_installation, "T-2").state)


def test_unknown_people_and_teams_are_named(sqlite_installation: Installation) -> None:
    result = results(sqlite_installation, table(ROW), ColumnMap())

    assert [("Owner", "not_found"), ("Requested by", "not_found"), ("Team", "not_found")] == problems(
        result.verdicts[0]
    )
    assert {"create_members", "create_teams"} == {question.setting for question in result.questions}


def test_what_is_ambiguous_is_asked_once_for_each_column(sqlite_installation: Installation) -> None:
    data = table(*(row(ID=f"T-{n}", Due=f"0{n}/04/2031", Agreed_on="1.2.2026") for n in range(5, 8)))

    asked = results(sqlite_installation, data)
    chosen = msgspec.structs.replace(NEWCOMERS, date_format="DD/MM/YYYY", date_formats={SheetField.AGREED: "D.M.YYYY"})
    answered = results(sqlite_installation, data, chosen)

    assert [("date_format", "Due", 3), ("date_format", "Agreed on", 3)] == [
        (question.setting, question.column, question.rows) for question in asked.questions
    ]
    assert (3, date(2031, 4, 5)) == (answered.new, goal(sqlite_installation, "T-5").terms.due)


def test_rows_that_look_the_same_ask_for_ids(sqlite_installation: Installation) -> None:
    data = table(row(ID=""), row(ID="", Comment="another"), row(ID="", Owner="samir"), ROW, ROW)

    result = results(sqlite_installation, data)

    assert [[], [("Goal", "already_exists")], [], [], [("ID", "already_exists")]] == [
        problems(verdict) for verdict in result.verdicts
    ]


def test_a_broken_encoding_is_a_problem_of_its_rows(sqlite_installation: Installation) -> None:
    data = table(ROW, row(ID="T-2", Goal="Größe prüfen")).decode().encode("cp1252")

    broken = results(sqlite_installation, data)
    read = results(sqlite_installation, data, msgspec.structs.replace(NEWCOMERS, encoding="cp1252"))

    assert [[], [("Goal", "ambiguous")]] == [problems(verdict) for verdict in broken.verdicts]
    assert "encoding" == broken.questions[0].setting
    assert (2, "Größe prüfen") == (read.new, goal(sqlite_installation, "T-2").title)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_recognised(encoding: str, delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows((HEADINGS, row(Goal="Größe, Breite; Tiefe | Höhe")))

    sheet = read_sheet(text.getvalue().encode(encoding), ColumnMap())

    assert (HEADINGS, "Größe, Breite; Tiefe | Höhe") == (sheet.headings, sheet.rows[0].cells[1])


def test_formulas_are_text_and_go_out_as_text(sqlite_installation: Installation) -> None:
    formula = '=HYPERLINK("http://a.example","x")'
    good = results(sqlite_installation, table(row(Goal=formula)))
    bad = take_over(sqlite_installation, table(row(ID="T-2", Goal=formula, Due="soon")))

    lines = list(csv.DictReader(io.StringIO(bad.format_refused_rows().decode())))

    assert (1, formula) == (good.new, goal(sqlite_installation, "T-1").title)
    assert (f"'{formula}", True) == (lines[0]["Goal"], "Due: " in lines[0]["Problem"])
    # Sent again it is what it was.
    assert formula == read_sheet(bad.format_refused_rows(), ColumnMap()).rows[0].cells[1]


def test_many_columns_titles_above_and_blank_rows_do_no_harm(sqlite_installation: Installation) -> None:
    more = [f"Extra {n}" for n in range(30)]
    blank = [""] * (len(HEADINGS) + 30)
    data = table(blank, (*HEADINGS, *more), blank, (*ROW, *more), blank, headings=("Our goals of the year",))

    result = results(sqlite_installation, data)

    assert ((1, 0), 5) == ((result.new, result.refused), result.verdicts[0].row)


def test_merged_cells_are_filled_where_that_is_said(sqlite_installation: Installation) -> None:
    chosen = msgspec.structs.replace(NEWCOMERS, fill_down=[SheetField.OWNER])
    data = table(ROW, row(ID="T-2", Owner=""))

    refused, filled = results(sqlite_installation, data), results(sqlite_installation, data, chosen)

    assert [("Owner", "invalid_field")] == problems(refused.verdicts[1])
    assert (2, 0) == (filled.new, filled.refused)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b'Goal,Owner\n"never ends' + b"x" * 1_100_000,
        b"PK\x03\x04 no archive",
        b"\xd0\xcf\x11\xe0 old",
        b"a,b\n" * (MAX_ROWS + 2),
    ],
)
def test_what_is_no_sheet_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(UnreadableSheet):
        read_sheet(data, ColumnMap())


@pytest.mark.parametrize(
    ("headings", "chosen", "pointer"),
    [
        (("Foo", "Owner"), ColumnMap(), "/columns/title"),
        (("Goal", "Foo"), ColumnMap(), "/columns/owner"),
        (("Goal", "Owner"), ColumnMap(columns={SheetField.TITLE: "Aim", SheetField.OWNER: "Owner"}), "/columns/title"),
        (("Goal", "Owner"), ColumnMap(date_format="whenever"), "/date_format"),
    ],
)
def test_a_map_that_does_not_fit_the_sheet_is_refused(
    sqlite_installation: Installation, headings: tuple[str, ...], chosen: ColumnMap, pointer: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        take_over(sqlite_installation, table(("a", "b"), headings=headings), chosen)

    assert pointer == refused.value.pointer


def test_what_is_not_the_keys_to_say_is_refused_by_the_same_rights(installation: Installation) -> None:
    principal = msgspec.structs.replace(installation.principal, scopes=frozenset({"import"}))
    limited = msgspec.structs.replace(installation, principal=principal)
    results(installation, table(ROW))

    result = results(
        limited, table(row(ID="T-2"), row(ID="T-3", Agreed_on=""), row(ID="T-4", Team="new one", Agreed_on=""))
    )

    assert [[("Agreed on", "forbidden")], [], [("Team", "forbidden")]] == [
        problems(verdict) for verdict in result.verdicts
    ]


# --- workbooks ---------------------------------------------------------------------------------------------------


def workbook(rows: Iterable[Sequence[Any]], **formats: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in rows:
        sheet.append(list(cells))
    for place, form in formats.items():
        sheet[place].number_format = form
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_is_read_by_the_types_of_its_cells(installation: Installation) -> None:
    cells = (7, "Close", "lena", "ines", "data", datetime(2031, 12, 18), "closed", date(2026, 2, 27), 0.3, 1.5)  # noqa: DTZ001
    data = workbook([["Our goals"], [], HEADINGS, [], cells], I5="0%")

    result = results(installation, data)

    assert ((1, 0), 5, "sheet-7") == ((result.new, result.refused), result.verdicts[0].row, result.verdicts[0].goal)
    promised = goal(installation, "sheet-7")
    assert (date(2031, 12, 18), "0.3") == (promised.terms.due, promised.progress)


def test_a_workbook_that_unpacks_to_too_much_is_refused_by_its_directory() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(11):
            archive.writestr(f"xl/worksheets/sheet{n}.xml", b"\0" * 10_000_000)

    assert len(file.getvalue()) < 200_000
    with pytest.raises(UnreadableSheet, match="unpacks"):
        read_sheet(file.getvalue(), ColumnMap())


def test_a_workbook_that_states_the_whole_grid_costs_no_more_than_its_cells() -> None:
    data = workbook([HEADINGS, ROW])
    parts = {
        name: zipfile.ZipFile(io.BytesIO(data)).read(name) for name in zipfile.ZipFile(io.BytesIO(data)).namelist()
    }
    name = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:J2"' in parts[name]
    parts[name] = parts[name].replace(b'ref="A1:J2"', b'ref="A1:XFD1048576"')
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, text in parts.items():
            archive.writestr(part, text)

    sheet = read_sheet(file.getvalue(), ColumnMap())

    assert (1, len(HEADINGS)) == (len(sheet.rows), len(sheet.rows[0].cells))


# --- any table ---------------------------------------------------------------------------------------------------

CELL = st.one_of(
    st.sampled_from(
        ["", "lena", "ines", "data", "T-1", "2031-01-01", "03/04/2031", "30 %", "0,3", "done", "1", "=1+1"]
    ),
    st.text(max_size=12),
)
TABLE = st.lists(st.lists(CELL, min_size=1, max_size=len(HEADINGS) + 2), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(rows=TABLE)
def test_any_table_of_text_has_a_verdict_for_each_row_and_the_import_is_the_dry_run(
    sqlite_installation: Installation, rows: list[list[str]]
) -> None:
    data = table(*(tuple(cells) for cells in rows))
    filled = [number for number, cells in enumerate(rows, 2) if any(cell.strip() for cell in cells)]
    before = sqlite_installation.runtime.ledger.count()

    tried = results(sqlite_installation, data, partial=True, dry_run=True)
    recorded = sqlite_installation.runtime.ledger.count() - before
    done = results(sqlite_installation, data, partial=True)
    again = results(sqlite_installation, data, partial=True)

    assert 0 == recorded
    assert filled == [verdict.row for verdict in tried.verdicts]
    assert tried.verdicts == done.verdicts
    assert (0, 0) == (again.accepted, again.new + again.changed)


_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TITLES = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Title</t></is></c></row>'


def repack(parts: dict[str, tuple[bytes, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook with other parts: root and content, by file name without its end."""
    file, data = io.BytesIO(), io.BytesIO(workbook([HEADINGS, ROW]))
    with zipfile.ZipFile(data) as archive, zipfile.ZipFile(file, "w", compression) as changed:
        for name in (*archive.namelist(), "xl/sharedStrings.xml"):
            text = archive.read(name) if name in archive.namelist() else b""
            if (found := parts.get(name.rpartition("/")[2].partition(".")[0])) is not None:
                root, content = found
                text = b'<%s xmlns="%s">%s</%s>' % (root, _MAIN, content, root)
            changed.writestr(name, text)
    return file.getvalue()


def rows_of(content: bytes) -> tuple[bytes, bytes]:
    return b"worksheet", b"<sheetData>" + _TITLES + b'<row r="2">' + content + b"</row></sheetData>"


HUGE_PARTS = {
    "cells of one row": {"sheet1": rows_of(b"<c/>" * 200_000)},
    "rows within a row": {"sheet1": rows_of((b'<row r="3">' + b"<c/>" * 60_000) * 2 + b"</row></row>")},
    "rows of another namespace": {"sheet1": rows_of(b'<row xmlns="x"><c/></row>' * 60_000)},
    "elements outside of rows": {"sheet1": (b"worksheet", b"<x/>" * 200_000)},
    "text of one cell": {"sheet1": rows_of(b'<c t="inlineStr"><is><t>' + b"a" * 6_000_000 + b"</t></is></c>")},
    "a tag": {"sheet1": rows_of(b'<c a="' + b"a" * 2_000_000 + b'"/>')},
    "depth": {"sheet1": rows_of(b"<c>" * 100 + b"</c>" * 100)},
    "styles": {"styles": (b"styleSheet", b"<cellXfs>" + b'<xf numFmtId="0"/>' * 40_000 + b"</cellXfs>")},
    "styles as a worksheet": {"styles": (b"worksheet", b"<row><c/></row>" * 40_000)},
    "the workbook as a worksheet": {"workbook": (b"worksheet", b"<row><c/></row>" * 40_000)},
    "shared texts": {"sharedStrings": (b"sst", b"<si/>" * 600_000)},
}


@pytest.mark.parametrize("parts", HUGE_PARTS.values(), ids=HUGE_PARTS.keys())
def test_a_workbook_whose_parts_are_huge_is_refused_before_they_are_read(parts: dict[str, tuple[bytes, bytes]]) -> None:
    data = repack(parts)

    assert len(data) < 100_000
    with pytest.raises(UnreadableSheet, match="is like none that is saved"):
        read_sheet(data, ColumnMap())


def test_a_workbook_that_declares_a_document_type_is_refused() -> None:
    data = workbook([HEADINGS, ROW])
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/theme/other.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')

    with pytest.raises(UnreadableSheet, match="document type"):
        read_sheet(file.getvalue(), ColumnMap())


def test_a_workbook_that_is_compressed_otherwise_than_any_program_does_is_refused() -> None:
    with pytest.raises(UnreadableSheet, match="compressed in another way"):
        read_sheet(repack({}, zipfile.ZIP_LZMA), ColumnMap())


@pytest.mark.parametrize("cells", [b"," * 3_000_000, b'"\n",' * 700_000, b'"' + b"a" * 3_000_000])
def test_a_row_of_csv_without_end_is_refused_by_its_number(cells: bytes) -> None:
    with pytest.raises(UnreadableSheet, match="row 3"):
        read_sheet(table(row()) + cells, ColumnMap())


def test_a_row_with_too_many_columns_is_a_problem_of_that_row_alone(sqlite_installation: Installation) -> None:
    data = table(row(), (*row(ID="T-2"), *["x"] * 5_000))

    result = take_over(sqlite_installation, data, partial=True).result

    assert (1, 1) == (result.new, result.refused)
    assert "more than 200 columns" in result.verdicts[1].problems[0].detail
