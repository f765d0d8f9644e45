"""Which column holds what, by the names of columns: in spreadsheets, and in the exports of products for goals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from domain.terms import Priority
from domain.text import compose
from services.imports.sheets.tables import TableRow, UnreadableSheet, cell_text

F = SheetField

#: Names of columns, as `_normalise` writes them; of two columns the field takes the one whose name stands first.
HEADINGS: dict[SheetField, tuple[str, ...]] = {
    F.ID: ("id", "goal id", "objective id", "issue key", "key", "issue id", "task id", "gid", "number", "no", "nr"),
    F.TITLE: (
        *("title", "goal", "goal title", "goal name", "objective", "objective name", "objective title"),
        *("key result", "summary", "task name", "item name", "name", "what", "ziel", "titel"),
    ),
    F.OUTCOME: ("outcome", "desired outcome", "result", "ergebnis"),
    F.DESCRIPTION: ("description", "details", "beschreibung"),
    F.TAGS: ("tags", "labels", "tag"),
    F.OWNER: (
        *("owner", "goal owner", "objective owner", "owner email", "owner name", "assignee", "assigned to", "who"),
        *("responsible", "dri", "assignee email", "verantwortlich", "wer"),
    ),
    F.SPONSOR: (
        *("sponsor", "requested by", "requester", "manager", "approver", "reporter", "customer", "created by"),
        *("manager name", "auftraggeber"),
    ),
    F.TEAM: ("team", "team name", "department", "group", "space", "abteilung"),
    F.KIND: ("kind", "goal type"),
    F.PARENT: (
        *("parent", "parent goal", "parent objective", "aligned to", "part of", "parent key", "parent task"),
        *("parent id", "supports"),
    ),
    F.PRIORITY: ("priority", "prioritat", "prio"),
    F.START: ("start", "start date", "starts", "begin", "period start", "beginn"),
    F.DUE: (
        *("due", "due date", "deadline", "end date", "end", "target date", "finish", "period end", "fallig"),
        *("due on", "timeline end"),
    ),
    F.EFFORT: ("effort", "hours", "estimate", "days", "original estimate", "aufwand", "stunden", "tage"),
    F.CONDITIONS: ("done when", "conditions", "definition of done", "acceptance criteria", "success criteria"),
    F.MEASURE: ("measure", "metric", "kpi", "unit", "metric name", "einheit"),
    F.BASELINE: ("baseline", "start value", "initial value", "starting value"),
    F.TARGET: ("target", "target value", "goal value"),
    F.CURRENT: ("current", "current value", "actual", "latest value"),
    F.PROGRESS: (
        *("progress", "complete", "% complete", "percent complete", "completion", "progress %", "goal progress"),
        *("fortschritt",),
    ),
    F.CONFIDENCE: ("confidence", "confidence level"),
    F.NOTE: (
        *("note", "notes", "comment", "comments", "last update", "latest update", "last check-in", "latest comment"),
        *("update", "kommentar"),
    ),
    F.STATUS: ("status", "state", "rag", "health", "goal status"),
    F.AGREED: ("agreed on", "agreed", "accepted on", "approved on", "vereinbart am"),
    F.UPDATED: ("updated", "updated on", "last updated", "updated at", "last modified", "last check-in date"),
    F.CLOSED: ("closed", "closed on", "completed on", "completed at", "completion date", "resolved", "done on"),
}

#: What words of a column of the status mean; the map's own go before them.
STATUSES: dict[str, RowStatus] = {
    **dict.fromkeys(
        (
            *("", "open", "on track", "at risk", "off track", "behind", "ahead", "in progress", "not started"),
            *("to do", "todo", "doing", "green", "amber", "yellow", "red", "working on it", "stuck", "ongoing"),
            *("progressing", "needs attention", "blocked", "on hold", "paused"),
        ),
        RowStatus.OPEN,
    ),
    **dict.fromkeys(("draft",), RowStatus.DRAFT),
    **dict.fromkeys(("requested", "proposed", "pending approval", "pending"), RowStatus.REQUESTED),
    **dict.fromkeys(("active", "agreed", "promised", "approved"), RowStatus.ACTIVE),
    **dict.fromkeys(
        ("done", "complete", "completed", "finished", "achieved", "closed", "delivered", "resolved"),
        RowStatus.DELIVERED,
    ),
    **dict.fromkeys(("satisfied",), RowStatus.SATISFIED),
    **dict.fromkeys(("cancelled", "canceled", "abandoned", "dropped", "discontinued", "won't do"), RowStatus.CANCELLED),
}

PRIORITIES: dict[str, Priority] = {
    **dict.fromkeys(("critical", "highest", "urgent", "must", "p0", "p1"), Priority.CRITICAL),
    **dict.fromkeys(("important", "high", "medium", "normal", "should", "p2"), Priority.IMPORTANT),
    **dict.fromkeys(("useful", "low", "lowest", "could", "nice to have", "p3", "p4"), Priority.USEFUL),
}

#: Rows in which headings are looked for.
_LOOKED_AT_ROWS = 20
#: Headings that are recognised in a row of headings, at least.
_MIN_RECOGNISED = 2
_NO_WORD = re.compile(r"[^\w%' -]+")
_NAMES = {name: field for field, names in HEADINGS.items() for name in names}


class Headings(msgspec.Struct, frozen=True):
    """The row of headings: its number, and its names as they are and in the order of the columns."""

    number: int
    names: tuple[str, ...]


def find_headings(rows: Iterable[TableRow], chosen: ColumnMap) -> tuple[Headings, list[TableRow]]:
    """The headings, and the rows that were read behind them. Raises UnreadableSheet where there are none."""
    looked_at: list[TableRow] = []
    most = chosen.heading_row or _LOOKED_AT_ROWS
    for row in islice(rows, most):
        looked_at.append(row)
        names = tuple(cell_text(cell).strip() for cell in row.cells)
        if _is_heading(names, chosen) if chosen.heading_row is None else row.number == chosen.heading_row:
            return Headings(row.number, names), []
    filled = next((row for row in looked_at if not row.is_blank), None)
    if filled is None:
        raise UnreadableSheet("the sheet is empty")
    if chosen.heading_row is not None:
        raise UnreadableSheet(f"the sheet has no row {chosen.heading_row}", pointer="/heading_row")
    names = tuple(cell_text(cell).strip() for cell in filled.cells)
    first, rest = looked_at.index(filled), looked_at
    # Names of its own: the map says what they hold.
    return Headings(filled.number, names), rest[first + 1 :]


def _is_heading(names: Sequence[str], chosen: ColumnMap) -> bool:
    wanted = {_normalise(heading) for heading in chosen.columns.values()}
    known = {_normalise(name) for name in names if name} & (wanted or _NAMES.keys())
    return len(known) >= min(_MIN_RECOGNISED, len(wanted) or _MIN_RECOGNISED)


def guess_columns(names: Sequence[str]) -> dict[SheetField, str]:
    """Field -> heading, for those headings that are known; none is taken twice."""
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(_normalise(name), name)
    found: dict[SheetField, str] = {}
    taken = set[str]()
    for field, known in HEADINGS.items():
        for name in known:
            if name in by_name and name not in taken:
                found[field] = by_name[name]
                taken.add(name)
                break
    return found


def guess_effort_unit(heading: str) -> str | None:
    """What the heading says of its unit."""
    words = set(_normalise(heading).replace("(", " ").split())
    if words & {"hours", "stunden", "h"}:
        return "hours"
    return "days" if words & {"days", "tage", "d"} else None


def find_column(names: Sequence[str], heading: str) -> int | None:
    """The index of the column with this heading: as it is written, else in any case and without signs."""
    if heading in names:
        return names.index(heading)
    wanted = _normalise(heading)
    return next((index for index, name in enumerate(names) if _normalise(name) == wanted), None)


def _normalise(heading: str) -> str:
    """In small letters, without signs and doubled blanks."""
    folded = (
        compose(heading)
        .casefold()
        .replace("\u00e4", "a")
        .replace("\u00f6", "o")
        .replace("\u00fc", "u")
        .replace("_", " ")
    )
    return " ".join(_NO_WORD.sub(" ", folded).split())


def normalise_word(word: str) -> str:
    """A word of a status or a priority, as it is looked up."""
    return " ".join(compose(word).casefold().replace("_", " ").split())
