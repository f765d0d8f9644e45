"""Promises that one report reads at several times: the same as those that are read at each time alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.goal.state import PROMISED_STATES
from projections.database.database import Database
from projections.figures import ReportScope
from projections.goals import promises_at
from projections.tensions.figures import at_end_of, load_organisation
from projections.tensions.promises import StandingPromises
from tests.projections.test_overload_rewound import chain_story, follow, random_story
from tests.story import Story


@pytest.mark.parametrize("build", [chain_story, random_story])
@pytest.mark.parametrize("order", [1, -1])
def test_promises_of_earlier_days_are_those_that_are_read_for_each_of_them(
    database_url: str, build: Callable[[int], Story], order: int
) -> None:
    # given what was promised, and recorded late
    database, story = Database.open(database_url), build(1)
    now = follow(database, story)
    organisation = load_organisation(database, now)
    team = story.id("core", "team")
    days = [now, *(at_end_of(now.today - timedelta(days=days), now, organisation) for days in range(1, 300, 4))]

    # when each day is looked at by one reader, backwards and forwards
    found = set[int]()
    for scope in (ReportScope(), ReportScope(team=team)):
        standing = StandingPromises()
        for day in days[::order]:
            promises = standing.load(database, day, scope)

            # then
            assert promises_at(database, day, team=scope.team, states=PROMISED_STATES) == promises
            found.add(len(promises))

    assert 2 < len(found)
    database.close()


def test_a_promise_that_did_not_change_is_read_once(database_url: str) -> None:
    # given
    database, story = Database.open(database_url), chain_story(1)
    now = follow(database, story)
    standing = StandingPromises()

    # when
    first, again = (standing.load(database, now, ReportScope()) for _ in range(2))

    # then
    assert first
    assert [*map(id, first)] == [*map(id, again)]
    database.close()
