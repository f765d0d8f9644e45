"""How a cycle begins: the purpose restated, one open at a time, and what comes along from the one before."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.charter.state import charter_id
from domain.cycle import acts as c
from domain.cycle import events as e
from domain.cycle.state import Running
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NotFound,
    PurposeRequired,
)
from domain.goal import acts as g
from domain.scope import Scope
from tests.domain.cycles import (
    WHY,
    adopt_purpose,
    agree_improvement,
    close_cycle,
    open_act,
    promise_goals,
    reflect,
    settle_all,
    story_with_cycle,
    story_with_purpose,
)
from tests.spec import Story, given, like, why


def test_a_lead_opens_a_cycle_by_restating_the_purpose() -> None:
    story = story_with_purpose()
    core = charter_id(story.organisation_id, story.id("core", "team"))

    given(story=story).when(open_act(), by="lea", on="cycle").then(
        e.CycleOpened(
            name="Spring",
            of=Scope(team=story.id("core", "team")),
            starts=date(2026, 1, 12),
            ends=date(2026, 4, 10),
            purpose=e.PurposeVersion(charter=core, version=1),
            **WHY,
        )
    )
    assert isinstance(story.state("cycle", "cycle"), Running)


def test_without_a_purpose_there_is_nothing_to_restate() -> None:
    given().when(open_act(), by="lea", on="cycle").refused_with(
        PurposeRequired, allowed=("propose_purpose", "adopt_purpose")
    )


@pytest.mark.parametrize("whom", ["to_team", "to_clients", "to_organisation"])
def test_the_purpose_is_restated_to_each_of_them(whom: str) -> None:
    given(story=story_with_purpose()).when(open_act(**{whom: "  "}), by="lea", on="cycle").refused_with(
        InvalidField, pointer=f"/{whom}"
    )


def test_another_version_than_the_one_in_force_is_not_restated() -> None:
    given(story=story_with_purpose()).when(open_act(purpose=2), by="lea", on="cycle").refused_with(
        InvalidField, pointer="/purpose", allowed=("1",)
    )
    given(story=story_with_purpose()).when(open_act(purpose=1), by="lea", on="cycle").then(e.CycleOpened)


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_nobody_but_the_lead_opens_a_teams_cycle(by: str) -> None:
    given(story=story_with_purpose()).when(open_act(), by=by, on="cycle").refused_with(
        Forbidden, allowed=("lead", "steward")
    )


def test_a_steward_opens_the_organisations_own_and_a_lead_does_not() -> None:
    story = story_with_purpose(by="stella", of="organisation")

    given(story=story).when(open_act(team=None), by="lea", on="cycle").refused_with(Forbidden, allowed=("steward",))
    given(story=story).when(open_act(team=None), by="stella", on="cycle").then(like(e.CycleOpened, of=Scope(team=None)))


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"starts": date(2026, 4, 11)}, "/ends"),
        ({"ends": date(2029, 1, 1)}, "/ends"),
        ({"starts": date(1900, 1, 1)}, "/starts"),
    ],
)
def test_a_cycle_ends_on_or_after_its_first_day_within_two_years(fields: dict[str, Any], pointer: str) -> None:
    given(story=story_with_purpose()).when(open_act(**fields), by="lea", on="cycle").refused_with(
        InvalidField, pointer=pointer
    )


def test_a_cycle_may_last_a_day() -> None:
    day = date(2026, 2, 2)

    given(story=story_with_purpose()).when(open_act(starts=day, ends=day), by="lea", on="cycle").then(e.CycleOpened)


def test_a_team_that_is_not_there_has_no_cycle() -> None:
    given(story=story_with_purpose()).when(open_act(team="nowhere"), by="stella", on="cycle").refused_with(
        NotFound, pointer="/team"
    )


def test_one_cycle_of_a_team_is_open_at_a_time() -> None:
    story = story_with_cycle()

    given(story=story).when(open_act(), by="lea", on="other").refused_with(ActNotAllowed, allowed=("close",))
    given(story=story).when(open_act(), by="lea", on="cycle").refused_with(AlreadyExists)

    close_cycle(story)
    given(story=story).when(open_act(), by="lea", on="other").then(e.CycleOpened)


def test_a_team_and_the_organisation_each_have_one() -> None:
    story = story_with_cycle()
    adopt_purpose(story, "organisation", by="stella")

    given(story=story).when(open_act(team=None), by="stella", on="whole").then(e.CycleOpened)


# --- goals in --------------------------------------------------------------------------------------------------------


def test_goals_are_in_it_from_the_beginning() -> None:
    story = story_with_purpose()
    promise_goals(story, "one", "two")

    given(story=story).when(open_act(goals=["two", "one", "two"]), by="lea", on="cycle").then(
        like(e.CycleOpened, goals=(story.id("two", "goal"), story.id("one", "goal")))
    )


def test_a_goal_that_is_not_there_or_over_is_not() -> None:
    story = story_with_purpose()
    promise_goals(story, "one")
    story.says("sam", g.Cancel(reason=why()), on="one")

    given(story=story).when(open_act(goals=["none"]), by="lea", on="cycle").refused_with(NotFound, pointer="/goals/0")
    given(story=story).when(open_act(goals=["one"]), by="lea", on="cycle").refused_with(
        InvalidField, pointer="/goals/0"
    )


# --- what it follows -------------------------------------------------------------------------------------------------


def test_it_follows_a_closed_cycle_of_the_same_team_only() -> None:
    story = story_with_cycle()
    adopt_purpose(story, "organisation", by="stella")

    given(story=story).when(open_act(team=None, follows="cycle"), by="stella", on="whole").refused_with(
        InvalidField, pointer="/follows"
    )
    given(story=story).when(open_act(team=None, follows="none"), by="stella", on="whole").refused_with(
        NotFound, pointer="/follows"
    )
    story.says("stella", open_act(team=None), on="whole")
    close_cycle(story)
    given(story=story).when(open_act(follows="cycle"), by="lea", on="next").then(
        like(e.CycleOpened, follows=story.id("cycle", "cycle"))
    )


def test_open_improvements_come_along_and_finished_ones_do_not() -> None:
    story = story_with_cycle()
    kept, done, dropped = agree_improvement(story), agree_improvement(story), agree_improvement(story)
    story.says("ben", c.FinishImprovement(improvement=str(done)))
    story.says("ben", c.DropImprovement(improvement=str(dropped), reason=why()))
    close_cycle(story)

    opened = given(story=story).when(open_act(follows="cycle"), by="lea", on="next").event

    assert [
        e.CarriedImprovement(improvement=kept, text="Ask before Thursday", owner=story.id("ben"), due=date(2026, 3, 1))
    ] == list(opened.carried)
    assert story.state("next", "cycle").find_improvement(kept).carried
    given(story=story).when(c.FinishImprovement(improvement=str(kept)), by="ben", on="next").then(e.ImprovementDone)


def test_goals_carried_on_come_along_while_they_are_still_promised() -> None:
    story = story_with_cycle("one", "two", "three")
    story.says("ana", g.ProposeChange(changes=g.Changes(effort_hours=5), reason=why()), on="one")
    story.says("sam", g.AcceptChange(), on="one")
    story.says("lea", c.SettleGoal(goal="one", how="renegotiated"))
    close_cycle(story, "two", "three")
    story.says("sam", g.Cancel(reason=why()), on="two")

    given(story=story).when(open_act(follows="cycle", goals=["three"]), by="lea", on="next").then(
        like(e.CycleOpened, goals=(story.id("one", "goal"), story.id("three", "goal")))
    )


def test_learning_comes_along_also_of_goals_that_were_dropped_or_broken_and_of_which_nobody_said_a_word() -> None:
    story = story_with_cycle("one", "two", "three")
    one, two = story.id("one", "goal"), story.id("two", "goal")
    first = story.says("ben", c.RecordLearning(text="Vendors lie", goal="one"))[-1].event_id
    second = story.says("ana", c.RecordLearning(text="Meet less"))[-1].event_id
    for goal in ("one", "two"):
        story.says("sam", g.Cancel(reason=why()), on=goal)
    story.says("lea", c.SettleGoal(goal="one", how="dropped"))
    close_cycle(story, "three")

    opened = given(story=story).when(open_act(follows="cycle"), by="lea", on="next").event

    assert (
        e.Lesson(learning=first, goal=one, ended="cancelled", text="Vendors lie"),
        e.Lesson(learning=second, text="Meet less"),
        e.Lesson(goal=two, ended="cancelled"),
    ) == opened.learned


def test_what_came_along_once_does_not_come_along_twice() -> None:
    story = story_with_cycle()
    story.says("ana", c.RecordLearning(text="Meet less"))
    close_cycle(story)
    story.says("lea", open_act(follows="cycle"), on="second")
    close_cycle(story, on="second")

    third = given(story=story).when(open_act(follows="second"), by="lea", on="third").event

    assert () == third.learned


def test_a_cycle_is_followed_once_and_then_the_latest_is_named() -> None:
    story = story_with_cycle()
    left_open = agree_improvement(story)
    close_cycle(story)
    for before, name in (("cycle", "second"), ("second", "third")):
        story.says("lea", open_act(follows=before, ref=name), on=name)
        if name == "second":
            story.says("ben", c.FinishImprovement(improvement=str(left_open)), on=name)
        close_cycle(story, on=name)

    for before in ("cycle", "second"):
        given(story=story).when(open_act(follows=before), by="lea", on="fourth").refused_with(
            ActNotAllowed, pointer="/follows", allowed=("third",)
        )
    given(story=story).when(open_act(follows="third"), by="lea", on="fourth").then(like(e.CycleOpened, carried=()))


def test_a_cycle_that_nothing_followed_may_be_followed_later() -> None:
    story = story_with_cycle()
    left_open = agree_improvement(story)
    close_cycle(story)
    story.says("lea", open_act(ref="second"), on="second")
    close_cycle(story, on="second")

    opened = given(story=story).when(open_act(follows="cycle"), by="lea", on="third").event

    assert [left_open] == [held.improvement for held in opened.carried]


def test_an_open_cycle_is_not_followed() -> None:
    story = Story()
    adopt_purpose(story)
    story.says("lea", open_act(), on="cycle")
    reflect(story)
    settle_all(story)

    given(story=story).when(open_act(follows="cycle"), by="lea", on="next").refused_with(
        ActNotAllowed, allowed=("close",)
    )
