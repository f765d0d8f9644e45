"""Whether sums of several waves, combined with any weights, say something about one to four persons.

A sum is a row of a matrix whose columns are the persons: 1 for each who was counted in it. Who combines sums knows the
span of the rows. If all answer each time alike, a vector of the span is about the persons at whom it is not 0, and one
that is not 0 at one to four persons is looked for. Persons with the same *record* (in which block each wave counted
them) have the same column. Give every block a weight: a vector's value at a record is the sum of the weights of its
blocks. At a record of five persons and more it has to be 0, which is an equation for the weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias
from uuid import UUID

#: Fewer than this behind a sum, or behind a combination of sums, could be told apart.
MIN_PERSONS = 5
#: Steps of the search among the records of few persons, and records with which it begins: what has more, or is not
#: settled by then, counts as telling of few.
_MAX_STEPS, _MAX_CLASSES = 400, 40

#: Person -> the block in which they were counted; a person without an entry was counted in none.
Blocks: TypeAlias = Mapping[UUID, Hashable]
#: Weights of blocks, by their numbers: what they add up to is the value at a record, or has to be 0.
_Row: TypeAlias = dict[int, Fraction]
#: Equations by the first block of each, whose factor is 1.
_Equations: TypeAlias = dict[int, _Row]
#: Records whose values are multiples of one another, so that all are 0 or none is, with how many persons they are.
_Class: TypeAlias = tuple[_Row, int]


class Records:
    """In which blocks of earlier waves persons were counted and in which cell of this one they stand, and how many."""

    def __init__(self, earlier: Sequence[Blocks], cells: Mapping[UUID, Hashable]) -> None:
        self._numbers: dict[Hashable, int] = {}
        records: dict[UUID, list[int]] = {person: [] for person in cells}
        for place, blocks in enumerate(earlier):
            for person, block in blocks.items():
                records.setdefault(person, []).append(self._number((place, block)))
        self._counts = Counter((frozenset(record), cells.get(person)) for person, record in records.items())

    def _number(self, block: Hashable) -> int:
        return self._numbers.setdefault(block, len(self._numbers))

    def isolate_few(self, blocks: Mapping[Any, Hashable]) -> bool:
        """Whether some combination of the waves' sums is about one to four persons. It may say so where there is none.

        `blocks`: those in which the cells of this wave are published.
        """
        records: Counter[frozenset[int]] = Counter()
        for (earlier, cell), count in self._counts.items():
            now = {self._number(("now", blocks[cell]))} if cell in blocks else set[int]()
            records[earlier | now] += count
        del records[frozenset()]
        return any(_find_few(part) for part in _split(records))


def _split(records: Mapping[frozenset[int], int]) -> Iterator[dict[frozenset[int], int]]:
    """The records in parts that have no block in common: no combination across them is about fewer than within one."""
    root: dict[int, int] = {}

    def find(block: int) -> int:
        while root.setdefault(block, block) != block:
            root[block] = block = root[root[block]]
        return block

    for record in records:
        first, *others = record
        for other in others:
            root[find(other)] = find(first)
    parts: dict[int, dict[frozenset[int], int]] = {}
    for record, count in records.items():
        parts.setdefault(find(next(iter(record))), {})[record] = count
    for part in parts.values():
        if any(count < MIN_PERSONS for count in part.values()):
            yield part


def _find_few(records: Mapping[frozenset[int], int]) -> bool:
    rows = [({block: Fraction(1) for block in record}, count) for record, count in records.items()]
    equations: _Equations = {}
    for row, count in rows:
        if count >= MIN_PERSONS:
            _add(equations, row)
    light = _settle(equations, [each for each in rows if each[1] < MIN_PERSONS], MIN_PERSONS - 1)
    return len(light) > _MAX_CLASSES or _Search().finds(equations, light, [], MIN_PERSONS - 1)


class _Search:
    """Looks for weights that are 0 at all but few persons, within a number of steps."""

    def __init__(self) -> None:
        self._left = _MAX_STEPS

    def finds(self, equations: _Equations, open_: Sequence[_Class], free: Sequence[_Row], budget: int) -> bool:
        """Whether there are such weights, or the steps do not suffice to tell.

        `open_`: records of which it is open whether the value is 0. `free`: those at which it need not be; `budget`: at
        how many more persons.
        """
        self._left -= 1
        if self._left < 0:
            return True
        equations = dict(equations)
        classes = _settle(equations, open_, budget)
        free = [row for row in (_reduce(equations, row) for row in free) if row]
        if not classes:
            return bool(free)
        (row, count), *others = classes
        if self.finds(equations, others, [*free, row], budget - count):
            return True
        _add(equations, row)
        return self.finds(equations, others, free, budget)


def _settle(equations: _Equations, open_: Sequence[_Class], budget: int) -> list[_Class]:
    """The classes of which it is open whether they are 0. What is of more persons than `budget` becomes an equation."""
    while True:
        merged: dict[tuple[tuple[int, Fraction], ...], int] = {}
        for row, count in open_:
            if reduced := _reduce(equations, row):
                key = tuple(sorted(_normalise(reduced).items()))
                merged[key] = merged.get(key, 0) + count
        classes = [(dict(key), count) for key, count in merged.items()]
        heavy = [row for row, count in classes if count > budget]
        if not heavy:
            return classes
        for row in heavy:
            _add(equations, row)
        open_ = [each for each in classes if each[1] <= budget]


def _add(equations: _Equations, row: _Row) -> None:
    """One more equation, where it does not follow from those that there are."""
    if reduced := _reduce(equations, row):
        equations[min(reduced)] = _normalise(reduced)


def _normalise(row: _Row) -> _Row:
    first = row[min(row)]
    return row if first == 1 else {block: factor / first for block, factor in row.items()}


def _reduce(equations: _Equations, row: _Row) -> _Row:
    """The row without the blocks that the equations express by others; empty: its value is 0."""
    left, done = dict(row), -1
    while (block := _first_of(left, done, equations)) is not None:
        factor, done = left[block], block
        for other, times in equations[block].items():
            rest = left.get(other, Fraction(0)) - factor * times
            if rest:
                left[other] = rest
            else:
                left.pop(other, None)
    return left


def _first_of(row: Iterable[int], after: int, equations: _Equations) -> int | None:
    return min((block for block in row if block > after and block in equations), default=None)
