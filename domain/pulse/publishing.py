"""Which sums of a closed wave may be known: five answers behind each, and five persons behind every combination.

Pure. A wave's persons stand in *cells*, each in one; a *block* is what is published as one sum, so blocks of one wave
have no person in common, and every answerable question is a sum of whole blocks. Within a wave any difference of such
sums is a sum of blocks again: five answers and more. Of several waves a reader can combine sums with whatever weights,
which says something about few persons if all others have answered as before: `domain.pulse.combinations` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import islice
from uuid import UUID

from domain.pulse.combinations import MIN_PERSONS, Blocks, Records

#: One cell in so many is done without at a time.
_CELLS_A_STEP = 16


def assign_cells(teams_of: Mapping[UUID, Collection[UUID]], *, team: UUID | None) -> dict[UUID, UUID | None]:
    """Person -> the team in whose cell they stand, None for the cell of all others; who is missing stands in none.

    Of a wave of one team (`team`) that is the only cell. Else each person stands in the first of their teams by id;
    teams of fewer than five stand together with those without a team. A cell of fewer than five is none.
    """
    if team is not None:
        cells: dict[UUID, UUID | None] = {person: team for person, teams in teams_of.items() if team in teams}
    else:
        cells = {person: min(teams, default=None, key=lambda each: each.int) for person, teams in teams_of.items()}
        sizes = Counter(cells.values())
        cells = {person: cell if sizes[cell] >= MIN_PERSONS else None for person, cell in cells.items()}
    sizes = Counter(cells.values())
    return {person: cell for person, cell in cells.items() if sizes[cell] >= MIN_PERSONS}


def select_blocks(
    cells: Mapping[UUID, UUID], answers: Mapping[UUID, int], earlier: Sequence[Blocks], rest: UUID
) -> dict[UUID, UUID]:
    """Cell -> the block that its answers are published in; a cell that is missing is not published.

    `cells`: person -> cell. `answers`: how many each cell gave. `earlier`: the published blocks of waves before. Cells
    that cannot be shown by themselves are one block, `rest`, where that can be shown; else their answers are not.
    """
    alone = sorted((cell for cell, n in answers.items() if n >= MIN_PERSONS), key=lambda c: (answers[c], c.int))
    records = Records(earlier, cells)
    while True:
        for blocks in (_with_rest(alone, answers, rest), {cell: cell for cell in alone}):
            if not records.isolate_few(blocks):
                return blocks
        if not alone:
            # What is out already says too much together: nothing is added to it.
            return {}
        changed = _find_changed(alone, cells, earlier)
        alone = [cell for cell in alone if cell not in changed]


def _find_changed(alone: Sequence[UUID], cells: Mapping[UUID, UUID], earlier: Sequence[Blocks]) -> list[UUID]:
    """Cells to do without: the smallest of those that a few persons joined or left, else the smallest.

    Of many cells several at once, so that many waves of a large organisation are decided within seconds.
    """
    inside: dict[UUID, list[UUID]] = {cell: [] for cell in alone}
    for person, cell in cells.items():
        if cell in inside:
            inside[cell].append(person)
    sizes = [Counter(before.values()) for before in earlier]
    found = (cell for cell, persons in inside.items() if _is_changed(persons, earlier, sizes))
    return list(islice(found, max(1, len(alone) // _CELLS_A_STEP))) or [alone[0]]


def _is_changed(persons: Sequence[UUID], earlier: Sequence[Blocks], sizes: Sequence[Counter[Hashable]]) -> bool:
    records = Counter(tuple(before.get(person) for before in earlier) for person in persons)
    if any(n < MIN_PERSONS for n in records.values()):
        return True
    for before, whole in zip(earlier, sizes, strict=True):
        parts = Counter(before[person] for person in persons if person in before)
        if any(0 < whole[block] - n < MIN_PERSONS for block, n in parts.items()):
            return True
    return False


def _with_rest(alone: Collection[UUID], answers: Mapping[UUID, int], rest: UUID) -> dict[UUID, UUID]:
    others = [cell for cell, n in answers.items() if cell not in alone and n]
    together = dict.fromkeys(others, rest) if sum(answers[c] for c in others) >= MIN_PERSONS else {}
    return {cell: cell for cell in alone} | together
