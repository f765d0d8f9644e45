"""The made-up organisation of any size: in order, the same for the same day, accepted row by row."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from datetime import date

import msgspec
import pytest

from domain.errors import InvalidField
from services.imports.importer import import_lines
from services.seed.scale import Scale, parse_scale, scale_rows
from tests.services.conftest import Installation

TODAY = date(2026, 11, 22)
SMALL = Scale(members=25, goals=60, years=1, check_in_days=30)


def test_the_same_scale_and_day_give_the_same_rows_in_order_of_their_times() -> None:
    rows = list(scale_rows(SMALL, TODAY))

    assert rows == list(scale_rows(SMALL, TODAY))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert rows[-1]["at"] < TODAY.isoformat()


def test_the_organisation_is_as_large_as_its_scale_says() -> None:
    done = Counter(row["do"] for row in scale_rows(SMALL, TODAY))

    assert (done["member.join"], done["team.create"]) == (25, 2)
    # Two teams have an outcome goal per half year.
    assert done["goal.offer"] == 60 + 2 * 2


def test_every_row_is_accepted(installation: Installation) -> None:
    rows = [msgspec.json.encode(row) for row in scale_rows(SMALL, TODAY)]

    organisation_id = installation.founded.organisation_id
    result = import_lines(installation.runtime, organisation_id, rows, principal=installation.principal)

    assert (result.accepted, result.errors) == (len(rows), ())


def test_memory_is_that_of_the_goals_of_a_day() -> None:
    def measure(years: int) -> int:
        tracemalloc.start()
        for _ in scale_rows(Scale(members=20, goals=200 * years, years=years, check_in_days=30), TODAY):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert measure(8) < 1.5 * measure(2)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("people=3", "'people' is not one of members, goals, years, check_in_days"),
        ("members=0", "members is a whole number from 1 to 100000"),
        ("goals=1e6", "not '1e6'"),
        ("years", "years is a whole number"),
        ("years=²", "years is a whole number"),
    ],
)
def test_a_scale_that_is_none_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_scale(text)
    assert named in str(refused.value)


def test_parts_that_are_left_out_have_defaults() -> None:
    assert parse_scale("goals=5") == Scale(goals=5)
    assert parse_scale("") == Scale()
