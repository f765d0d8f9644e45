"""The rules of a cycle: who may say what of it, and what it comes to.

Reads top to bottom: the acts while it runs, and how it ends. How it begins is in `opening`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from domain.charter.state import part_id
from domain.context import DecisionContext
from domain.cycle import acts as a
from domain.cycle import events as e
from domain.cycle.opening import MAX_GOALS, UNKEPT_STATES, open_cycle, require_goal, require_live_goal
from domain.cycle.state import Closed, Cycle, GoalInCycle, Improvement, Running
from domain.envelope import Event, NewEvent, Source
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.goal.state import Goal, Promised
from domain.instants import format_instant
from domain.participation import is_machine, require_not_left
from domain.reasons import check_reason
from domain.references import require_external_reference
from domain.scope_rules import is_lead, is_member, require_lead, require_member
from domain.terms import check_date
from domain.text import is_visible, require_text

#: What one cycle holds, at most: each of its later events carries all of it.
MAX_IMPROVEMENTS, MAX_LEARNINGS = 100, 50
MAX_REFLECTIONS, MAX_CONTRIBUTIONS = 1_000, 1_000


def decide(cycle: Cycle | None, act: a.CycleAct, world: DecisionContext) -> list[NewEvent]:
    """The facts that `act` leads to; raises a `Refusal` where a rule forbids it."""
    _check_party(world)
    event_id = world.next_id()
    reason = None
    event: Event
    if isinstance(act, a.Open):
        if cycle is not None:
            raise AlreadyExists("this cycle exists already", pointer="/ref")
        event = open_cycle(act, world)
    else:
        if cycle is None:
            raise NotFound("no such cycle")
        reason = act.reason if isinstance(act, a.DropImprovement) else None
        event = _RULES[type(act)](_ActContext(_require_running(cycle, world), event_id, world), act)
    return [NewEvent(event_id=event_id, data=event, occurred_at=world.at, reason=reason)]


def _check_party(world: DecisionContext) -> None:
    """Raise where the actor has left or is a machine; an import records what people did."""
    if world.party is None or is_machine(world, "integration", "auditor"):
        raise Forbidden("a cycle is looked back upon by people", allowed=("member", "lead", "steward"))
    require_not_left(world)


class _ActContext(NamedTuple):
    """What every rule looks at."""

    cycle: Running
    #: The id that the fact will have.
    event_id: UUID
    world: DecisionContext


def _require_running(cycle: Cycle, world: DecisionContext) -> Running:
    if world.at < cycle.last_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(cycle.last_at)}",))
    if isinstance(cycle, Closed):
        raise ActNotAllowed(
            "this cycle is closed: what it left open is carried into the cycle that follows it", allowed=("open",)
        )
    return cycle


# --- while it runs -----------------------------------------------------------------------------------------------


def _include_goal(said: _ActContext, act: a.IncludeGoal) -> e.GoalIncluded:
    cycle, _, world = said
    known = require_goal(world.id_of("goal", act.goal), act.goal, world, "/goal")
    if not (is_lead(cycle.of, world) or world.party in (known.owner, known.sponsor)):
        raise Forbidden(
            "the lead puts goals into the cycle, or the goal's own parties", allowed=("lead", "owner", "sponsor")
        )
    goal = require_live_goal(act.goal, cycle.of, world, "/goal")
    if cycle.find_goal(goal.id) is not None:
        raise AlreadyExists("this goal is in the cycle already", pointer="/goal")
    _require_room(len(cycle.goals), MAX_GOALS, "goals")
    return e.GoalIncluded(goal=goal.id)


def _require_goal_in_cycle(cycle: Running, ref: str, world: DecisionContext) -> GoalInCycle:
    """A goal of the cycle; raises `NotFound`."""
    held = cycle.find_goal(world.id_of("goal", ref))
    if held is None:
        raise NotFound(f"goal {ref!r} is not in this cycle", pointer="/goal", allowed=("include_goal",))
    return held


def _require_own_goal(cycle: Running, ref: str, world: DecisionContext) -> tuple[GoalInCycle, Goal]:
    """A goal of the cycle and how it stands, for who leads and the goal's own parties; raises `Forbidden`, `NotFound`.

    No other viewer learns whether it is in the cycle.
    """
    goal = require_goal(world.id_of("goal", ref), ref, world, "/goal")
    if not (is_lead(cycle.of, world) or (world.party is not None and world.party in (goal.owner, goal.sponsor))):
        raise Forbidden("only the lead or the goal's own parties may do that", allowed=("lead", "owner", "sponsor"))
    return _require_goal_in_cycle(cycle, ref, world), goal


def _credit_contribution(said: _ActContext, act: a.CreditContribution) -> e.ContributionCredited:
    cycle, _, world = said
    held, _ = _require_own_goal(cycle, act.goal, world)
    _require_room(cycle.contributions, MAX_CONTRIBUTIONS, "contributions")
    return e.ContributionCredited(
        goal=held.goal, member=_require_member(act.member, "/member", world), text=require_text(act.text, "/text")
    )


def _require_member(ref: str, pointer: str, world: DecisionContext) -> UUID:
    """A member who has joined; in an import a member who joins only later in the file may have been there already."""
    member_id = world.id_of("member", ref)
    member = world.member(member_id)
    if (member is None or member.joined_at is None) and world.source is not Source.IMPORT:
        raise NotFound(f"no member {ref!r} has joined", pointer=pointer)
    return member_id


def _share_reflection(said: _ActContext, act: a.ShareReflection) -> e.ReflectionShared:
    cycle, _, world = said
    require_member(cycle.of, world)
    if not is_visible(act.worked + act.improve):
        raise InvalidField("say what worked, or what can improve", pointer="/worked")
    _require_room(cycle.reflections, MAX_REFLECTIONS, "reflections")
    return e.ReflectionShared(worked=act.worked, improve=act.improve)


def _agree_improvement(said: _ActContext, act: a.AgreeImprovement) -> e.ImprovementAgreed:
    cycle, event_id, world = said
    require_member(cycle.of, world)
    owner = _require_member(act.owner, "/owner", world)
    if not is_member(cycle.of, world.member(owner), world):
        raise InvalidField("an improvement is seen to by somebody whose cycle it is", pointer="/owner")
    due = check_date(act.due, "/due")
    if due < world.today:
        raise InvalidField("this day is over", pointer="/due", allowed=(f">= {world.today}",))
    _require_room(len(cycle.improvements), MAX_IMPROVEMENTS, "improvements")
    if act.improvement is not None:
        event_id = _improvement_id(cycle, require_external_reference(act.improvement, "/improvement"))
        if cycle.find_improvement(event_id) is not None:
            raise AlreadyExists("this cycle has an improvement of that name", pointer="/improvement")
    return e.ImprovementAgreed(improvement=event_id, text=require_text(act.text, "/text"), owner=owner, due=due)


def _improvement_id(cycle: Running, ref: str) -> UUID:
    """By its id, or by the source's own name for it, which it keeps in every cycle of the same charter."""
    return part_id(cycle.purpose.charter, "improvement", ref, {held.id for held in cycle.improvements})


def _finish_improvement(said: _ActContext, act: a.FinishImprovement) -> e.ImprovementDone:
    return e.ImprovementDone(improvement=_require_open_improvement(said, act.improvement).id)


def _drop_improvement(said: _ActContext, act: a.DropImprovement) -> e.ImprovementDropped:
    improvement = _require_open_improvement(said, act.improvement)
    if act.reason is None:
        raise ReasonRequired("say why it is not pursued any more", pointer="/reason")
    check_reason(act.reason)
    return e.ImprovementDropped(improvement=improvement.id)


def _require_open_improvement(said: _ActContext, ref: str) -> Improvement:
    """The improvement that the party may end: its owner, or who leads."""
    cycle, _, world = said
    improvement = cycle.find_improvement(_improvement_id(cycle, ref))
    if improvement is None:
        open_ones = tuple(str(i.id) for i in cycle.improvements if i.state == "open")
        raise NotFound("no such improvement in this cycle", pointer="/improvement", allowed=open_ones)
    if not (is_lead(cycle.of, world) or world.party == improvement.owner):
        raise Forbidden("only its owner or the lead may do that", allowed=("owner", "lead"))
    if improvement.state != "open":
        raise ActNotAllowed(f"this improvement is {improvement.state} already", pointer="/improvement")
    return improvement


def _record_learning(said: _ActContext, act: a.RecordLearning) -> e.LearningRecorded:
    cycle, _, world = said
    require_member(cycle.of, world)
    goal = _require_goal_in_cycle(cycle, act.goal, world).goal if act.goal is not None else None
    _require_room(len(cycle.learnings), MAX_LEARNINGS, "learnings")
    return e.LearningRecorded(text=require_text(act.text, "/text"), goal=goal)


def _require_room(held: int, most: int, what: str) -> None:
    if held >= most:
        raise ActNotAllowed(f"a cycle holds {most} {what} at most", allowed=("close",))


# --- how it ends -------------------------------------------------------------------------------------------------


def _settle_goal(said: _ActContext, act: a.SettleGoal) -> e.GoalSettled:
    cycle, _, world = said
    held, goal = _require_own_goal(cycle, act.goal, world)
    possible = possible_ends(goal, cycle)
    if act.how not in possible:
        raise InvalidField(_explain_impossible_end(act.how, goal), pointer="/how", allowed=possible)
    if held.how == act.how:
        others = tuple(how for how in possible if how != act.how)
        raise ActNotAllowed(f"this goal is settled as {act.how} already", pointer="/how", allowed=others)
    return e.GoalSettled(goal=held.goal, how=act.how)


def possible_ends(goal: Goal, cycle: Cycle) -> tuple[a.GoalEnding, ...]:
    """The dispositions that a goal in this state may get at the end of a cycle."""
    if isinstance(goal, Promised):
        changed = goal.changed_at is not None and goal.changed_at >= cycle.opened_at
        return ("carried_on", "renegotiated") if changed else ("carried_on",)
    return ("dropped",) if goal.state in UNKEPT_STATES else ()


def _explain_impossible_end(how: a.GoalEnding, goal: Goal) -> str:
    if how == "dropped":
        if isinstance(goal, Promised):
            return f"the goal is {goal.state}: whoever drops it cancels, releases or withdraws it first"
        return f"the goal is {goal.state}: there is nothing to drop"
    if isinstance(goal, Promised):
        return "no change of its terms was accepted since the cycle opened"
    return f"the goal is {goal.state}: it cannot be {how.replace('_', ' ')}"


def _close(said: _ActContext, _act: a.Close) -> e.CycleClosed:
    cycle, _, world = said
    require_lead(cycle.of, world)
    stood = [(held, world.goal(held.goal)) for held in cycle.goals]
    # A live goal's disposition holds while it lives; a goal that has ended since needs none.
    undecided = [held.goal for held, goal in stood if isinstance(goal, Promised) and held.how is None]
    if undecided:
        raise ActNotAllowed(
            f"{len(undecided)} live goals are undecided: settle each as carried on, renegotiated or dropped",
            pointer="/goals",
            allowed=tuple(map(str, undecided)),
        )
    if not cycle.reflections:
        raise ActNotAllowed("nobody has reflected on this cycle yet", allowed=("share_reflection",))
    at_close = (
        e.GoalAtClose(goal=held.goal, state=goal.state if goal is not None else "unknown", how=held.how)
        for held, goal in stood
    )
    return e.CycleClosed(goals=tuple(at_close))


_RULES: dict[type, Callable[[_ActContext, Any], Event]] = {
    a.IncludeGoal: _include_goal,
    a.CreditContribution: _credit_contribution,
    a.ShareReflection: _share_reflection,
    a.AgreeImprovement: _agree_improvement,
    a.FinishImprovement: _finish_improvement,
    a.DropImprovement: _drop_improvement,
    a.RecordLearning: _record_learning,
    a.SettleGoal: _settle_goal,
    a.Close: _close,
}
