"""Dates and numbers of cells: what can be read in two ways is asked about, never guessed."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.imports.sheets.tables import Percent
from services.imports.sheets.values import (
    Ambiguous,
    DateReader,
    ShareReader,
    Unreadable,
    compile_date_format,
    read_effort,
    read_number,
)

BERLIN = ZoneInfo("Europe/Berlin")


def read_date(text: Any, form: str | None = None, column: tuple[str, ...] = ()) -> date:
    return DateReader(form, (text, *column), BERLIN).read(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-03-04", None),
        ("2026/3/4", None),
        ("2026-03-04 09:30", None),
        # An instant is the organisation's day.
        ("2026-03-03T23:30:00Z", None),
        ("4 Mar 2026", None),
        ("4th March 2026", None),
        ("March 4, 2026", None),
        ("04-Mar-2026", None),
        (date(2026, 3, 4), None),
        ("04/03/2026", "DD/MM/YYYY"),
        ("03/04/2026", "MM/DD/YYYY"),
        ("4.3.26", "D.M.YY"),
        ("26-03-04", "YY-MM-DD"),
        ("04 mar 2026 17:00", "DD MMM YYYY"),
        ("2026-03-04", "DD/MM/YYYY"),
        ("46085", "excel"),
        (Decimal(46085), "excel"),
    ],
)
def test_a_date_that_can_be_read_in_one_way_is_read(text: Any, form: str | None) -> None:
    assert date(2026, 3, 4) == read_date(text, form)


@pytest.mark.parametrize("text", ["03/04/2026", "3.4.2026", "03-04-2026", "01/02/03", "46085", Decimal(46085)])
def test_a_date_that_can_be_read_in_two_ways_is_asked_about(text: Any) -> None:
    with pytest.raises(Ambiguous) as asked:
        read_date(text)

    assert "date_format" == asked.value.setting
    # Each format that is offered reads it.
    assert all(read_date(text, form) for form in asked.value.allowed)


def test_a_day_beyond_the_twelfth_says_the_order_of_itself_but_not_of_others() -> None:
    assert date(2026, 4, 13) == read_date("13/04/2026")
    with pytest.raises(Ambiguous):
        read_date("03/04/2026", column=("13/04/2026",))


def test_a_column_of_both_orders_is_asked_about_altogether() -> None:
    with pytest.raises(Ambiguous):
        read_date("13/04/2026", column=("04/13/2026",))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("soon", None),
        ("31 Feb 2026", None),
        ("2026-13-01", None),
        ("13/13/2026", None),
        ("9999999", "excel"),
        ("04/03/2026", "D.M.YYYY"),
        ("2026-03-04 and more", None),
    ],
)
def test_what_is_no_date_is_unreadable(text: str, form: str | None) -> None:
    with pytest.raises(Unreadable):
        read_date(text, form)


@pytest.mark.parametrize("form", ["", "DD/MM", "DD/DD/YYYY", "dd/mm/yyyy", "%d/%m/%Y", "YYYY", "DDMMYYYYx"])
def test_a_format_that_is_none_is_refused(form: str) -> None:
    with pytest.raises(Unreadable):
        compile_date_format(form)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("40", None, "40"),
        ("0,3", None, "0.3"),
        ("0.3", None, "0.3"),
        ("1 200,50", None, "1200.50"),
        ("1,200.5", None, "1200.5"),
        ("1.200,5", None, "1200.5"),
        ("1'200", None, "1200"),
        ("1,200,000", None, "1200000"),
        ("0,125", None, "0.125"),
        ("1,200", ".", "1200"),
        ("1,200", ",", "1.2"),
        ("-3,5", None, "-3.5"),
    ],
)
def test_a_number_is_read_with_either_sign(text: str, decimal: str | None, number: str) -> None:
    assert Decimal(number) == read_number(text, decimal)


@pytest.mark.parametrize("text", ["1,200", "12.345", "-999,999"])
def test_a_group_of_three_digits_is_asked_about(text: str) -> None:
    with pytest.raises(Ambiguous) as asked:
        read_number(text, None)

    assert ("decimal", (".", ",")) == (asked.value.setting, asked.value.allowed)


@pytest.mark.parametrize(("text", "decimal"), [("1,2,3", None), ("1.2.3", None), ("many", None), ("12,34", ".")])
def test_what_is_no_number_is_unreadable(text: str, decimal: str | None) -> None:
    with pytest.raises(Unreadable):
        read_number(text, decimal)


@pytest.mark.parametrize(
    ("cell", "column", "share"),
    [
        ("30 %", (), "0.3"),
        ("30%", (), "0.3"),
        ("33,3 %", (), "0.333"),
        (Percent(Decimal("0.3")), (), "0.3"),
        ("0,3", (), "0.3"),
        (Decimal("0.3"), (), "0.3"),
        ("30", (), "0.3"),
        # What others of the column say.
        ("1", ("45",), "0.01"),
        ("1", ("0.5",), "1"),
        ("0", (), "0"),
    ],
)
def test_a_share_is_read_as_its_column_is_meant(cell: Any, column: tuple[Any, ...], share: str) -> None:
    assert Decimal(share) == ShareReader(None, (cell, *column), None).read(cell)


def test_a_bare_one_alone_is_asked_about() -> None:
    with pytest.raises(Ambiguous) as asked:
        ShareReader(None, ("1", "0", ""), None).read("1")

    assert "progress_in" == asked.value.setting


@pytest.mark.parametrize("cell", ["120 %", "-1", "250"])
def test_a_share_beyond_all_is_unreadable(cell: str) -> None:
    with pytest.raises(Unreadable):
        ShareReader("percent", (), None).read(cell)


@pytest.mark.parametrize(
    ("cell", "unit", "hours"),
    [("40", "hours", 40), ("5", "days", 40), ("5 d", None, 40), ("40h", None, 40), ("40 hours", "days", 40)],
)
def test_effort_is_in_hours(cell: str, unit: str | None, hours: int) -> None:
    assert hours == read_effort(cell, unit, 8, None)


def test_effort_without_a_unit_is_asked_about() -> None:
    with pytest.raises(Ambiguous) as asked:
        read_effort("5", None, 8, None)

    assert "effort_in" == asked.value.setting


CELLS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}( [0-9:]+)?", fullmatch=True),
    st.from_regex(r"[+-]?[0-9.,' ]{1,12} ?[%hd]?", fullmatch=True),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
)
FORMS = st.sampled_from([None, "DD/MM/YYYY", "MM/DD/YY", "D MMM YYYY", "excel"])


@given(cell=CELLS, form=FORMS, decimal=st.sampled_from([None, ".", ","]), unit=st.sampled_from([None, "percent"]))
def test_whatever_is_in_a_cell_is_read_or_refused(cell: Any, form: str | None, decimal: str, unit: str | None) -> None:
    readers = (
        DateReader(form, (cell,), BERLIN).read,
        ShareReader(unit, (cell,), decimal).read,
        lambda cell: read_number(cell, decimal),
        lambda cell: read_effort(cell, None, 8, decimal),
    )
    for read in readers:
        with suppress(Ambiguous, Unreadable):
            assert read(cell) is not None
