"""Sets of persons in, the rule against a figure out."""

from __future__ import annotations

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.privacy import MIN_GROUP_SIZE, WithheldBy, contributions, find_rule_against, select_groups

ALPHA, BETA = UUID(int=101), UUID(int=102)
NOBODY: frozenset[UUID] = frozenset()


def people(first: int, count: int) -> frozenset[UUID]:
    return frozenset(UUID(int=n) for n in range(first, first + count))


@pytest.mark.parametrize(("behind", "rule"), [(0, None), (1, "small_group"), (4, "small_group"), (5, None), (6, None)])
def test_nobody_or_five_are_behind_a_figure_that_is_shown(behind: int, rule: str | None) -> None:
    parts = (contributions((ALPHA, person) for person in people(1, behind)),)

    assert rule == find_rule_against(parts, subtracted=NOBODY, seen=NOBODY)


def test_each_count_of_a_figure_is_of_enough_people() -> None:
    parts = (contributions((None, p) for p in people(1, 9)), contributions((None, p) for p in people(1, 2)))

    assert WithheldBy.SMALL_GROUP == find_rule_against(parts, subtracted=NOBODY, seen=NOBODY)


def test_what_two_teams_leave_of_the_organisation_is_not_two_people() -> None:
    # given fifteen: seven in one team, six in another, two in neither
    alpha, beta, rest = people(1, 7), people(8, 6), people(14, 2)
    parts = (contributions([*((ALPHA, p) for p in alpha), *((BETA, p) for p in beta), *((None, p) for p in rest)]),)

    # then either team leaves enough, and both do not
    for subtracted, rule in (({ALPHA}, None), ({BETA}, None), ({ALPHA, BETA}, WithheldBy.SMALL_COMPLEMENT)):
        assert rule == find_rule_against(parts, subtracted=frozenset(subtracted), seen=NOBODY)


def test_persons_who_are_seen_hide_nobody() -> None:
    parts = (contributions((None, p) for p in people(1, 6)),)

    assert WithheldBy.SMALL_GROUP == find_rule_against(parts, subtracted=NOBODY, seen=people(1, 4))
    assert find_rule_against(parts, subtracted=NOBODY, seen=people(1, 6)) is None


def test_a_team_within_a_team_is_not_shown_beside_it() -> None:
    asked = [(None, people(1, 20)), (ALPHA, people(1, 8)), (BETA, people(1, 7))]

    assert {None: None, ALPHA: None, BETA: WithheldBy.SMALL_COMPLEMENT} == select_groups(asked)


groups = st.lists(st.frozensets(st.integers(1, 14).map(lambda n: UUID(int=n)), max_size=14), min_size=1, max_size=5)


@given(groups)
def test_no_sum_or_difference_of_the_groups_shown_is_about_few(drawn: list[frozenset[UUID]]) -> None:
    asked = [(UUID(int=200 + n), group) for n, group in enumerate(drawn)]

    shown = [group for name, group in asked if select_groups(asked)[name] is None]

    for weights in product((-1, 0, 1), repeat=len(shown)):
        weighed = [
            person
            for person in people(1, 14)
            if sum(w for w, group in zip(weights, shown, strict=True) if person in group)
        ]
        assert not weighed or len(weighed) >= MIN_GROUP_SIZE


pairs = st.tuples(st.sampled_from([ALPHA, BETA, UUID(int=103), None]), st.integers(1, 12).map(lambda n: UUID(int=n)))


@given(
    st.frozensets(pairs, max_size=30),
    st.frozensets(st.sampled_from([ALPHA, BETA, UUID(int=103)])),
    st.frozensets(st.integers(1, 12).map(lambda n: UUID(int=n)), max_size=4),
)
def test_whatever_teams_are_taken_from_an_organisations_figure_leave_nobody_or_five(
    behind: frozenset[tuple[UUID | None, UUID]], own: frozenset[UUID], seen: frozenset[UUID]
) -> None:
    def is_shown(team: UUID) -> bool:
        of_team = frozenset(pair for pair in behind if pair[0] == team)
        return find_rule_against((of_team,), subtracted=NOBODY, seen=seen) is None

    if find_rule_against((behind,), subtracted=own, seen=seen) is not None:
        return
    answered = sorted(filter(is_shown, own))
    for taken in product((False, True), repeat=len(answered)):
        without = {team for team, is_taken in zip(answered, taken, strict=True) if is_taken}
        rest = {person for team, person in behind if team not in without} - seen
        assert not rest or len(rest) >= MIN_GROUP_SIZE
