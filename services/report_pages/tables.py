"""The tables of a report: figures of the group, of members and of goals, and a table for each of its sections."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache, partial
from itertools import islice
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from projections.alignment.tree import GoalNode, PurposeNode
from projections.figures import WITHHELD, Figure, IdKind, Report
from projections.overload.relief import Relief
from services.pictures.style import Tone
from services.report_text.page import isolate, shorten
from services.report_text.people import Names
from services.report_text.phrases import (
    describe_notes,
    describe_rule,
    describe_value,
    find_phrase,
    format_minute,
    format_number,
    format_share,
)
from services.visibility.reports import row_fields

#: Rows of one table: the rest is counted, and is in the JSON and the CSV.
MOST_ROWS = 60
_LONGEST_TEXT = 200


class Cell(NamedTuple):
    """What stands in a cell: numbers are aligned to the right, and a tone says which line was crossed."""

    text: str
    is_number: bool = False
    tone: Tone | None = None
    #: The goal that it names: a page leads there.
    goal: UUID | None = None


class PageTable(NamedTuple):
    """A caption, what the columns are, and rows of which the first cell names the row."""

    caption: str
    columns: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    #: Rows that are left out.
    more: int = 0


_Build = Callable[[], Iterator[PageTable]]


def tone_of(figure: Figure) -> Tone | None:
    """The tone of the line that the figure is over."""
    return "red" if figure.line == "red" else "amber" if figure.line is not None else None


def build_tables(
    report: Report, names: Names, *, sections: Collection[str] | None = None, most: int = MOST_ROWS
) -> Iterator[PageTable]:
    """Of what the viewer may see; a table without a row is left out.

    `sections`: the fields of the report that are wanted, and of its figures `weeks`, `group`, `members`, `goals`; None:
    all. `most`: rows of each table.
    """
    for name, build in _list_builders(report, names, most):
        if sections is None or name in sections:
            for caption, columns, rows, more in build():
                if rows:
                    yield PageTable(caption, columns, rows[:most], more + max(0, len(rows) - most))


def _list_builders(report: Report, names: Names, most: int) -> Iterator[tuple[str, _Build]]:
    """Each section's name and what makes its tables, in their order on a page."""
    yield "weeks", lambda: _week_table(report.figures, names)
    for name in row_fields(type(report)).rows:
        rows: list[msgspec.Struct] = list(getattr(report, name))
        if name != "figures" and rows:
            yield name, partial(_section_tables, name, rows, names, most)
    yield "group", lambda: _group_table(report, names)
    by_name = "Figures by member, in the order of their names"
    yield "members", lambda: _grid(by_name, "Member", _of_members(report.figures, names))
    yield "goals", lambda: _grid("Figures by goal", "Goal", _of_goals(report.figures, names))


# --- figures ---------------------------------------------------------------------------------------------------------

_GROUP_COLUMNS = (Cell("Figure"), Cell("Value", is_number=True), Cell("Remarks"))
_CONSENT = {True: "agreed by both sides", False: "moved by one side alone", None: ""}


def _group_table(report: Report, names: Names) -> Iterator[PageTable]:
    figures = [f for f in report.figures if f.member is None and f.goal is None]
    purposes = {purpose.charter: names.team(purpose.team) for purpose in getattr(report, "tree", ())}
    yield PageTable("Figures of the whole group", _GROUP_COLUMNS, [_group_row(f, purposes) for f in figures])


def _group_row(figure: Figure, purposes: Mapping[UUID, str]) -> list[Cell]:
    if figure.name.startswith("scope_"):
        # All moves have one phrase: here each has a row of its own.
        label = figure.name.removeprefix("scope_").replace("_", " ").capitalize()
    else:
        label = find_phrase(figure.name).label
    of = [f"of {purposes[figure.charter]}"] if figure.charter is not None and figure.charter in purposes else []
    consent = "told after the fact" if figure.retroactive else _CONSENT[figure.negotiated]
    label = ", ".join([label, *of, *([consent] if consent else [])])
    if figure.status == WITHHELD:
        return [Cell(label), Cell("withheld", is_number=True), Cell(describe_rule(figure))]
    remarks = describe_notes(figure).replace(" [", ", ").removeprefix(", ").removesuffix("]")
    return [
        Cell(label),
        Cell(describe_value(figure, find_phrase(figure.name)), is_number=True, tone=tone_of(figure)),
        Cell(remarks),
    ]


def _value_cell(figure: Figure | None) -> Cell:
    if figure is None:
        return Cell("", is_number=True)
    if figure.value is None:
        return Cell((figure.status or "no_data").replace("_", " "), is_number=True, tone=tone_of(figure))
    counts = f" ({figure.count} of {figure.n})" if figure.count is not None and figure.n else ""
    estimated = " ~" if figure.estimated or figure.estimated_share else ""
    return Cell(f"{format_number(figure.value)}{estimated}{counts}", is_number=True, tone=tone_of(figure))


def list_weeks(
    figures: Iterable[Figure], name: str = "load_ratio"
) -> tuple[list[date], dict[UUID, dict[date, Figure]]]:
    """The weeks that have a figure of this name, and it by member and week."""
    of_member: dict[UUID, dict[date, Figure]] = {}
    for figure in figures:
        if figure.name == name and figure.member is not None and figure.week is not None:
            of_member.setdefault(figure.member, {})[figure.week] = figure
    return sorted({week for weeks in of_member.values() for week in weeks}), of_member


def _week_table(figures: Iterable[Figure], names: Names) -> Iterator[PageTable]:
    weeks, of_member = list_weeks(figures)
    rows = [
        [Cell(name), *(_value_cell(of_week.get(week)) for week in weeks)]
        for name, of_week in names.sort_people(of_member.items())
    ]
    columns = [Cell("Member"), *(Cell(week.isoformat(), is_number=True) for week in weeks)]
    yield PageTable("Load by week (planned hours / available hours; ~ rests on estimates)", columns, rows)


#: What names a row, and its figures by the heading of their column.
_GridRow = tuple[Cell, dict[str, Figure]]


def _of_members(figures: Iterable[Figure], names: Names) -> list[_GridRow]:
    rows: dict[UUID, dict[str, Figure]] = {}
    for figure in figures:
        if figure.member is not None and figure.week is None:
            rows.setdefault(figure.member, {})[_heading_of(figure)] = figure
    return [(Cell(name), row) for name, row in names.sort_people(rows.items())]


def _of_goals(figures: Iterable[Figure], names: Names) -> list[_GridRow]:
    rows: dict[UUID, dict[str, Figure]] = {}
    for figure in figures:
        if figure.goal is not None:
            rows.setdefault(figure.goal, {})[_heading_of(figure)] = figure
    named = [(Cell(names.goal(goal), goal=goal), row) for goal, row in rows.items()]
    return sorted(named, key=lambda one: one[0].text.casefold())


def _heading_of(figure: Figure) -> str:
    words = figure.name.removeprefix("scope_").replace("_", " ").capitalize()
    consent = "told after the fact" if figure.retroactive else _CONSENT[figure.negotiated]
    return f"{words}, {consent}" if consent else words


def _grid(caption: str, of: str, rows: Sequence[_GridRow]) -> Iterator[PageTable]:
    headings = list(dict.fromkeys(heading for _, row in rows for heading in row))
    columns = [Cell(of), *(Cell(heading, is_number=True) for heading in headings)]
    yield PageTable(caption, columns, [[head, *(_value_cell(row.get(h)) for h in headings)] for head, row in rows])


# --- sections --------------------------------------------------------------------------------------------------------

_CAPTIONS = {
    "additions": "What was taken on in the window",
    "requesters": "Who asks whom, in the order of the names",
    "relief": "Ways out, and the load after each (nothing is recorded by this)",
    "mend": "Who could say which sentence to whom",
    "tree": "What serves which purpose",
    "unlinked": "Goals that lead to no purpose",
    "untied": "Tasks that lead to no outcome",
    "open_answers": "Answers that are missing about what was due",
    "needs": "Needs that wait for an answer",
    "blockers": "Open blockers",
    "unrecognised": "Help that was not recognised, by goal",
    "tried": "What was tried",
    "waves": "Pulse by pulse",
    "items": "What was asked",
    "learning": "What was learnt",
}
_HEADINGS = {
    "from_": "Says it",
    "count": "Without a trade-off",
    "n": "Of",
    "by": "Said by",
    "how": "Ended as",
    "reversed": "Turned",
    "act": "Way out",
}
#: Ids that no viewer reads, and what another column says already.
_UNREAD = {IdKind.EVENT, IdKind.PART, IdKind.CHARTER, IdKind.SUBJECT_CYCLE, IdKind.SUBJECT_EXPERIMENT}
_UNREAD_FIELDS = {"events", "need", "figures"}
#: Texts that are words of the contract.
_WORDS = {"state", "ended"}
_GOALS, _MEMBERS = {IdKind.SUBJECT_GOAL, IdKind.QUOTED_GOAL}, {IdKind.SUBJECT_MEMBER, IdKind.MEMBER}


class _Column(NamedTuple):
    field: str
    heading: Cell
    kind: IdKind | None
    #: Words of the contract, such as `waiting_for_verdict`, not of a person.
    is_word: bool


def _section_tables(name: str, rows: list[msgspec.Struct], names: Names, most: int) -> Iterator[PageTable]:
    caption = _CAPTIONS.get(name, name.replace("_", " ").capitalize())
    if isinstance(rows[0], Relief):
        reliefs = names.sort_people((entry.member, entry) for entry in rows if isinstance(entry, Relief))
        ways = (row for member, relief in reliefs for row in _relief_rows(member, relief, names))
        shown = list(islice(ways, most))
        total = sum(len(relief.options) for _, relief in reliefs)
        yield PageTable(caption, _RELIEF_COLUMNS, shown, total - len(shown))
    elif isinstance(rows[0], PurposeNode):
        tree = [row for entry in rows if isinstance(entry, PurposeNode) for row in _tree_rows(entry, names)]
        yield PageTable(caption, _TREE_COLUMNS, tree)
    else:
        yield _plain_table(caption, rows, names, most)
        for nested in row_fields(type(rows[0])).rows:
            below = [part for row in rows for part in getattr(row, nested)]
            if below:
                heading = _CAPTIONS.get(nested, nested.replace("_", " ").capitalize())
                yield _plain_table(heading, below, names, most)


_RELIEF_COLUMNS = (
    *(Cell("Member"), Cell("Way out"), Cell("Goal"), Cell("Fullest week after it")),
    *(Cell("Load then", is_number=True), Cell("Load now", is_number=True)),
)


def _relief_rows(member: str, relief: Relief, names: Names) -> list[list[Cell]]:
    """Each way out in one row; which to take is not for a report to say."""
    # The tone is for what a way out leads to.
    now = _ratio_cell(relief.worst_ratio, None)
    rows = []
    for option in relief.options:
        act = option.act.replace("_", " ") + (f" by {option.weeks} weeks" if option.weeks else "")
        then, week = _ratio_cell(option.worst_ratio, option.line), Cell(option.worst_week.isoformat())
        rows.append([Cell(member), Cell(act), Cell(names.goal(option.goal), goal=option.goal), week, then, now])
    return rows


def _ratio_cell(ratio: float | None, line: str | None) -> Cell:
    tone: Tone | None = "red" if line == "red" else "amber" if line else None
    return Cell("no capacity" if ratio is None else format_number(ratio), is_number=True, tone=tone)


_TREE_COLUMNS = (
    *(Cell("Goal"), Cell("Supports"), Cell("Owner"), Cell("State")),
    *(Cell("Progress", is_number=True), Cell("Loose since")),
)


def _tree_rows(purpose: PurposeNode, names: Names) -> Iterator[list[Cell]]:
    waiting: list[tuple[GoalNode, str]] = [(n, f"purpose of {names.team(purpose.team)}") for n in purpose.goals[::-1]]
    while waiting:
        node, above = waiting.pop()
        title = names.goal(node.goal)
        loose = "" if node.unaffirmed_since is None else format_minute(node.unaffirmed_since)
        yield [
            Cell(title, goal=node.goal),
            Cell(above),
            Cell(names.person(node.owner)),
            Cell(node.state.replace("_", " ")),
            Cell("" if node.progress is None else format_share(node.progress), is_number=True),
            Cell(loose, tone="amber" if node.overdue else None),
        ]
        waiting += [(below, title) for below in node.goals[::-1]]


def _plain_table(caption: str, rows: list[msgspec.Struct], names: Names, most: int) -> PageTable:
    """A column for each field that some row has; rows about members in the order of their names."""
    columns = _columns_of(type(rows[0]))
    about = next((column.field for column in columns if column.kind is IdKind.SUBJECT_MEMBER), None)
    if about is not None:
        rows = sorted(rows, key=lambda row: names.person(getattr(row, about)).casefold())
    cells = [[_cell(getattr(row, column.field), column, names) for column in columns] for row in rows[:most]]
    used = [n for n in range(len(columns)) if any(row[n].text for row in cells)]
    numbers = {n for n in used if any(row[n].is_number for row in cells)}
    heads = [columns[n].heading._replace(is_number=n in numbers) for n in used]
    shown = [[row[n]._replace(is_number=n in numbers) for n in used] for row in cells]
    return PageTable(caption, heads, shown, max(0, len(rows) - most))


@lru_cache(maxsize=64)
def _columns_of(row: type[msgspec.Struct]) -> tuple[_Column, ...]:
    """Goals and members first, then the fields in their order; what is no text for people is left out."""
    hints, kinds = get_type_hints(row, include_extras=True), dict(row_fields(row).ids)
    fields = [field for field in row.__struct_fields__ if _is_readable(field, hints[field], kinds)]
    if "title" in fields and "goal" in fields:
        fields.remove("title")
    fields.sort(key=lambda field: 0 if kinds.get(field) in _GOALS else 1 if kinds.get(field) in _MEMBERS else 2)
    return tuple(
        _Column(
            field,
            Cell(_HEADINGS.get(field, field.strip("_").replace("_", " ").capitalize())),
            kinds.get(field),
            is_word=field in _WORDS or str not in _members_of(hints[field]),
        )
        for field in fields
    )


def _is_readable(field: str, hint: Any, kinds: dict[str, IdKind]) -> bool:
    if field in kinds:
        return kinds[field] not in _UNREAD
    if field in _UNREAD_FIELDS or get_origin(hint) is dict:
        return False
    parts = [part for member in _members_of(hint) for part in get_args(member)]
    return not any(isinstance(part, type) and issubclass(part, msgspec.Struct | UUID) for part in parts)


def _members_of(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _cell(value: Any, column: _Column, names: Names) -> Cell:  # noqa: PLR0911 - one for each type of value
    if column.kind is IdKind.TEAM:
        return Cell(names.team(value))
    if value is None or value is False or value == "":
        return Cell("")
    if column.kind in _GOALS:
        return Cell(names.goal(value), goal=value)
    if column.kind in _MEMBERS:
        return Cell(names.person(value))
    match value:
        case True:
            return Cell("yes")
        case int() | float():
            return Cell(format_number(value), is_number=True)
        case datetime():
            return Cell(format_minute(value))
        case date():
            return Cell(value.isoformat())
        case StrEnum():
            return Cell(value.value.replace("_", " "))
        case list() | tuple():
            return Cell(isolate(shorten(", ".join(str(part).replace("_", " ") for part in value), _LONGEST_TEXT)))
    return Cell(value.replace("_", " ") if column.is_word else isolate(shorten(str(value), _LONGEST_TEXT)))
