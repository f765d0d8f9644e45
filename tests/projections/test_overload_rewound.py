"""The same additions read once for many times, and no further back than they reach: the answers stay the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.errors import Refusal
from domain.goal.acts import TradeOffInput
from domain.member.member import DeclareCapacity
from domain.organisation.organisation import SetPolicy
from projections.as_of import AsOf, resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.figures import GroupFigure, ReportScope
from projections.overload import queries
from projections.overload import report as overload_report
from projections.overload.additions import AdditionAnalysis
from projections.overload.queries import OverloadFacts
from projections.overload.rewound import RewoundFacts
from projections.tensions.figures import at_end_of, load_organisation
from projections.tensions.past import read_overload
from tests.projections.overload_stories import cancel_goal, promise_goal, trade_offs_for
from tests.projections.random_histories import story_of
from tests.story import Story

SCOPE = ReportScope(window=21, default_days=21, explain=True)
STEWARD = frozenset({"steward"})


def chain_story(seed: int) -> Story:
    """Five months in which Ana takes something on every five days, and something gives way in between.

    Each is near the next, so that all of it hangs together. A third states no effort, and what others state grows, so
    that the median that it is taken for changes.
    """
    chance, story = random.Random(seed), Story(begins="2026-01-05")
    story.says("ana", DeclareCapacity(hours_per_week=30, from_=date(2026, 1, 5)), at="2026-01-05", roles=STEWARD)
    for number in range(30):
        day = date(2026, 1, 5) + timedelta(days=5 * number)
        effort = None if number % 3 == 2 else 10 + 2 * number
        due = day + timedelta(days=chance.randrange(10, 60))
        promise_goal(story, f"goal-{number}", day.isoformat(), effort_hours=effort, start=day, due=due)
        if number % 2:
            with suppress(Refusal):
                cancel_goal(story, f"goal-{number - 1}", (day + timedelta(days=2)).isoformat())
    return story


def random_story(seed: int) -> Story:
    """Some months of acts of all kinds, of declared capacities and policies, some of it recorded late."""
    chance = random.Random(seed)
    hours, late = (20, 70, 200, 400), (0, 0, 0, 9, 30)
    draws = [
        (chance.randrange(1, 38), chance.randrange(3), chance.randrange(12), chance.choice(hours), chance.choice(late))
        for _ in range(50)
    ]
    return story_of(draws)


def follow(database: Database, story: Story) -> AsOf:
    Engine(story, database, PROJECTIONS).catch_up()
    return resolve_as_of(database, story, story.organisation_id, now=story.now)


def compute_shares(evidence: OverloadFacts) -> list[Any]:
    """The figures, who is behind each of their counts, and what they are made of."""
    found: list[GroupFigure] = list(overload_report.build_share_figures(evidence))
    entries = AdditionAnalysis(evidence, undone=False).build_addition_entries()
    figures = [(msgspec.json.encode(figure.figure), [set(part) for part in figure.behind]) for figure in found]
    return [figures, entries]


def compare_every_week(database: Database, now: AsOf, scope: ReportScope = SCOPE) -> None:
    organisation = load_organisation(database, now)
    evidence = read_overload(database, now, scope, 84)
    for days in range(0, 84, 6):
        then = at_end_of(now.today - timedelta(days=days), now, organisation) if days else now
        afresh = compute_shares(OverloadFacts(database, then, scope))
        assert (days, afresh) == (days, compute_shares(RewoundFacts(evidence, then)))


@pytest.mark.parametrize("build", [chain_story, random_story])
def test_shares_of_earlier_weeks_are_those_of_facts_that_are_read_for_each_of_them(
    database_url: str, build: Callable[[int], Story]
) -> None:
    database, story = Database.open(database_url), build(1)
    now = follow(database, story)

    compare_every_week(database, now)
    compare_every_week(database, now, msgspec.structs.replace(SCOPE, team=story.id("core", "team")))

    database.close()


def test_capacity_that_was_corrected_later_frees_before_that_what_had_been_declared(database_url: str) -> None:
    # given hours that were declared for a promise, corrected three weeks on, and a policy that changed between
    story = Story(begins="2026-01-05")
    promise_goal(story, "old", "2026-01-06", effort_hours=400, due=date(2026, 3, 27))
    promise_goal(story, "new", "2026-02-02", effort_hours=60, due=date(2026, 3, 13))
    more = story.says("ana", DeclareCapacity(hours_per_week=60, from_=date(2026, 2, 3)), at="2026-02-03")[-1]
    policy = {"load_amber": "0.6"}
    story.says("stella", SetPolicy(policy=policy), at="2026-02-10", roles=STEWARD)
    correction = DeclareCapacity(hours_per_week=20, from_=date(2026, 2, 3), corrects=str(more.event_id))
    story.says("ana", correction, at="2026-02-24")
    database = Database.open(database_url)

    # then each week is as it was seen then
    compare_every_week(database, follow(database, story))

    database.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_whole_organisations_additions_are_followed_as_far_back_as_chains_lead(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # given little that is read besides the window
    database, story = Database.open(sqlite_url), chain_story(seed)
    now = follow(database, story)
    scope = ReportScope(window=3, default_days=3, explain=True)
    monkeypatch.setattr(queries, "_CHAIN_DAYS", 0)
    cut: list[set[UUID]] = []
    find = OverloadFacts.find_cut_owners

    def noting(facts: OverloadFacts, acts: Any) -> set[UUID]:
        cut.append(find(facts, acts))
        return cut[-1]

    monkeypatch.setattr(OverloadFacts, "find_cut_owners", noting)
    days = [now, *(at_end_of(now.today - timedelta(days=n), now, load_organisation(database, now)) for n in (9, 23))]
    found = [msgspec.json.encode(overload_report.build_report(database, day, scope)) for day in days]

    # when all is read from the beginning
    monkeypatch.setattr(OverloadFacts, "_find_horizon", lambda _facts, _reach: None)

    # then the reports are the same, though chains led further back than what was read at first
    assert any(cut)
    assert [msgspec.json.encode(overload_report.build_report(database, day, scope)) for day in days] == found
    database.close()


def test_a_trade_off_pays_first_for_the_old_addition_that_it_names(sqlite_url: str) -> None:
    # given a promise of last year for which a goal is cancelled this week, which a new promise names too
    story, due = Story(begins="2025-01-06"), date(2026, 12, 18)
    promise_goal(story, "old", "2025-01-07", effort_hours=200, due=due)
    promise_goal(story, "gone", "2025-01-08", effort_hours=100, due=due)
    named = {"trade_offs": [TradeOffInput(kind="drop", goal="gone")]}
    promise_goal(story, "new", "2026-03-02", effort_hours=150, due=due, said=named)
    cancel_goal(story, "gone", "2026-03-03", trade_offs=trade_offs_for("old", "drop"))
    database = Database.open(sqlite_url)

    report = overload_report.build_report(database, follow(database, story))

    # then its hours are the old one's, though that is not of the window
    (new,) = report.additions
    assert (story.id("new", "goal"), [0.0]) == (new.goal, [given.hours for given in new.trade_offs])
    database.close()
