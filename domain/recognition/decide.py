"""Who recognises whom for what, and who corrects that or takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, NewEvent, Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.goal.state import DraftGoal
from domain.instants import format_instant
from domain.member.member import member_at
from domain.participation import is_machine, require_not_left
from domain.recognition.recognition import (
    CorrectRecognition,
    GiveRecognition,
    Recognition,
    RecognitionAct,
    RecognitionCorrected,
    RecognitionGiven,
    RecognitionKind,
    RecognitionTakenBack,
    TakeBackRecognition,
)
from domain.scope_rules import require_member
from domain.text import require_text

#: State -> what its giver may do then.
ACTS_BY_STATE: dict[str, tuple[str, ...]] = {"given": ("correct", "take_back"), "taken_back": ()}


def decide(recognition: Recognition | None, act: RecognitionAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    party = _require_person(world)
    if isinstance(act, GiveRecognition):
        if recognition is not None:
            raise AlreadyExists("this recognition exists already", pointer="/ref")
        event: Event = _give(act, party, world)
    else:
        if recognition is None:
            raise NotFound("no such recognition")
        event = _change(recognition, act, party, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _require_person(world: DecisionContext) -> UUID:
    """The party; raises `Forbidden` for a machine and for a member who has left."""
    if world.party is None or is_machine(world, "integration", "auditor"):
        raise Forbidden("recognition is given by people", allowed=("member", "lead", "steward"))
    require_not_left(world)
    return world.party


# --- giving ----------------------------------------------------------------------------------------------------------


class _Occasion(NamedTuple):
    """What it is for, and whose that is."""

    goal: UUID | None = None
    cycle: UUID | None = None
    team: UUID | None = None


def _give(act: GiveRecognition, party: UUID, world: DecisionContext) -> RecognitionGiven:
    member = _require_recognised(act.member, party, world)
    if (act.goal is None) == (act.cycle is None):
        raise InvalidField("recognition is for a goal or for a cycle: name one of the two", pointer="/goal")
    occasion = _of_goal(act.goal, world) if act.goal is not None else _of_cycle(act.cycle or "", world)
    _require_result(act.kind, occasion.goal, world)
    return RecognitionGiven(
        member=member,
        kind=act.kind,
        text=require_text(act.text, "/text"),
        goal=occasion.goal,
        cycle=occasion.cycle,
        team=occasion.team,
        ref=require_own_reference(act.ref, "recognition", world),
    )


def _require_recognised(ref: str, party: UUID, world: DecisionContext) -> UUID:
    """The member who is recognised: another one, who is there at the act's time.

    In an import a member who joins only later in the file may have been there already.
    """
    member_id = world.id_of("member", ref)
    if member_id == party:
        raise InvalidField("a recognition is of another member, not of the one who gives it", pointer="/member")
    member = world.member(member_id)
    then = member_at(member, world.at)
    if then is not None and then.left_at is not None and not then.is_present:
        raise ActNotAllowed("this member has left the organisation and would not read it", pointer="/member")
    if (member is None or member.joined_at is None) and world.source is not Source.IMPORT:
        raise NotFound(f"no member {ref!r} has joined", pointer="/member")
    return member_id


def _of_goal(ref: str, world: DecisionContext) -> _Occasion:
    goal = world.goal(world.id_of("goal", ref))
    if goal is None or isinstance(goal, DraftGoal):
        raise NotFound(f"no goal {ref!r}", pointer="/goal")
    _require_begun(goal.opened_at, world)
    return _Occasion(goal=goal.id, team=goal.team)


def _of_cycle(ref: str, world: DecisionContext) -> _Occasion:
    cycle = world.cycle(world.id_of("cycle", ref))
    if cycle is None:
        raise NotFound(f"no cycle {ref!r}", pointer="/cycle")
    require_member(cycle.of, world)
    _require_begun(cycle.opened_at, world)
    return _Occasion(cycle=cycle.id, team=cycle.of.team)


def _require_begun(opened_at: datetime, world: DecisionContext) -> None:
    """Raise `OutOfOrder` for a recognition that is dated before what it is for."""
    if world.at < opened_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(opened_at)}",))


def _require_result(kind: RecognitionKind, goal_id: UUID | None, world: DecisionContext) -> None:
    """Raise `ActNotAllowed` for the result of a goal whose sponsor is not satisfied (yet)."""
    goal = world.goal(goal_id) if kind == "result" and goal_id is not None else None
    if goal is not None and goal.state != "satisfied":
        raise ActNotAllowed(
            f"the goal is {goal.state}: its result is recognised once its sponsor is satisfied",
            pointer="/kind",
            allowed=("relationship",),
        )


# --- correcting ------------------------------------------------------------------------------------------------------


def _change(
    before: Recognition, act: CorrectRecognition | TakeBackRecognition, party: UUID, world: DecisionContext
) -> RecognitionCorrected | RecognitionTakenBack:
    is_steward = isinstance(act, TakeBackRecognition) and "steward" in world.roles
    if party != before.giver and not is_steward:
        raise Forbidden("only its giver may do that", allowed=("giver",))
    if before.state == "taken_back":
        raise ActNotAllowed("this recognition has been taken back: give it anew", allowed=ACTS_BY_STATE[before.state])
    if world.at < before.last_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(before.last_at)}",))
    if isinstance(act, TakeBackRecognition):
        return RecognitionTakenBack(corrects=before.last_event)
    kind = act.kind or before.kind
    text = require_text(act.text, "/text") if act.text is not None else before.text
    if (kind, text) == (before.kind, before.text):
        raise InvalidField("say what is different: `kind`, `text` or both", pointer="/text")
    if kind != before.kind:
        _require_result(kind, before.goal, world)
    return RecognitionCorrected(corrects=before.last_event, kind=kind, text=text)
