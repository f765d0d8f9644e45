"""Figures of tensions at many times from facts that are read once: the same as from what is read at each time alone."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import msgspec
import pytest

from domain.goal.acts import CheckIn, NeedInput, TakeBackStatement
from domain.goal.state import PROMISED_STATES
from domain.member.member import DeclareAbsence, TakeBackFact
from projections.database.database import Database
from projections.figures import ReportScope
from projections.goals import promises_at
from projections.tensions.figures import TensionContext, at_end_of, load_figures, load_organisation
from projections.tensions.past import PastFacts
from projections.tensions.rules import RULES, bare
from tests.projections import random_support_histories
from tests.projections.overload_stories import promise_goal
from tests.projections.test_overload_rewound import chain_story, follow, random_story
from tests.story import Story

NAMES = sorted({name for rule in RULES.values() for name in rule.figures})
SCOPE = ReportScope(window=21, default_days=21)


def support_story(seed: int) -> Story:
    """Needs, answers, pauses, absences and silences; a good part of it is recorded late."""
    chance = random.Random(seed)
    hours, late = (0, 1, 20, 60, 200), (0, 0, 0, 30, 300)
    draws = [
        (chance.randrange(17), chance.randrange(2), chance.randrange(12), chance.choice(hours), chance.choice(late))
        for _ in range(60)
    ]
    return random_support_histories.story_of(draws)


def absence_story(_seed: int) -> Story:
    """Needs that wait for one who becomes absent, whose own goal is not spoken of either."""
    story = Story(begins="2026-01-05")
    for name in ("one", "two"):
        promise_goal(story, name, "2026-01-06", due=date(2026, 9, 30))
    for day in (13, 20):
        need = NeedInput(text="a hand", answer_by=date(2026, 1, day + 5))
        story.says("ana", CheckIn(note="so", needs=[need]), on="one", at=f"2026-01-{day}")
    for who in ("ana", "sam"):
        story.says(who, DeclareAbsence(from_=date(2026, 1, 22), to=date(2026, 1, 30)), at="2026-01-21")
    story.says("ana", CheckIn(note="back"), on="two", at="2026-03-20")
    return story


def taken_back_story(_seed: int) -> Story:
    """A need whose check-in is taken back, and an absence of the one who is asked, taken back as well."""
    story = Story(begins="2026-01-05")
    for name in ("one", "two"):
        promise_goal(story, name, "2026-01-06", due=date(2026, 9, 30))
    need = NeedInput(text="a hand", answer_by=date(2026, 1, 16))
    [asked] = story.says("ana", CheckIn(note="so", needs=[need]), on="one", at="2026-01-13")
    for who in ("ana", "sam"):
        away = DeclareAbsence(from_=date(2026, 1, 15), to=date(2026, 3, 6))
        [declared] = story.says(who, away, at="2026-01-14")
        story.says(who, TakeBackFact(corrects=str(declared.event_id)), at="2026-02-05")
    story.says("ana", TakeBackStatement(corrects=str(asked.event_id)), on="one", at="2026-02-20")
    story.says("ana", CheckIn(note="on"), on="two", at="2026-03-20")
    return story


@pytest.mark.parametrize("build", [chain_story, random_story, support_story, absence_story, taken_back_story])
@pytest.mark.parametrize("team", [None, "core"])
def test_figures_of_earlier_days_are_those_of_facts_that_are_read_for_each_of_them(
    database_url: str, build: Callable[[int], Story], team: str | None
) -> None:
    # given what was promised and asked, and recorded late
    database, story = Database.open(database_url), build(1)
    now = follow(database, story)
    organisation = load_organisation(database, now)
    scope = SCOPE if team is None else msgspec.structs.replace(SCOPE, team=story.id(team, "team"))
    ends = [at_end_of(now.today - timedelta(days=days), now, organisation) for days in range(1, 160, 3)]

    # when all days are read at once
    past, found = PastFacts(database, scope, ends), defaultdict[str, set[bytes]](set)
    for end in ends:
        at = TensionContext(database=database, as_of=end, scope=scope, organisation=organisation)
        together = msgspec.structs.replace(at, past=past)

        # then
        assert promises_at(database, end, team=scope.team, states=PROMISED_STATES) == together.promises
        for name in NAMES:
            alone, once = (
                {figure.name: figure for figure in map(bare, load_figures(context, {name}))}[name]
                for context in (at, together)
            )
            assert (end.today, alone) == (end.today, once)
            found[name].add(msgspec.json.encode(once))
    assert len(found["stale_share"]) > 1
    database.close()


def count_open_needs(database_url: str, story: Story, days: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Day -> needs that wait at its end, and those that are late; the days descending."""
    database = Database.open(database_url)
    now = follow(database, story)
    organisation = load_organisation(database, now)
    ends = [at_end_of(date.fromisoformat(day), now, organisation) for day in days]
    past = PastFacts(database, SCOPE, ends)
    found = {str(end.today): past.count_open_needs(end) for end in ends}
    database.close()
    return found


def test_a_need_waits_longer_while_its_helper_is_absent(database_url: str) -> None:
    # given two needs, due on the 18th and the 25th of January; the helper is back on the 4th of February
    expected = {
        "2026-03-01": (2, 2),
        "2026-02-04": (2, 2),
        "2026-02-03": (2, 1),
        "2026-01-26": (2, 1),
        "2026-01-19": (1, 1),
        "2026-01-18": (1, 0),
        "2026-01-12": (0, 0),
    }

    assert expected == count_open_needs(database_url, absence_story(1), expected)


def test_what_was_taken_back_counts_until_then(database_url: str) -> None:
    # given a need of the 13th of January for the 16th, whose helper is absent from the 15th on
    expected = {
        # the check-in is taken back
        "2026-02-20": (0, 0),
        "2026-02-19": (1, 1),
        # the absence is taken back
        "2026-02-05": (1, 1),
        "2026-02-04": (1, 0),
        "2026-01-16": (1, 0),
        "2026-01-12": (0, 0),
    }

    assert expected == count_open_needs(database_url, taken_back_story(1), expected)
