"""Who may see what: the rules about goals, persons, teams, charters, cycles and decisions, as data and pure predicates.

Everything that leaves the process is reduced by these rules: answers and lists (`reports`, `names`), the feed and what
is pushed from it (`events`, `feed`). None of it needs HTTP. A viewer's organisation is never looked beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from msgspec.structs import replace

from domain.charter.events import Acknowledged, BreachRaised, RepairAgreed
from domain.charter.state import PersonSight
from domain.cycle.events import (
    ContributionCredited,
    CycleClosed,
    CycleOpened,
    GoalIncluded,
    GoalSettled,
    LearningRecorded,
)
from domain.cycle.state import Closed, Cycle
from domain.decision.state import Decision
from domain.errors import Forbidden
from domain.experiment.state import Experiment
from domain.goal.state import DraftGoal, Goal, promise_of
from domain.member.member import Member
from domain.pulse.pulse import Pulse, WaveClosed
from domain.recognition.recognition import Recognition
from projections.goals import GoalVisibilityFilter
from services.authorization import READ, AccessSubject, Capability, Viewer, can_see_everything, may


def list_parties(goal: Goal) -> frozenset[UUID]:
    """Everybody whom the goal asks for something: both sides, a mediator, helpers, and members named to take over."""
    members: set[UUID | None] = {goal.owner, goal.sponsor}
    if isinstance(goal, DraftGoal):
        members.add(goal.author)
    promised = promise_of(goal)
    if promised is not None:
        members |= {promised.owner, promised.sponsor}
        members |= {need.addressee for need in promised.needs} | {b.blocker.acts_next for b in promised.blockers}
        if promised.proposal is not None:
            members |= {promised.proposal.changes.owner, promised.proposal.changes.sponsor}
        if promised.delivery is not None:
            members.add(promised.delivery.mediator)
    return frozenset(member for member in members if member is not None)


def with_read_scope(viewer: Viewer) -> Viewer:
    """The viewer with a key that may read: what its member sees, whatever the key conveys."""
    return replace(viewer, scopes=viewer.scopes | {READ})


def can_see_goal(viewer: Viewer, goal: Goal) -> bool:
    """A party, the goal's team, or everything."""
    teams = frozenset({goal.team}) if goal.team is not None else frozenset[UUID]()
    return may(viewer, Capability.SEE_GOAL, AccessSubject(members=list_parties(goal), teams=teams))


def build_goal_filter(viewer: Viewer) -> GoalVisibilityFilter | None:
    """What of a list of goals the viewer sees, as its statement has it: owned, sponsored, or a team's. None: all."""
    if can_see_everything(viewer):
        return None
    return GoalVisibilityFilter(member=viewer.member_id, teams=viewer.teams | viewer.leads)


def require_goal(viewer: Viewer, goal: Goal) -> None:
    """Raise `Forbidden` where the viewer may not see this goal of the same organisation."""
    if not can_see_goal(viewer, goal):
        raise Forbidden(
            "this goal belongs to a team that you are not in, and you are no party to it",
            allowed=("party", "member of the team", "steward", "auditor"),
        )


def can_see_person(viewer: Viewer, member_id: UUID, member: Member | None) -> bool:
    """The person, the lead of one of the person's teams, or everything, unless `is_hidden_person` says otherwise."""
    if is_hidden_person(viewer, member_id, member):
        return False
    subject = AccessSubject(members=frozenset({member_id}), teams=_teams_of(member))
    return may(viewer, Capability.SEE_PERSON, subject)


def is_hidden_person(viewer: Viewer, member_id: UUID, member: Member | None) -> bool:
    """Whether figures of this person are not the viewer's, whatever its roles.

    Under co-determination those of everybody else; else those that charters of the person's teams narrow, of now or of
    the time asked about (`member`).
    """
    if member_id == viewer.member_id:
        return False
    teams = _teams_of(member)
    return viewer.co_determination or _is_beyond(viewer, viewer.sight_limits.level_of(member_id, teams), teams)


def list_hidden_persons(viewer: Viewer, people: Iterable[Member]) -> frozenset[UUID]:
    """Of these people, and of those who have left, all whom `is_hidden_person` hides."""
    if viewer.co_determination or viewer.sight_limits.teams:
        limits = viewer.sight_limits.members.items()
        # Whose team a member led who has left is not kept: who leads any team sees what is for leads.
        departed = {member for member, level in limits if _is_beyond(viewer, level, viewer.leads)}
        hidden = departed.union(p.id for p in people if is_hidden_person(viewer, p.id, p))
        return frozenset(hidden - {viewer.member_id})
    return frozenset()


def _teams_of(member: Member | None) -> frozenset[UUID]:
    return frozenset(member.teams) if member is not None else frozenset()


def _is_beyond(viewer: Viewer, level: PersonSight, teams: frozenset[UUID]) -> bool:
    """Whether a charter's words leave the viewer out. `teams`: those whose lead it lets."""
    return level == "member" or (level == "lead" and not teams & viewer.leads)


def is_narrowed_team(viewer: Viewer, team: UUID) -> bool:
    """Whether the team's charter hides its members' figures from the viewer."""
    level = viewer.sight_limits.teams.get(team, "stewards")
    return viewer.co_determination or _is_beyond(viewer, level, frozenset({team}))


def require_person(viewer: Viewer, member_id: UUID, member: Member | None) -> None:
    """Raise `Forbidden` where this person's own figures are not for the viewer."""
    if viewer.co_determination and member_id != viewer.member_id:
        raise Forbidden(
            "this organisation shows person level to the person alone (policy co_determination)",
            allowed=("the member",),
        )
    if is_hidden_person(viewer, member_id, member):
        level = viewer.sight_limits.level_of(member_id, _teams_of(member))
        raise Forbidden(
            "the charter of a team of this member shows person level to fewer",
            allowed=("the member",) if level == "member" else ("the member", "lead"),
        )
    if not can_see_person(viewer, member_id, member):
        raise Forbidden(
            "person-level figures are for that person, their lead and stewards",
            allowed=("the member", "lead", "steward", "auditor"),
        )


#: Who acknowledged, what was not kept, and how that was mended: for those whose charter it is.
PRIVATE_CHARTER_EVENTS = frozenset(str(cls.__struct_config__.tag) for cls in (Acknowledged, BreachRaised, RepairAgreed))


def can_see_scope(viewer: Viewer, team: UUID | None) -> bool:
    """Whether the viewer belongs to the team (None: the organisation), leads it, or sees everything.

    The key needs the scope `read`.
    """
    if READ not in viewer.scopes:
        return False
    if team is None or team in viewer.teams:
        return True
    return may(viewer, Capability.SEE_TEAM, AccessSubject(teams=frozenset({team})))


def require_scope(viewer: Viewer, team: UUID | None) -> None:
    """Raise `Forbidden` where the viewer may not see what is the team's (see `can_see_scope`)."""
    if not can_see_scope(viewer, team):
        raise Forbidden(
            "this is for the team's members, its lead, stewards and auditors",
            allowed=("member of the team", "lead", "steward", "auditor"),
        )


def can_see_decision(viewer: Viewer, decision: Decision) -> bool:
    """One of those whose it is, who opened it, or who decides."""
    may_read = READ in viewer.scopes or viewer.guest_of == decision.id
    taking_part = may_read and viewer.member_id in (decision.opened_by, *decision.deciders)
    return taking_part or can_see_scope(viewer, decision.of.team)


def require_decision(viewer: Viewer, decision: Decision) -> None:
    """Raise `Forbidden` where the viewer may not see this decision of the same organisation."""
    if not can_see_decision(viewer, decision):
        raise Forbidden(
            "this decision is another team's, and you are none of its deciders",
            allowed=("decider", "member of the team", "lead", "steward", "auditor"),
        )


def can_see_experiment(viewer: Viewer, experiment: Experiment) -> bool:
    """One of those whose it is, its owner, or who proposed it."""
    taking_part = READ in viewer.scopes and viewer.member_id in (experiment.owner, experiment.proposed_by)
    return taking_part or can_see_scope(viewer, experiment.of.team)


def require_experiment(viewer: Viewer, experiment: Experiment) -> None:
    """Raise `Forbidden` where the viewer may not see this experiment of the same organisation."""
    if not can_see_experiment(viewer, experiment):
        raise Forbidden(
            "this experiment is another team's, and you are neither its owner nor proposed it",
            allowed=("owner", "member of the team", "lead", "steward", "auditor"),
        )


def can_see_recognition(viewer: Viewer, recognition: Recognition) -> bool:
    """Who gave it, who received it, the lead of the team whose goal or cycle it is for, or everything.

    Not the whole team: a list of who thanks whom would be counted by person. Under co-determination both sides alone,
    and where a charter hides figures of one side.
    """
    teams = frozenset({recognition.team}) if recognition.team is not None else frozenset[UUID]()
    members = frozenset({recognition.giver, recognition.member})
    if viewer.member_id not in members:
        levels = {viewer.sight_limits.level_of(member) for member in members}
        if viewer.co_determination or any(_is_beyond(viewer, level, teams) for level in levels):
            return False
    return may(viewer, Capability.SEE_PERSON, AccessSubject(members=members, teams=teams))


def require_recognition(viewer: Viewer, recognition: Recognition) -> None:
    """Raise `Forbidden` where the viewer may not see this recognition of the same organisation."""
    if not can_see_recognition(viewer, recognition):
        raise Forbidden(
            "a recognition is for who gave and who received it, the team's lead and stewards",
            allowed=("giver", "receiver", "lead", "steward", "auditor"),
        )


#: Kind of stream -> what raises `Forbidden` for a viewer who may not see one in this state; others are seen by all.
STREAM_REQUIREMENTS: Mapping[str, Callable[[Viewer, Any], None]] = {
    "goal": require_goal,
    "cycle": lambda viewer, state: require_scope(viewer, state.of.team),
    "decision": require_decision,
    "experiment": require_experiment,
    "recognition": require_recognition,
}


# --- pulses ----------------------------------------------------------------------------------------------------------

P = TypeVar("P", Pulse, WaveClosed)


def redact_pulse(viewer: Viewer, closed: P) -> P:
    """A wave, or the event that closed it, without the sums of teams that are not the viewer's.

    All of them are safe to know; whose they are is the teams' own business.
    """
    return replace(
        closed,
        results=tuple(result for result in closed.results if can_see_scope(viewer, result.team)),
        withheld=tuple(one for one in closed.withheld if can_see_scope(viewer, one.team)),
    )


# --- the goals of a cycle --------------------------------------------------------------------------------------------
#
# The organisation's own cycle holds goals of every team. An event about one of them is visible to members
# who see the goal; the cycle's beginning and end are visible to all, without the goals that they do not see.

GoalFilter = Callable[[UUID], bool]
#: Events about one goal of a cycle.
_GOAL_RELATED_EVENTS = (GoalIncluded, ContributionCredited, LearningRecorded, GoalSettled)


def goals_of_cycle(cycle: Cycle) -> frozenset[UUID]:
    """Every goal that the cycle's events mention, including those that ended in the cycle before it."""
    of = {lesson.goal for lesson in cycle.learned} | {learnt.goal for learnt in cycle.learnings}
    return frozenset({included.goal for included in cycle.goals} | {goal for goal in of if goal is not None})


def redact_cycle(cycle: Cycle, sees: GoalFilter) -> Cycle:
    """The cycle without the goals that are not seen: not that they are in it, what became or was learnt of them."""
    kept = replace(
        cycle,
        goals=tuple(included for included in cycle.goals if sees(included.goal)),
        learned=tuple(lesson for lesson in cycle.learned if lesson.goal is None or sees(lesson.goal)),
        learnings=tuple(learnt for learnt in cycle.learnings if learnt.goal is None or sees(learnt.goal)),
    )
    if isinstance(kept, Closed):
        return replace(kept, at_close=tuple(included for included in kept.at_close if sees(included.goal)))
    return kept


def redact_cycle_event(fact: Any, sees: GoalFilter) -> Any:
    """A cycle's event reduced to these visible goals; None where nothing of it is visible."""
    if isinstance(fact, _GOAL_RELATED_EVENTS):
        return fact if fact.goal is None or sees(fact.goal) else None
    if isinstance(fact, CycleOpened):
        learned = tuple(lesson for lesson in fact.learned if lesson.goal is None or sees(lesson.goal))
        return replace(fact, goals=tuple(filter(sees, fact.goals)), learned=learned)
    if isinstance(fact, CycleClosed):
        return replace(fact, goals=tuple(included for included in fact.goals if sees(included.goal)))
    return fact


# --- goals that an answer names --------------------------------------------------------------------------------------


class GoalVisibility:
    """Which of these goals the viewer may see; `load` reads those that have to be looked at."""

    def __init__(self, viewer: Viewer, goals: Iterable[UUID], load: Callable[[set[UUID]], Mapping[UUID, Goal]]) -> None:
        self._everything = can_see_everything(viewer)
        wanted = set() if self._everything else set(goals)
        loaded = load(wanted) if wanted else {}
        self._visible = {goal for goal, state in loaded.items() if can_see_goal(viewer, state)}

    def includes(self, goal: UUID) -> bool:
        """Whether this one of them may be shown."""
        return self._everything or goal in self._visible


# --- streams ---------------------------------------------------------------------------------------------------------

#: The stream's id and state, for this viewer.
StreamRule = Callable[[Viewer, UUID, Any], bool]


def _may_read(viewer: Viewer, _stream_id: UUID, _state: Any) -> bool:
    return READ in viewer.scopes


#: Kind of stream -> who may see its events. A kind without a rule is shown to those who may see everything.
STREAM_RULES: dict[str, StreamRule] = {
    "organisation": _may_read,
    "team": _may_read,
    # Its purpose is for all; `PRIVATE_CHARTER_EVENTS` are not.
    "charter": _may_read,
    "member": can_see_person,
    # Whose it is, and who made it.
    "key": lambda viewer, _, state: READ in viewer.scopes and viewer.member_id in (state.member, state.made_by),
    "goal": lambda viewer, _, state: can_see_goal(viewer, state),
    "cycle": lambda viewer, _, state: can_see_scope(viewer, state.of.team),
    "decision": lambda viewer, _, state: can_see_decision(viewer, state),
    "experiment": lambda viewer, _, state: can_see_experiment(viewer, state),
    # What of it is whose: `redact_pulse`.
    "pulse": _may_read,
    "recognition": lambda viewer, _, state: can_see_recognition(viewer, state),
    "subscription": lambda viewer, _, state: READ in viewer.scopes and state.owner == viewer.member_id,
}


#: Streams that are about persons alone: charters can hide them also from who sees everything else.
_PERSONAL_KINDS = frozenset({"member", "recognition"})


def is_unrestricted(viewer: Viewer) -> bool:
    """Whether the viewer sees every goal and every person, so that nothing has to be looked up."""
    return sees_everything_else(viewer) and not viewer.sight_limits.members


def sees_everything_else(viewer: Viewer) -> bool:
    """Whether nothing is hidden from the viewer but what charters hide of persons."""
    sees_persons = may(viewer, Capability.SEE_PERSON) and not viewer.co_determination
    return sees_persons and may(viewer, Capability.SEE_GOAL)


def can_see_kind(viewer: Viewer, kind: str) -> bool:
    """Whether every stream of this kind is for the viewer, so that none has to be looked up."""
    return is_unrestricted(viewer) or (kind not in _PERSONAL_KINDS and sees_everything_else(viewer))


def can_see_stream(viewer: Viewer, kind: str, stream_id: UUID, state: Any) -> bool:
    """Whether events of this stream, which stands so now, are for the viewer."""
    if can_see_kind(viewer, kind):
        return True
    rule = STREAM_RULES.get(kind)
    return rule is not None and rule(viewer, stream_id, state)
