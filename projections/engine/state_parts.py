"""The part of a state that most events leave as it is: stored once for all rows that have it, in a table of its own.

A row's body is the rest, with a mark where the part stands; it names the part by its number in the stream. The parts
of a stream are numbered as they appear: by the log position at which their first row is believed, then by that row's
place in business time. So following the log and folding it anew give the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table

#: The values of a part: equal for equal parts, and what it is encoded from. None: the state has no such part.
PartValues = tuple[Any, ...] | None


class PlacedState(Protocol):
    """A version, as far as its part's place among the parts of the stream goes."""

    @property
    def version(self) -> int: ...
    @property
    def valid_from(self) -> int: ...
    @property
    def known_from(self) -> int: ...
    @property
    def state(self) -> Any: ...


class StateParts(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of state is parted."""

    #: The table of the parts.
    table: Table
    #: The values of a state's part.
    values_of: Callable[[Any], PartValues]
    #: A part as JSON, and what a state is but for it: in that `PART_MARK` stands for the first.
    encode_part: Callable[[Any], str]
    encode_rest: Callable[[Any], str]
    #: Of the rows: the number of the part, and the rest.
    columns: tuple[Column, Column]
    #: The whole state of a row of the projection's table.
    whole_sql: str


class NumberedParts(NamedTuple):
    """The parts that a stream's states have had so far."""

    #: Digest of a part's text -> its number, from 1.
    numbers: dict[bytes, int]
    #: The last one: most states have the part of the state before.
    values: PartValues = None
    number: int | None = None


NO_PARTS = NumberedParts({})


def parts_table(name: str, part: str, comment: str) -> Table:
    """The table of the parts of a stream's states."""
    return Table(
        name=name,
        columns=(
            *SYSTEM_TIME,
            Column("number", "integer", "Number of the part in its stream, from 1."),
            Column("part", "text", part),
        ),
        key=("organisation_id", "stream_id", "number"),
        comment=comment,
    )


def number_parts(
    parts: StateParts, known: NumberedParts, versions: Iterable[PlacedState], head: tuple[str, str]
) -> tuple[list[int | None], list[tuple[Any, ...]], NumberedParts]:
    """The number of each version's part, the rows of parts that are new, and all parts after them.

    The versions must come in the order in which parts are numbered (`in_part_order`).
    """
    numbers, rows = list[int | None](), list[tuple[Any, ...]]()
    for version in versions:
        values = parts.values_of(version.state)
        if values is None:
            numbers.append(None)
            continue
        if known.number is None or values != known.values:
            text = parts.encode_part(values)
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            number = known.numbers.get(digest)
            if number is None:
                number = len(known.numbers) + 1
                rows.append((*head, version.known_from, END_OF_TIME, number, text))
                # What others remember is never changed.
                known = NumberedParts({**known.numbers, digest: number})
            known = NumberedParts(known.numbers, values, number)
        numbers.append(known.number)
    return numbers, rows, known


_Placed = TypeVar("_Placed", bound=PlacedState)


def in_part_order(versions: Sequence[_Placed]) -> list[_Placed]:
    """All versions of a stream in the order in which their parts are numbered."""
    return sorted(versions, key=lambda v: (v.known_from, v.valid_from, v.version))
