"""What the views make of corrected statements about goals, on both databases, in whatever order it is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.goal import acts as a
from domain.terms import MeasureInput
from projections.database.database import Database
from projections.figures import WHOLE_ORGANISATION
from projections.overload.queries import OverloadFacts
from projections.support.queries import SupportFacts
from tests.projections.conftest import ProjectStory
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import offer
from tests.story import Story, instant

_BEGIN, _LEARNT = instant("2026-02-02"), instant("2026-06-01")
_MEASURE = MeasureInput(kind="number", baseline=0, target=100)


def promised() -> Story:
    story = Story()
    story.says("ana", offer(measure=_MEASURE, due=date(2026, 12, 18)), at="2026-01-20")
    story.says("sam", a.Accept(), at="2026-01-21")
    return story


def say(story: Story, act: Any, at: str, by: str = "ana") -> str:
    return str(story.says(by, act, at=at)[-1].event_id)


def test_a_corrected_reading_counts_on_the_day_of_the_first_and_one_that_was_taken_back_not_at_all(
    database: Database, project: ProjectStory
) -> None:
    story = promised()
    say(story, a.RecordValue(value=10), "2026-02-02")
    slip = say(story, a.RecordValue(value=4000), "2026-02-03")
    gone = say(story, a.CheckIn(value=70), "2026-02-04")
    last = say(story, a.RecordValue(value=40, corrects=slip), "2026-02-05")
    say(story, a.TakeBackStatement(corrects=gone), "2026-02-05")

    facts = OverloadFacts(database, project(story), WHOLE_ORGANISATION)

    readings = facts.load_readings([story.id("goal", "goal")])[story.id("goal", "goal")]
    assert [("2026-02-02", 10), ("2026-02-03", 40)] == [(str(reading.day), int(reading.value)) for reading in readings]
    assert last == str(readings[-1].event)


def test_a_need_of_a_check_in_that_was_taken_back_asks_nobody(database: Database, project: ProjectStory) -> None:
    story = promised()
    gone = say(story, a.CheckIn(needs=[a.NeedInput(text="a review", addressee="lea")]), "2026-02-04")
    say(story, a.CheckIn(needs=[a.NeedInput(text="a room", addressee="lea")]), "2026-02-05")
    say(story, a.TakeBackStatement(corrects=gone), "2026-02-06")

    before = SupportFacts(database, project(story, date(2026, 2, 5)), WHOLE_ORGANISATION)
    after = SupportFacts(database, project(story, date(2026, 2, 6)), WHOLE_ORGANISATION)

    assert (2, 1) == (len(before.needs), len(after.needs))


draws = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 2000)), min_size=1, max_size=70)


def act_of_kind(kind: int, detail: int, corrects: str) -> a.GoalAct:
    share = detail / 10
    blockers = [a.BlockerInput(text="stuck")] * (detail % 2)
    table: tuple[a.GoalAct, ...] = (
        a.CheckIn(note="so", progress=share, blockers=blockers),
        a.CheckIn(note="so", confidence=share, value=detail if detail % 2 else None),
        a.RecordValue(value=detail),
        a.CheckIn(note="meant", progress=share if detail % 2 else None, confidence=share, corrects=corrects),
        a.RecordValue(value=detail, corrects=corrects),
        a.TakeBackStatement(corrects=corrects),
    )
    return table[kind]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draws)
def test_statements_about_a_goal_come_to_one_state_in_whatever_order_they_are_told_and_corrected(
    database: Database, drawn: list[tuple[int, int, int]]
) -> None:
    story = promised()
    for number, (kind, detail, hour) in enumerate(drawn):
        earlier = [str(event.event_id) for event in story.stream()]
        act = act_of_kind(kind, detail, earlier[-1 - detail % len(earlier)])
        with suppress(Refusal):
            story.says("ana", act, at=_BEGIN + timedelta(hours=hour), learnt=_LEARNT + timedelta(hours=number))
    engine = engine_with_empty_views(database, story)
    engine.catch_up()

    assert [] == engine.verify()
