"""Which sums of a wave may be known: nobody finds one to four persons by taking sums from one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pulse.combinations import MIN_PERSONS, Blocks, Records
from domain.pulse.publishing import assign_cells, select_blocks

REST = UUID(int=0)
TEAMS = [UUID(int=10**6 + n) for n in range(3)]


def persons(first: int, count: int) -> list[UUID]:
    return [UUID(int=n) for n in range(first, first + count)]


def wave(*groups: tuple[int, int]) -> dict[UUID, UUID]:
    """Person -> cell: of each group its first person and how many."""
    return {person: TEAMS[place] for place, (first, count) in enumerate(groups) for person in persons(first, count)}


def select(cells: Mapping[UUID, UUID], answers: list[int], *earlier: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    return select_blocks(cells, dict(zip(TEAMS, answers, strict=False)), earlier, REST)


def find_isolated(*waves: Mapping[UUID, UUID]) -> set[int]:
    """How many persons each combination of sums (weights -1, 0, 1) is about, if each answers the same each time."""
    sums = [(number, block) for number, blocks in enumerate(waves) for block in sorted(set(blocks.values()))]
    everybody = {person for blocks in waves for person in blocks}
    found = set()
    for weights in product((-1, 0, 1), repeat=len(sums)):
        weight = dict(zip(sums, weights, strict=True))
        about = [
            person
            for person in everybody
            if sum(weight[number, blocks[person]] for number, blocks in enumerate(waves) if person in blocks)
        ]
        found.add(len(about))
    return found


def publish(cells: Mapping[UUID, UUID], blocks: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    return {person: blocks[cell] for person, cell in cells.items() if cell in blocks}


# --- one wave --------------------------------------------------------------------------------------------------------


def test_a_cell_of_four_answers_is_not_shown() -> None:
    assert {} == select(wave((1, 8)), [4])
    assert {TEAMS[0]: TEAMS[0]} == select(wave((1, 8)), [5])


def test_small_cells_are_shown_together_where_they_are_five() -> None:
    cells = wave((1, 8), (11, 8), (21, 8))

    assert {TEAMS[0]: TEAMS[0], TEAMS[1]: REST, TEAMS[2]: REST} == select(cells, [6, 3, 2])
    assert {TEAMS[0]: TEAMS[0]} == select(cells, [6, 3, 1])


def test_a_team_of_four_stands_with_those_without_a_team() -> None:
    teams = {person: [TEAMS[0]] for person in persons(1, 6)} | {person: [TEAMS[1]] for person in persons(11, 4)}

    cells = assign_cells({**teams, UUID(int=50): []}, team=None)

    assert {TEAMS[0]: 6, None: 5} == {cell: list(cells.values()).count(cell) for cell in set(cells.values())}


def test_four_without_a_team_are_not_asked() -> None:
    teams = {person: [TEAMS[0]] for person in persons(1, 6)} | {person: [] for person in persons(11, 4)}

    assert set(persons(1, 6)) == assign_cells(teams, team=None).keys()
    assert {} == assign_cells({person: [TEAMS[0]] for person in persons(1, 4)}, team=TEAMS[0])


def test_who_is_in_two_teams_is_counted_once() -> None:
    teams = {person: [TEAMS[1], TEAMS[0]] for person in persons(1, 5)} | {p: [TEAMS[1]] for p in persons(6, 5)}

    cells = assign_cells(teams, team=None)

    assert {TEAMS[0]: 5, TEAMS[1]: 5} == {team: list(cells.values()).count(team) for team in TEAMS[:2]}


# --- two waves -------------------------------------------------------------------------------------------------------


def test_a_team_that_one_has_left_is_not_shown_again() -> None:
    before = publish(wave((1, 8), (11, 8)), {TEAMS[0]: TEAMS[0], TEAMS[1]: TEAMS[1]})

    assert {TEAMS[1]: TEAMS[1]} == select(wave((1, 7), (11, 8)), [7, 8], before)


def test_groups_whose_difference_is_four_are_not_both_shown() -> None:
    before = publish(wave((1, 12)), {TEAMS[0]: TEAMS[0]})

    assert {} == select(wave((1, 8)), [8], before)
    assert {TEAMS[0]: TEAMS[0]} == select(wave((1, 7)), [7], before)


def test_the_same_persons_may_be_asked_again() -> None:
    cells = wave((1, 6), (11, 7), (21, 9))
    before = publish(cells, {team: team for team in TEAMS})

    assert {team: team for team in TEAMS} == select(cells, [5, 6, 9], before)


def test_one_who_moves_hides_both_teams_or_neither() -> None:
    before = publish(wave((1, 6), (11, 6)), {TEAMS[0]: TEAMS[0], TEAMS[1]: TEAMS[1]})
    now = {**wave((1, 6), (11, 6)), UUID(int=1): TEAMS[1]}

    blocks = select(now, [5, 6], before)

    assert {0, *range(MIN_PERSONS, 99)} >= find_isolated(before, publish(now, blocks))


@st.composite
def two_waves(draw: st.DrawFn) -> tuple[dict[UUID, UUID], list[int], dict[UUID, UUID], list[int]]:
    """Persons of three cells, some of whom joined, left or moved, and how many of each answered."""
    sizes = draw(st.lists(st.integers(0, 9), min_size=3, max_size=3))
    first = {person: TEAMS[n] for n, size in enumerate(sizes) for person in persons(100 * n + 1, size)}
    second = dict(first)
    for person in draw(st.lists(st.sampled_from(sorted(first)), unique=True, max_size=12)) if first else ():
        where = draw(st.sampled_from([None, *TEAMS]))
        second.pop(person)
        if where is not None:
            second[person] = where
    for n in range(draw(st.integers(0, 7))):
        second[UUID(int=900 + n)] = draw(st.sampled_from(TEAMS))

    def count(cells: Mapping[UUID, UUID]) -> list[int]:
        return [draw(st.integers(0, list(cells.values()).count(team))) for team in TEAMS]

    return first, count(first), second, count(second)


@given(two_waves())
def test_no_sums_of_consecutive_waves_isolate_one_to_four(
    drawn: tuple[dict[UUID, UUID], list[int], dict[UUID, UUID], list[int]],
) -> None:
    first, gave, second, gave_then = drawn
    before = publish(first, select(first, gave))

    after = publish(second, select(second, gave_then, before))

    assert {0, *range(MIN_PERSONS, 99)} >= find_isolated(before, after)


@given(two_waves())
def test_what_is_withheld_between_waves_would_isolate_somebody(
    drawn: tuple[dict[UUID, UUID], list[int], dict[UUID, UUID], list[int]],
) -> None:
    """The rule is exact: it withholds nothing for which there is no such combination."""
    first, _, second, _ = drawn

    isolates = bool({1, 2, 3, 4} & find_isolated(first, second))

    assert isolates is isolates_few([first, second])


def isolates_few(waves: Sequence[Blocks]) -> bool:
    return Records(waves, {}).isolate_few({})


# --- any number of waves ---------------------------------------------------------------------------------------------

#: A prime: what is dependent over the fractions is so over its field too, and small numbers are no multiples of it.
PRIME = 2**61 - 1


def rank(rows: Iterable[Sequence[int]]) -> int:
    """The rank of a matrix, by elimination."""
    left, found = [list(row) for row in rows], 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left[found:] if row[column] % PRIME), None)
        if pivot is None:
            continue
        left.remove(pivot)
        inverse = pow(pivot[column], -1, PRIME)
        left.insert(found, [value * inverse % PRIME for value in pivot])
        for place in range(found + 1, len(left)):
            factor = left[place][column]
            if factor:
                left[place] = [(a - factor * b) % PRIME for a, b in zip(left[place], left[found], strict=True)]
        found += 1
    return found


def solve_for_few(waves: Sequence[Mapping[UUID, UUID]]) -> set[UUID] | None:
    """One to four persons about whom the waves' sums say something, whatever weights it takes; None: there are none.

    They are such persons exactly if the sums' matrix has a smaller rank without their columns.
    """
    sums = [(number, block) for number, blocks in enumerate(waves) for block in sorted(set(blocks.values()))]
    everybody = sorted({person for blocks in waves for person in blocks})
    columns = {person: tuple(int(waves[n].get(person) == block) for n, block in sums) for person in everybody}
    alike: dict[tuple[int, ...], list[UUID]] = {}
    for person, column in columns.items():
        alike.setdefault(column, []).append(person)
    few = [column for column, persons in alike.items() if len(persons) < MIN_PERSONS]
    whole = rank(alike)
    for size in range(1, MIN_PERSONS):
        for chosen in combinations(few, size):
            persons = {person for column in chosen for person in alike[column]}
            if len(persons) < MIN_PERSONS and rank([c for c in alike if c not in chosen]) < whole:
                return persons
    return None


@st.composite
def many_waves(draw: st.DrawFn) -> list[tuple[dict[UUID, UUID], list[int]]]:
    """Persons of three cells who join, leave and move between three or four waves, and how many of each answered."""
    cells = {person: TEAMS[n] for n in range(3) for person in persons(100 * n + 1, draw(st.integers(4, 12)))}
    waves = []
    for number in range(draw(st.integers(3, 4))):
        movers = draw(st.lists(st.sampled_from(sorted(cells)), unique=True, max_size=5)) if number and cells else []
        # A few by themselves, or six and more together, so that some of it may be shown.
        together = draw(st.booleans())
        goal = draw(st.sampled_from([None, *TEAMS]))
        if together and cells:
            source = draw(st.sampled_from(sorted(set(cells.values()))))
            movers = [person for person, cell in cells.items() if cell == source][: draw(st.integers(5, 8))]
        for person in movers if number else ():
            where = goal if together else draw(st.sampled_from([None, *TEAMS]))
            cells.pop(person)
            if where is not None:
                cells[person] = where
        for extra in range(draw(st.integers(0, 7)) if number and draw(st.booleans()) else 0):
            cells[UUID(int=1000 * number + extra)] = draw(st.sampled_from(TEAMS))
        sizes = [list(cells.values()).count(team) for team in TEAMS]
        waves.append((dict(cells), [draw(st.integers(max(0, size - 3), size)) for size in sizes]))
    return waves


@settings(max_examples=30, deadline=None)
@given(many_waves())
def test_no_combination_of_any_number_of_waves_is_about_one_to_four(
    waves: list[tuple[dict[UUID, UUID], list[int]]],
) -> None:
    published: list[dict[UUID, UUID]] = []

    for cells, answers in waves:
        published.append(publish(cells, select(cells, answers, *published)))

    assert solve_for_few(published) is None


@settings(max_examples=30, deadline=None)
@given(many_waves())
def test_what_is_withheld_of_several_waves_would_say_something_of_few(
    waves: list[tuple[dict[UUID, UUID], list[int]]],
) -> None:
    cells = [of for of, _ in waves]

    assert (solve_for_few(cells) is not None) is isolates_few(cells)


def test_three_waves_of_which_each_two_are_safe_are_not_all_shown() -> None:
    # given: a wave of each of two teams of six, and one in which both stand together with one more
    first, second, third = wave((1, 6)), wave((11, 6)), dict.fromkeys([*persons(1, 6), *persons(11, 7)], TEAMS[2])
    assert not any(map(isolates_few, combinations([first, second, third], 2)))

    assert isolates_few([first, second, third])
    assert {UUID(int=17)} == solve_for_few([first, second, third])
    assert {} == select_blocks(third, {TEAMS[2]: 13}, [first, second], REST)


def test_what_earlier_waves_tell_already_is_not_added_to() -> None:
    told = [publish(wave((1, size)), {TEAMS[0]: TEAMS[0]}) for size in (9, 8)]

    assert {} == select(wave((1, 9), (21, 9)), [9, 9], *told)


@pytest.mark.parametrize("cells", [3, 60])
def test_the_cells_that_one_has_left_are_done_without(cells: int) -> None:
    many = {UUID(int=100 * cell + n + 1): UUID(int=10**9 + cell) for cell in range(cells) for n in range(8)}
    now = {person: cell for person, cell in many.items() if person.int % 800 != 1}
    answers = dict.fromkeys(now.values(), 7)

    blocks = select_blocks(now, answers, [many], REST)

    changed = {cell for person, cell in many.items() if person not in now}
    assert set(many.values()) - changed == {cell for cell, block in blocks.items() if block == cell}
