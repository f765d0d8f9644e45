"""The machine's own checks: the table is the agreed one, nobody is ever stuck, and everything in it is built."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import domain.goal
from domain.goal.acts import ACTS
from domain.goal.agreement import BY_STATE_ACT_ROLE, STATES, TERMINAL, TIMER_ACTS, TRANSITIONS, Transition, allowed_acts
from domain.goal.events import GoalEvent
from domain.goal.state import LIVE_STATES, PROMISED_STATES

#: What was agreed on, as it was agreed: from, act, by, to, reason.
AGREEMENT_FILE = Path(__file__).with_name("agreement.tsv")

#: The states that `prior` may stand for.
PRIOR = frozenset({"active", "lapsed"})
OPEN = sorted(STATES - TERMINAL)

#: Words that bind nobody: they are history, and change nothing but the header of a goal.
HISTORY_ONLY = {"FeedbackGiven", "ApproachChosen"}


def targets(transition: Transition) -> frozenset[str]:
    return PRIOR if transition.to == "prior" else frozenset({transition.to})


def reachable(origin: str, roles: frozenset[str] | None = None) -> frozenset[str]:
    """Every state that acts of these roles (None: of anybody) lead to from `origin`, itself included."""
    seen, todo = {origin}, [origin]
    while todo:
        state = todo.pop()
        steps = (t for t in TRANSITIONS if t.origin == state and (roles is None or roles & set(t.by)))
        new = {to for t in steps for to in targets(t)} - seen
        seen |= new
        todo.extend(new)
    return frozenset(seen)


def names_in(package: object) -> Iterator[str]:
    """Every name that the modules which fold a goal's events mention outside their imports."""
    root = Path(inspect.getfile(package)).parent  # type: ignore[arg-type]
    for source in sorted(root.glob("evolve*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr


def test_the_table_is_the_agreed_one() -> None:
    header, *rows = AGREEMENT_FILE.read_text().splitlines()

    assert "from\tact\tby\tto\treason" == header
    assert rows == ["\t".join((t.origin, t.act, ",".join(t.by), t.to, t.reason)) for t in TRANSITIONS]
    assert 160 == len(TRANSITIONS)


def test_one_act_by_one_role_from_one_state_leads_to_one_state() -> None:
    counted = Counter((t.origin, t.act, role) for t in TRANSITIONS for role in t.by)

    assert [] == [key for key, times in counted.items() if times > 1]
    assert counted.keys() == BY_STATE_ACT_ROLE.keys()


def test_every_state_is_reachable_from_a_draft() -> None:
    assert reachable("draft") == STATES


def test_only_feedback_is_possible_after_an_end() -> None:
    ends = "satisfied broken released promise_withdrawn cancelled withdrawn declined expired"

    assert frozenset(ends.split()) == TERMINAL
    assert {"feedback"} == {t.act for t in TRANSITIONS if t.origin in TERMINAL}


@pytest.mark.parametrize("role", ["owner", "sponsor"])
@pytest.mark.parametrize("state", OPEN)
def test_each_side_alone_can_reach_an_end_from_every_open_state(state: str, role: str) -> None:
    assert TERMINAL & reachable(state, frozenset({role}))


@pytest.mark.parametrize("state", [s for s in OPEN if s != "draft"])
def test_the_clock_alone_can_reach_an_end_from_every_open_state_but_a_draft(state: str) -> None:
    assert TERMINAL & reachable(state, frozenset({"timer"}))


def test_every_act_has_its_words_or_is_the_clocks() -> None:
    assert {t.act for t in TRANSITIONS} - TIMER_ACTS == ACTS.keys() - {"draft"}
    assert not TIMER_ACTS & ACTS.keys()


def test_the_clock_never_shares_a_row_with_a_person() -> None:
    assert {("timer",)} == {t.by for t in TRANSITIONS if "timer" in t.by}


def test_a_change_goes_back_only_to_where_it_can_begin() -> None:
    begins = {t.origin for t in TRANSITIONS if t.act == "propose_change"}

    assert PRIOR == begins
    assert {"change_proposed_by_owner", "change_proposed_by_sponsor"} == {
        t.origin for t in TRANSITIONS if t.to == "prior"
    }


def test_only_the_owner_leads_to_a_promise_and_no_timer_ever_makes_one() -> None:
    """The sponsor's accept answers the owner's own offer or counter: that is where the owner promised."""
    into = {(t.origin, t.act, t.by) for t in TRANSITIONS if t.to == "active" and t.origin not in PROMISED_STATES}

    assert {
        ("requested", "promise", ("owner",)),
        ("countered_by_sponsor", "promise", ("owner",)),
        ("answer_deferred", "promise", ("owner",)),
        ("offered", "accept", ("sponsor",)),
        ("countered_by_owner", "accept", ("sponsor",)),
    } == into


@pytest.mark.parametrize("act", ["check_in", "feedback", "raise_blocker", "resolve_blocker", "answer_need", "affirm"])
def test_keeping_in_communication_is_possible_in_every_promised_state(act: str) -> None:
    assert set(PROMISED_STATES) <= {t.origin for t in TRANSITIONS if t.act == act}


def test_no_promised_state_lacks_a_way_to_renegotiate_or_to_give_back() -> None:
    for state in LIVE_STATES:
        offered = set(allowed_acts(state, frozenset({"owner"})))
        assert offered & {"propose_change", "counter_change", "withdraw_change"}, state
        assert "withdraw_promise" in offered, state


def test_the_allowed_acts_are_told_in_the_tables_order() -> None:
    assert ("request", "discard", "revise_draft") == allowed_acts("draft", frozenset({"sponsor"}))
    assert () == allowed_acts("declined", frozenset({"owner", "sponsor"}))


def test_every_event_is_folded() -> None:
    events = {event.__name__ for event in get_args(GoalEvent)}

    assert events - HISTORY_ONLY == events & set(names_in(domain.goal))
