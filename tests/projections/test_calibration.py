"""Calibration: Brier's score and Murphy's partition over what was stated, on the terms of the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.goal import acts as a
from projections.calibration import Calibration, compute_calibration
from projections.database.database import Database
from projections.figures import Figure
from tests.projections.conftest import ProjectStory
from tests.spec import Story, instant, offer, why

Ask = Callable[..., Calibration]


@pytest.fixture
def ask(database: Database, project: ProjectStory) -> Ask:
    def told(story: Story, as_of: str = "2026-05-01", who: str = "ana", **how: Any) -> Calibration:
        return compute_calibration(database, project(story, date.fromisoformat(as_of)), story.id(who), **how)

    return told


def promise_goal(story: Story, goal: str, confidence: str | None, *, due: date = date(2026, 3, 27)) -> None:
    said = offer(due=due)
    story.says("ana", said, on=goal, at="2026-03-02T09:00")
    story.says("sam", a.Accept(), on=goal, at="2026-03-02T09:00")
    if confidence is not None:
        story.says("ana", a.CheckIn(confidence=confidence), on=goal, at="2026-03-03T09:00")


def end_goal(story: Story, goal: str, *, kept: bool) -> None:
    """Delivered in time and accepted, or revoked."""
    if kept:
        story.says("ana", a.DeclareComplete(), on=goal, at="2026-03-10T09:00")
        story.says("sam", a.DeclareSatisfied(), on=goal, at="2026-03-11T09:00")
    else:
        story.says("ana", a.WithdrawPromise(reason=why()), on=goal, at="2026-03-12T09:00")


def story_with_twenty_cases(story: Story, first: int = 0) -> Story:
    """Ten stated .9, of which eight are kept; ten stated .3 (one of them .32), of which four are."""
    for number in range(first, 20):
        sure = number < 10
        promise_goal(story, f"goal {number}", "0.9" if sure else "0.32" if number == 10 else "0.3")
    for number in range(first, 20):
        end_goal(story, f"goal {number}", kept=number < 8 or 10 <= number < 14)
    return story


def find_figure(told: Calibration, name: str) -> Figure:
    (figure,) = [f for f in told.figures if f.name == f"confidence_{name}"]
    return figure


def test_the_score_and_its_parts_add_up(ask: Ask) -> None:
    told = ask(story_with_twenty_cases(Story()))

    assert [(0.3, 10, 4), (0.9, 10, 8)] == [(t.confidence, t.n, t.kept) for t in told.tenths]
    # 8 x .01 + 2 x .81 of the sure ones, 4 x .49 + 6 x .09 of the others
    assert round((8 * 0.01 + 2 * 0.81 + 4 * 0.49 + 6 * 0.09) / 20, 6) == find_figure(told, "brier").value
    assert 0.01 == find_figure(told, "reliability").value  # (.9 - .8)^2 and (.3 - .4)^2
    assert 0.04 == find_figure(told, "resolution").value  # .8 and .4 around .6
    assert 0.24 == find_figure(told, "uncertainty").value  # .6 x .4
    assert find_figure(told, "brier").value == round(0.01 - 0.04 + 0.24, 6)
    assert {20} == {figure.n for figure in told.figures}


def test_nineteen_cases_say_nothing_about_anybody(ask: Ask) -> None:
    told = ask(story_with_twenty_cases(Story(), first=1))

    assert {(19, None, "too_few")} == {(figure.n, figure.value, figure.status) for figure in told.figures}
    assert [] == told.tenths


def test_before_the_promises_ended_there_was_no_case(ask: Ask) -> None:
    story = story_with_twenty_cases(Story())

    assert 0 == find_figure(ask(story, "2026-03-09"), "brier").n
    assert 12 == find_figure(ask(story, "2026-03-11"), "brier").n
    assert 0 == find_figure(ask(story, who="sam"), "brier").n


def _renegotiate(story: Story) -> None:
    promise_goal(story, "other", "0.5")
    change = a.ProposeChange(changes=a.Changes(due=date(2026, 4, 17)), reason=why())
    story.says("ana", change, on="other", at="2026-03-05T09:00")
    story.says("sam", a.AcceptChange(), on="other", at="2026-03-06T09:00")
    end_goal(story, "other", kept=True)


def _cancel(story: Story) -> None:
    promise_goal(story, "other", "0.5")
    story.says("sam", a.Cancel(reason=why()), on="other", at="2026-03-10T09:00")


def _correct(story: Story) -> None:
    promise_goal(story, "other", "0.5")
    said = str(story.last_event("other").event_id)
    story.says("ana", a.CheckIn(confidence="0.4", corrects=said), on="other", at="2026-03-04T09:00")
    end_goal(story, "other", kept=True)


def _complete_late(story: Story) -> None:
    promise_goal(story, "other", "0.5", due=date(2026, 3, 6))
    story.says("ana", a.DeclareComplete(), on="other", at="2026-03-08T09:00")  # within the grace
    story.says("sam", a.DeclareSatisfied(), on="other", at="2026-03-09T09:00")


@pytest.mark.parametrize(
    ("happened", "tenths"),
    [
        (_renegotiate, []),
        (_cancel, []),
        (_correct, [(0.4, 1, 1)]),
        (_complete_late, [(0.5, 1, 0)]),
    ],
)
def test_only_what_was_stated_on_the_terms_that_were_tried_counts(
    ask: Ask, happened: Callable[[Story], None], tenths: list[Any]
) -> None:
    story = story_with_twenty_cases(Story())

    happened(story)

    found = {(t.confidence, t.n, t.kept) for t in ask(story).tenths} - {(0.3, 10, 4), (0.9, 10, 8)}
    assert set(tenths) == found


def test_it_opens_its_check_ins(ask: Ask) -> None:
    story = story_with_twenty_cases(Story())

    events = find_figure(ask(story, explain=True), "brier").events or []

    assert {"goal.checked_in.v1"} == {e.type for e in story.events if e.event_id in events}
    assert 20 == len(events)
    assert instant("2026-03-03T09:00") == min(e.occurred_at for e in story.events if e.event_id in events)
