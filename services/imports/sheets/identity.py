"""Which goal a row is: by its id, else by what it is called, whose it is and of which team."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from domain.organisation.column_map import ColumnMap, SheetField
from domain.text import compose
from services.imports.sheets.records import CellProblem, Record

F = SheetField
#: What stands before an id of digits alone where the map names no source.
_DEFAULT_SOURCE = "sheet"
_MAX_REFERENCE = 200
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def name_goals(records: Iterable[Record], chosen: ColumnMap) -> None:
    """Give each record its goal's reference; two records of one reference are a problem of the second."""
    first_rows: dict[str, int] = {}
    for record in records:
        ref = _build_reference(record, chosen)
        if ref is None:
            continue
        first = first_rows.setdefault(ref, record.number)
        if first != record.number:
            record.problems.append(_describe_duplicate(record, first, chosen))
        record.ref = ref


def _build_reference(record: Record, chosen: ColumnMap) -> str | None:
    own = record.get(F.ID)
    if own is not None:
        own = compose(own)
        # Ids of digits alone are counted anew in every sheet.
        own = f"{chosen.source or _DEFAULT_SOURCE}-{own}" if own.isdecimal() else own
        return own if len(own) <= _MAX_REFERENCE else f"{own[:100]}-{_digest(own)}"
    title = record.get(F.TITLE)
    if title is None:
        return None
    slug = _NO_SLUG.sub("-", compose(title).lower()).strip("-")[:60].strip("-") or "goal"
    return (
        f"{slug}-{_digest(*(compose(str(record.get(field) or '')).casefold() for field in (F.TITLE, F.OWNER, F.TEAM)))}"
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode(errors="replace")).hexdigest()[:8]


def _describe_duplicate(record: Record, first: int, chosen: ColumnMap) -> CellProblem:
    if record.get(F.ID) is not None:
        detail = f"row {first} has the same id"
        return CellProblem(column=chosen.columns.get(F.ID), field=F.ID, code="already_exists", detail=detail)
    detail = f"row {first} has the same title, owner and team: give the sheet a column of ids"
    return CellProblem(column=chosen.columns.get(F.TITLE), field=F.TITLE, code="already_exists", detail=detail)


def order_by_parent(records: Sequence[Record], parents: dict[int, Record]) -> tuple[list[Record], list[Record]]:
    """The records, each behind its parent, and those that are their own ancestors. `parents`: by the child's number."""
    ordered: list[Record] = []
    circular: list[Record] = []
    placed = set[int]()
    for record in records:
        chain: list[Record] = []
        seen = set[int]()
        each: Record | None = record
        while each is not None and each.number not in placed and each.number not in seen:
            chain.append(each)
            seen.add(each.number)
            each = parents.get(each.number)
        # What ends where it began goes round.
        is_circular = each is not None and each.number in seen and each.number not in placed
        for member in reversed(chain):
            placed.add(member.number)
            (circular if is_circular else ordered).append(member)
    return ordered, circular
