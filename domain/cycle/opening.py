"""How a cycle begins: the purpose restated, goals in, and what the cycle before left open.

One cycle of a subject is open at a time. That is seen under the append's lock: an open cycle stands in the ledger's
index of live promises under the charter that it restates, as a goal stands there under its owner.
"""

from __future__ import annotations

from uuid import UUID

from domain.charter.state import charter_id
from domain.context import DecisionContext, require_own_reference
from domain.cycle import acts as a
from domain.cycle import events as e
from domain.cycle.state import Closed, Cycle
from domain.errors import ActNotAllowed, InvalidField, NotFound, PurposeRequired
from domain.goal.state import Goal, Promised
from domain.participation import require_not_archived
from domain.scope import Scope
from domain.scope_rules import is_member, require_lead
from domain.terms import check_date
from domain.text import require_text

#: What one cycle holds, at most: each of its later events carries all of it.
MAX_GOALS = 200
MAX_CYCLE_DAYS = 366 * 2

#: Ends of a goal that was not kept: what is learnt from them goes on into the next cycle.
UNKEPT_STATES = ("broken", "cancelled", "promise_withdrawn", "released")


def open_cycle(act: a.Open, world: DecisionContext) -> e.CycleOpened:
    """What opens the cycle. Raises `PurposeRequired`, `ActNotAllowed` while another is open, `InvalidField`, ..."""
    subject = _resolve_scope(act.team, world)
    require_lead(subject, world)
    starts, ends = check_date(act.starts, "/starts"), check_date(act.ends, "/ends")
    if not 0 <= (ends - starts).days <= MAX_CYCLE_DAYS:
        raise InvalidField("a cycle ends on or after its first day, within two years", pointer="/ends")
    purpose = _require_purpose(act, subject, world)
    _require_no_open_cycle(purpose.charter, world)
    before = _find_previous_cycle(act.follows, subject, world)
    goals = dict.fromkeys(_carried_goals(before, world))
    for index, ref in enumerate(act.goals):
        goals[require_live_goal(ref, subject, world, f"/goals/{index}").id] = None
    if len(goals) > MAX_GOALS:
        raise InvalidField(f"a cycle holds {MAX_GOALS} goals at most", pointer="/goals")
    return e.CycleOpened(
        name=require_text(act.name, "/name"),
        of=subject,
        starts=starts,
        ends=ends,
        purpose=purpose,
        to_team=require_text(act.to_team, "/to_team"),
        to_clients=require_text(act.to_clients, "/to_clients"),
        to_organisation=require_text(act.to_organisation, "/to_organisation"),
        to_stakeholders=act.to_stakeholders,
        to_society=act.to_society,
        ref=require_own_reference(act.ref, "cycle", world),
        follows=before.id if before is not None else None,
        goals=tuple(goals),
        carried=tuple(_carried_improvements(before)),
        learned=tuple(_lessons(before)),
    )


def _resolve_scope(team: str | None, world: DecisionContext) -> Scope:
    if team is None:
        return Scope(team=None)
    team_id = world.id_of("team", team)
    known = world.team(team_id)
    if known is None:
        raise NotFound(f"no team {team!r}", pointer="/team")
    require_not_archived(known, world, "/team")
    return Scope(team=team_id)


def _require_purpose(act: a.Open, subject: Scope, world: DecisionContext) -> e.PurposeVersion:
    """The purpose in force; raises `PurposeRequired` where there is none, `InvalidField` where another is restated."""
    charter_of = charter_id(world.organisation_id, subject.team)
    charter = world.charter(charter_of)
    purpose = charter.purpose if charter is not None else None
    if purpose is None:
        raise PurposeRequired(
            "a cycle opens by restating the purpose, and this charter has adopted none yet",
            allowed=("propose_purpose", "adopt_purpose"),
        )
    if act.purpose is not None and act.purpose != purpose.version:
        raise InvalidField(
            f"version {purpose.version} of the purpose is in force, not {act.purpose}",
            pointer="/purpose",
            allowed=(str(purpose.version),),
        )
    return e.PurposeVersion(charter=charter_of, version=purpose.version)


def _require_no_open_cycle(charter: UUID, world: DecisionContext) -> None:
    running = world.open_cycle(charter)
    if running is not None:
        raise ActNotAllowed(
            f"the cycle {running.ref or running.id} is still open: close it first, then open one that follows it",
            allowed=("close",),
        )


def _find_previous_cycle(ref: str | None, subject: Scope, world: DecisionContext) -> Closed | None:
    if ref is None:
        return None
    before = world.cycle(world.id_of("cycle", ref))
    if before is None:
        raise NotFound(f"no cycle {ref!r}", pointer="/follows")
    if before.of != subject:
        raise InvalidField("a cycle follows one of the same team, or of the organisation itself", pointer="/follows")
    if not isinstance(before, Closed):
        raise ActNotAllowed("only a closed cycle can be followed", pointer="/follows", allowed=("close",))
    _require_not_followed(before, world)
    return before


def _require_not_followed(before: Closed, world: DecisionContext) -> None:
    """What it left open has come along once, and may be over by now. None is open, so all that followed are closed."""
    latest: Cycle = before
    while (after := world.successor_of(latest.id)) is not None:
        latest = after
    if latest is not before:
        name = latest.ref or str(latest.id)
        raise ActNotAllowed(
            f"this cycle has been followed already: what it left open came along, and {name} is the latest",
            pointer="/follows",
            allowed=(name,),
        )


def _carried_goals(before: Closed | None, world: DecisionContext) -> list[UUID]:
    """What the cycle before carried on or renegotiated, and is still promised."""
    held = before.goals if before is not None else ()
    kept = [h.goal for h in held if h.how in ("carried_on", "renegotiated")]
    return [goal for goal in kept if isinstance(world.goal(goal), Promised)]


def _carried_improvements(before: Closed | None) -> list[e.CarriedImprovement]:
    held = before.improvements if before is not None else ()
    return [
        e.CarriedImprovement(improvement=i.id, text=i.text, owner=i.owner, due=i.due) for i in held if i.state == "open"
    ]


def _lessons(before: Closed | None) -> list[e.Lesson]:
    """All written lessons, then each goal that was dropped or broken without one."""
    if before is None:
        return []
    ended = {g.goal: g.state for g in before.at_close if g.state in UNKEPT_STATES}
    written = [
        e.Lesson(learning=x.id, goal=x.goal, ended=ended.get(x.goal) if x.goal else None, text=x.text)
        for x in before.learnings
    ]
    covered = {x.goal for x in before.learnings}
    return [*written, *(e.Lesson(goal=goal, ended=state) for goal, state in ended.items() if goal not in covered)]


def require_live_goal(ref: str, subject: Scope, world: DecisionContext, pointer: str) -> Promised:
    """A promised goal of whose cycle it is; raises `NotFound` or `InvalidField` naming the field."""
    goal = require_goal(world.id_of("goal", ref), ref, world, pointer)
    # Checked first: a refusal must not reveal how another team's goal stands.
    if subject.team is not None and goal.team != subject.team and not _is_unassigned(goal, subject, world):
        raise InvalidField(f"goal {ref!r} is another team's", pointer=pointer)
    if not isinstance(goal, Promised):
        raise InvalidField(
            f"goal {ref!r} is {goal.state}: a cycle takes goals that are promised and not over",
            pointer=pointer,
            allowed=("promised", "lapsed", "delivered"),
        )
    return goal


def _is_unassigned(goal: Goal, subject: Scope, world: DecisionContext) -> bool:
    """A goal without a team, owned by a member of this team."""
    return goal.team is None and goal.owner is not None and is_member(subject, world.member(goal.owner), world)


def require_goal(goal_id: UUID, ref: str, world: DecisionContext, pointer: str) -> Goal:
    goal = world.goal(goal_id)
    if goal is None:
        raise NotFound(f"no goal {ref!r}", pointer=pointer)
    return goal
