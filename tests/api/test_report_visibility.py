"""Every id in a report says what it is of: without a rule nobody knows who may see the row that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest

from projections.figures import EventRef, IdKind, QuotedGoal, Report, SubjectCycle, SubjectGoal, TeamRef
from services.api.routes.reports import REPORTS
from services.visibility.reports import row_fields

#: What a list of ids may hold: ids that go with their row, whatever they are of.
_OPEN = {IdKind.EVENT}


def _structs(cls: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """The Struct and every Struct in its fields, at any depth."""
    found, left = set[type[msgspec.Struct]](), [cls]
    while left:
        struct = left.pop()
        if struct not in found:
            found.add(struct)
            yield struct
            left += [part for hint in get_type_hints(struct).values() for part in _types(hint)]


def _types(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from _types(part)


def _ids(hint: Any, *, many: bool = False) -> Iterator[tuple[IdKind | None, bool]]:
    """The kind of each id in a field's type (None: it has none), and whether there are several of them."""
    if hint is UUID:
        yield None, many
    elif hasattr(hint, "__metadata__"):
        kinds = [kind for kind in hint.__metadata__ if isinstance(kind, IdKind)]
        yield from ((kinds[0] if kinds else kind, several) for kind, several in _ids(hint.__origin__, many=many))
    else:
        many = many or get_origin(hint) in (list, tuple, set, frozenset, dict)
        for part in get_args(hint):
            yield from _ids(part, many=many)


def _faults(report: type[msgspec.Struct]) -> Iterator[str]:
    for struct in _structs(report):
        hints = get_type_hints(struct, include_extras=True)
        kinds = set[IdKind | None]()
        for field, hint in hints.items():
            for kind, many in _ids(hint):
                kinds.add(kind)
                if kind is None or (many and kind not in _OPEN):
                    yield f"{struct.__name__}.{field}"
            if any(_types(hint)) and field not in row_fields(struct).rows:
                yield f"{struct.__name__}.{field}: rows in no plain list"
        if IdKind.SUBJECT_CYCLE in kinds and "team" not in hints:
            yield f"{struct.__name__}: a cycle without its team"
        if IdKind.QUOTED_GOAL in kinds and not hasattr(struct, "without_quoted_goal"):
            yield f"{struct.__name__}: a quoted goal that cannot be left out"


@pytest.mark.parametrize("name", REPORTS)
def test_every_id_of_a_report_says_who_may_see_it(name: str) -> None:
    assert [] == list(_faults(REPORTS[name].answer))


class Helped(msgspec.Struct):
    """A row with every fault there is."""

    goal: SubjectGoal
    helper_of: UUID | None
    others: list[UUID]
    goals: list[SubjectGoal]
    events: list[EventRef]
    cycle: SubjectCycle
    parent: QuotedGoal | None = None


class Harmless(Report, frozen=True, kw_only=True):
    """A report that holds it two levels down."""

    team: TeamRef | None
    rows: dict[str, list[Helped]]


def test_an_id_without_a_rule_is_found_however_deep_it_is() -> None:
    assert [
        "Harmless.rows: rows in no plain list",
        "Helped.helper_of",
        "Helped.others",
        "Helped.goals",
        "Helped: a cycle without its team",
        "Helped: a quoted goal that cannot be left out",
    ] == list(_faults(Harmless))


def test_each_kind_of_id_is_in_some_report() -> None:
    hints = [
        hint
        for report in REPORTS.values()
        for struct in _structs(report.answer)
        for hint in get_type_hints(struct, include_extras=True).values()
    ]

    assert set(IdKind) == {kind for hint in hints for kind, _ in _ids(hint)}
