"""Rows of marts as a stream's events open, reword and end them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from projections.database.tables import END_OF_TIME
from projections.engine.stream_events import PreparedEvent
from projections.marts.columns import Mart

#: A stored row: organisation, stream, known_from, known_to, position, the mart's own columns, deleted.
Row = tuple[Any, ...]
#: By the name of the mart, or of the table.
RowsByName = dict[str, list[Row]]
#: The rows that may still be reworded, as they are stored: by mart, then by key.
OpenRows = Mapping[str, Mapping[tuple[Any, ...], Row]]
_NOTHING: Mapping[tuple[Any, ...], Row] = {}
_KNOWN_TO = 3
_OWN_COLUMNS = 5


class Fact(NamedTuple):
    """A row that never changes. Values in the order of the columns, without `position` and `deleted`."""

    mart: Mart
    values: tuple[Any, ...]


class Wording(NamedTuple):
    """What a row that may change says from this event on; no values: it is no more."""

    mart: Mart
    key: tuple[Any, ...]
    values: tuple[Any, ...] | None
    #: It is not reworded after this.
    is_last: bool = False


Change = Fact | Wording


class RowWriter:
    """The rows that one stream's events open and end, from those that are open."""

    def __init__(self, head: tuple[str, str], open_rows: OpenRows) -> None:
        self._head = head
        # What others remember is never changed: a mart's rows are replaced where one of them is.
        self._open = dict(open_rows)
        #: Rows that never change, each with its mart's name.
        self._facts: list[tuple[str, Row]] = []
        #: The others by mart, position and key: an event may end a row that an earlier one of them opened.
        self._rows: dict[tuple[str, int, tuple[Any, ...]], Row] = {}

    def write(self, prepared: PreparedEvent, changes: Iterable[Change]) -> None:
        """Take what one event changes."""
        event = prepared.event
        head = (*self._head, event.log_position, END_OF_TIME, event.position)
        for change in changes:
            if isinstance(change, Fact):
                self._facts.append((change.mart.name, (*head, *change.values, 0)))
            else:
                self._reword(head, change)

    def _reword(self, head: tuple[Any, ...], change: Wording) -> None:
        mart, key, values, is_last = change
        known = self._open.get(mart.name, _NOTHING)
        before = known.get(key)
        if values is None and before is None:
            return
        new = _tombstone(mart, key) if values is None else (*values, 0)
        if before is not None:
            if before[_OWN_COLUMNS:] == new:
                return
            position = before[_OWN_COLUMNS - 1]
            if position == head[-1]:
                del self._rows[mart.name, position, key]
            else:
                self._rows[mart.name, position, key] = (*before[:_KNOWN_TO], head[2], *before[_KNOWN_TO + 1 :])
        row = self._rows[mart.name, head[-1], key] = (*head, *new)
        if not is_last:
            self._open[mart.name] = {**known, key: row}
        elif before is not None:
            self._open[mart.name] = {other: kept for other, kept in known.items() if other != key}

    def find_open(self, mart: Mart) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The open rows of a mart that are not deleted: their values by key."""
        known = self._open.get(mart.name)
        return {key: row[_OWN_COLUMNS:-1] for key, row in known.items() if not row[-1]} if known else {}

    @property
    def open_rows(self) -> OpenRows:
        """What may still be reworded."""
        return self._open

    def rows(self, after: int = 0) -> RowsByName:
        """The rows that an event behind log position `after` opened or ended, by mart."""
        found: RowsByName = {}
        for mart, row in (*self._facts, *((name, row) for (name, _, _), row in self._rows.items())):
            if row[2] > after or after < row[_KNOWN_TO] < END_OF_TIME:
                found.setdefault(mart, []).append(row)
        return found


def _tombstone(mart: Mart, key: tuple[Any, ...]) -> tuple[Any, ...]:
    values = dict(zip(mart.key, key, strict=True))
    return (*(values.get(name) for name in mart.column_names[1:-1]), 1)
