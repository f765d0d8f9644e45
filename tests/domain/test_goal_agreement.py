"""The agreement, walked: each of its rows as it is, and nothing that is not one of its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.errors import ActNotAllowed, AlreadyExists, NotAParty, NotFound, ReasonRequired
from domain.goal.acts import ACTS, AcceptChange
from domain.goal.agreement import BY_STATE_ACT_ROLE, STATES, TERMINAL, TRANSITIONS, Transition, allowed_acts
from domain.goal.state import DraftGoal, Ended, Negotiating, Promised
from domain.reasons import Reason
from tests.domain.goal_states import CAPACITY, HOLDER, PAUSE, act_for, goal_in_state, story_with_everybody
from tests.spec import Scenario, Story, why

#: Enough of a reason for every row, and no more.
ENOUGH: dict[str, Reason | None] = {"R": why(), "c": CAPACITY, "-": None}

#: Far enough for the clock of each row by the timer, and no further.
UNTIL = {
    "expire": "2026-02-02",
    "lapse": "2026-03-31T00:00",
    "change_timeout": "2026-01-13",
    "change_timeout of a lapsed goal": "2026-04-13",
    "deem_satisfied": "2026-02-02",
    "give_up": "2026-05-11",
}
Row = tuple[Transition, str, str]


def rows(*, timer: bool) -> Iterator[Row]:
    """Each row by each role that may bring it about; where it goes back to `prior`, once for either."""
    for transition in TRANSITIONS:
        if (transition.by == ("timer",)) != timer:
            continue
        for role in transition.by:
            for prior in ("active", "lapsed") if transition.to == "prior" else ("active",):
                yield transition, role, prior


def row_id(row: Row) -> str:
    transition, role, prior = row
    return f"{transition.origin}-{transition.act}-by-{role}-{prior if transition.to == 'prior' else transition.to}"


PARTY_ROWS = list(rows(timer=False))
TIMER_ROWS = list(rows(timer=True))


def scenario_for(row: Row) -> Scenario:
    transition, role, prior = row
    return Scenario(goal_in_state(transition.origin, act=transition.act, by=role, prior=prior))


@pytest.mark.parametrize("row", PARTY_ROWS, ids=row_id)
def test_an_act_of_the_agreement_leads_where_its_row_says(row: Row) -> None:
    transition, role, prior = row
    scenario = scenario_for(row)

    scenario.when(act_for(transition.act, scenario.story, ENOUGH[transition.reason]), by=HOLDER[role])

    assert scenario.refusal is None, scenario.refusal
    assert 1 == len(scenario.recorded)
    assert (prior if transition.to == "prior" else transition.to) == scenario.state.state
    assert scenario.story.id(HOLDER[role]) == scenario.recorded[0].actor
    assert ENOUGH[transition.reason] == scenario.recorded[0].reason


@pytest.mark.parametrize("row", TIMER_ROWS, ids=row_id)
def test_a_timer_of_the_agreement_leads_where_its_row_says(row: Row) -> None:
    transition, _, prior = row
    scenario = scenario_for(row)

    scenario.when_time_passes(UNTIL[transition.act if prior == "active" else f"{transition.act} of a lapsed goal"])

    assert (prior if transition.to == "prior" else transition.to) == scenario.state.state
    rung = [r for r in scenario.recorded if r.stream_id == scenario.state.id][-1]
    assert (None, "timer") == (rung.actor, rung.source)


@pytest.mark.parametrize("row", [row for row in PARTY_ROWS if row[0].reason != "-"], ids=row_id)
def test_a_row_that_asks_for_a_reason_is_refused_without_one(row: Row) -> None:
    transition, role, _ = row
    scenario = scenario_for(row)

    scenario.when(act_for(transition.act, scenario.story), by=HOLDER[role])

    scenario.refused_with(ReasonRequired, pointer="/reason")


@pytest.mark.parametrize("row", [row for row in PARTY_ROWS if row[0].reason == "R"], ids=row_id)
def test_a_row_that_asks_for_words_is_refused_with_a_code_alone(row: Row) -> None:
    transition, role, _ = row
    scenario = scenario_for(row)

    scenario.when(act_for(transition.act, scenario.story, CAPACITY), by=HOLDER[role])

    scenario.refused_with(ReasonRequired, pointer="/reason/text")


def stories_in_state(state: str) -> Iterator[Story]:
    """The state in each of the ways in which somebody new gets a part in it."""
    yield goal_in_state(state)
    match state:
        case "draft":
            yield goal_in_state(state, by="sponsor")
        case "change_proposed_by_owner" | "change_proposed_by_sponsor":
            yield goal_in_state(state, act="join")
        case "delivered":
            yield goal_in_state(state, act="rule_satisfied")


def expected_roles(story: Story, role: str, act: str) -> frozenset[str]:
    """The roles that the holder of this one has towards the goal as it stands, for this act."""
    goal = story.state()
    if role == "owner" and isinstance(goal, DraftGoal):
        return frozenset({role}) if goal.author == story.id("ana") else frozenset()
    if role == "sponsor" and isinstance(goal, DraftGoal):
        return frozenset({role}) if goal.author == story.id("sam") else frozenset()
    if role in ("owner", "sponsor", "steward", "integration"):
        return frozenset({role})
    if not isinstance(goal, Promised):
        return frozenset()
    given = {
        "mediator": goal.delivery is not None and goal.delivery.mediator is not None,
        "new_party": goal.proposal is not None and goal.proposal.changes.owner is not None,
        "addressee": act in ("answer_need", "resolve_blocker"),
        "assignee": act in ("answer_need", "resolve_blocker"),
        "stranger": False,
    }
    if role in ("addressee", "assignee") and given[role]:
        return frozenset({"addressee" if act == "answer_need" else "assignee"})
    return frozenset({role}) if given[role] else frozenset()


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_is_no_row_of_the_agreement_is_refused_with_what_is(state: str) -> None:
    for story in stories_in_state(state):
        for act in sorted(ACTS.keys() - {"draft"}):
            somebody = any((state, act, role) in BY_STATE_ACT_ROLE for role in HOLDER)
            for role, holder in HOLDER.items():
                roles = expected_roles(story, role, act)
                if any((state, act, r) in BY_STATE_ACT_ROLE for r in roles):
                    continue
                scenario = Scenario(story).when(act_for(act, story, why()), by=holder)
                error = NotAParty if somebody or not roles else ActNotAllowed
                scenario.refused_with(error, allowed=allowed_acts(state, roles))


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_goal_that_is_there_is_not_drafted_again(state: str) -> None:
    story = goal_in_state(state)

    Scenario(story).when(act_for("draft", story), by="ana").refused_with(AlreadyExists, pointer="/ref")


@pytest.mark.parametrize("act", sorted(ACTS.keys() - {"draft", "request", "offer"}))
def test_nothing_is_said_about_a_goal_that_is_not_there(act: str) -> None:
    story = story_with_everybody()

    Scenario(story).when(act_for(act, story, why()), by="ana").refused_with(NotFound)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_end_is_an_end_to_the_clock_too(state: str) -> None:
    scenario = Scenario(goal_in_state(state))

    scenario.when_time_passes("2030-01-01")

    assert [] == [r for r in scenario.recorded if r.stream_id == scenario.state.id]
    assert isinstance(scenario.state, Ended)


def test_the_clock_never_ends_a_draft() -> None:
    scenario = Scenario(goal_in_state("draft"))

    scenario.when_time_passes("2030-01-01").then_state(state="draft")


def test_a_pause_can_be_ended_only_while_it_lasts() -> None:
    paused = goal_in_state("active", act="resume")
    over = Scenario(paused).when_time_passes("2026-02-02T00:00")

    over.when(act_for("resume", paused, CAPACITY), by="ana").refused_with(ActNotAllowed)
    assert PAUSE.pause == paused.state().pause


def test_the_parties_of_a_state_are_those_of_the_last_accepted_change() -> None:
    story = goal_in_state("change_proposed_by_owner", act="join")
    story.says("ben", act_for("join", story))
    story.says("sam", AcceptChange())
    given_over = Scenario(story)

    given_over.when(act_for("check_in", story), by="ana").refused_with(NotAParty, allowed=())
    given_over.when(act_for("check_in", story), by="ben").then_state(state="active", owner=story.id("ben"))


def test_each_kind_of_state_holds_what_its_acts_need() -> None:
    kinds = {state: type(goal_in_state(state).state()) for state in STATES}

    assert {DraftGoal, Negotiating, Promised, Ended} == set(kinds.values())
    assert {s for s, kind in kinds.items() if kind is Ended} == TERMINAL
