"""Which sums of a closed wave may be known: five answers behind each, and five persons behind every difference.

Pure. A wave's persons stand in *cells*, each in one; a *block* is what is published as one sum, so blocks of one wave
have no person in common, and every answerable question is a sum of whole blocks. Within a wave any difference of such
sums is a sum of blocks again: five answers and more. Between two waves a reader can subtract one wave's sums from the
other's, which says something about few persons if all others have answered as before. Give each block a weight, the
same persons' block in the other wave being subtracted: what is left is about the persons whose two blocks have
different weights, which is a cut in the graph whose nodes are the blocks (and one for persons who stand in none) and
whose edges are the persons. So no difference is about one to four persons exactly if no cut has one to four edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

#: Fewer than this behind a sum, or behind a difference of sums, could be told apart.
MIN_PERSONS = 5
#: Nodes of a graph that is looked through for its smallest cut; one that is larger counts as having a small one.
_MAX_NODES = 80

Block = TypeVar("Block", bound=Hashable)
#: Person -> the block in which they were counted; a person without an entry was counted in none.
Blocks = Mapping[UUID, Hashable]


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
    while True:
        for blocks in (_with_rest(alone, answers, rest), {cell: cell for cell in alone}):
            if all(is_safe(_persons(cells, blocks), before) for before in earlier):
                return blocks
        alone.remove(_find_changed(alone, cells, earlier))


def _find_changed(alone: Sequence[UUID], cells: Mapping[UUID, UUID], earlier: Sequence[Blocks]) -> UUID:
    """The cell to do without: the smallest of those that a few persons joined or left, else the smallest."""
    for cell in alone:
        persons = {person for person, of in cells.items() if of == cell}
        for before in earlier:
            parts = Counter(before.get(person) for person in persons)
            whole = Counter(block for block in before.values() if block in parts)
            moved = [*parts.values(), *(whole[block] - parts[block] for block in whole)]
            if any(0 < n < MIN_PERSONS for n in moved):
                return cell
    return alone[0]


def _with_rest(alone: Collection[UUID], answers: Mapping[UUID, int], rest: UUID) -> dict[UUID, UUID]:
    others = [cell for cell, n in answers.items() if cell not in alone and n]
    together = dict.fromkeys(others, rest) if sum(answers[c] for c in others) >= MIN_PERSONS else {}
    return {cell: cell for cell in alone} | together


def _persons(cells: Mapping[UUID, UUID], blocks: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    return {person: blocks[cell] for person, cell in cells.items() if cell in blocks}


def is_safe(now: Blocks, before: Blocks) -> bool:
    """Whether no difference of sums of two waves is about one to four persons."""
    edges: Counter[tuple[Hashable, Hashable]] = Counter()
    for person in {*now, *before}:
        ends = (
            ("now", now[person]) if person in now else None,
            ("before", before[person]) if person in before else None,
        )
        edges[ends] += 1
    return not _has_small_cut(edges)


def _has_small_cut(edges: Mapping[tuple[Hashable, Hashable], int]) -> bool:
    """Whether removing one to four edges parts what is connected."""
    graph = _contract(edges)
    for component in _components(graph):
        if len(component) > _MAX_NODES or _smallest_cut(graph, component) < MIN_PERSONS:
            return True
    return False


_Graph = dict[Hashable, dict[Hashable, int]]


def _contract(edges: Mapping[tuple[Hashable, Hashable], int]) -> _Graph:
    """The graph with nodes made one that five edges and more connect: no small cut parts them."""
    graph: _Graph = {}
    for (one, other), count in edges.items():
        graph.setdefault(one, {})
        graph.setdefault(other, {})
        if one != other:
            graph[one][other] = graph[other][one] = graph[one].get(other, 0) + count
    heavy = [(one, other) for one, others in graph.items() for other, n in others.items() if n >= MIN_PERSONS]
    while heavy:
        one, other = heavy.pop()
        if one not in graph or other not in graph[one]:
            continue
        for third, count in graph.pop(other).items():
            del graph[third][other]
            if third != one:
                joined = graph[one].get(third, 0) + count
                graph[one][third] = graph[third][one] = joined
                if joined >= MIN_PERSONS:
                    heavy.append((one, third))
    return graph


def _components(graph: _Graph) -> Iterable[list[Hashable]]:
    """The connected parts of more than one node."""
    unseen = dict.fromkeys(graph)
    while unseen:
        waiting, found = [unseen.popitem()[0]], []
        while waiting:
            node = waiting.pop()
            found.append(node)
            near = [other for other in graph[node] if other in unseen]
            for other in near:
                del unseen[other]
            waiting += near
        if len(found) > 1:
            yield found


def _smallest_cut(graph: _Graph, component: Sequence[Hashable]) -> int:
    """The weight of the smallest cut of a connected graph (Stoer and Wagner, 1997)."""
    weights = {node: dict(graph[node]) for node in component}
    best = sum(sum(others.values()) for others in weights.values())
    while len(weights) > 1:
        first = next(iter(weights))
        added, reach = [first], dict(weights[first])
        while len(added) < len(weights):
            node = max((n for n in weights if n not in added), key=lambda n: reach.get(n, 0))
            added.append(node)
            if len(added) < len(weights):
                for other, count in weights[node].items():
                    reach[other] = reach.get(other, 0) + count
        last, before = added[-1], added[-2]
        best = min(best, sum(weights[last].values()))
        for other, count in weights.pop(last).items():
            del weights[other][last]
            if other != before:
                weights[before][other] = weights[other][before] = weights[before].get(other, 0) + count
    return best
