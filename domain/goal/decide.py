"""The entry to the goal's rules: whether the agreement allows an act in this state, by this party, in this order.

Reads top to bottom: guards that hold for every act, then one line per act with the facts that it leads to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.context import DecisionContext
from domain.envelope import Event, NewEvent, Source
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    AnswersRequired,
    AnswersSuperseded,
    InTheFuture,
    InvalidField,
    NotAParty,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.goal import acts as a
from domain.goal import change, check_ins, delivery, opening
from domain.goal import events as e
from domain.goal.agreement import BY_STATE_ACT_ROLE, Transition, allowed_acts
from domain.goal.evolve import evolve
from domain.goal.load_check import LoadClassification, can_suffice, classify_load
from domain.goal.state import DraftGoal, Goal, Negotiating, Promised, Side, find_open_event, promise_of
from domain.instants import format_instant
from domain.participation import require_not_left
from domain.reasons import check_reason
from domain.references import as_uuid
from domain.text import is_visible

#: In which order roles are tried where one person holds several and did not say `as`.
ROLES = ("owner", "sponsor", "mediator", "new_party", "addressee", "assignee", "steward", "integration")

_ROLES_BY_KEY = frozenset({"steward", "integration"})


def decide(goal: Goal | None, act: a.GoalAct, world: DecisionContext) -> list[NewEvent]:
    """The facts that `act` leads to. Raises a `Refusal` (domain.errors) where a rule forbids it; then nothing happens.

    An empty list: an import repeats what a self-set goal's own act has already brought about.
    """
    if world.at > world.now:
        raise InTheFuture(pointer="/at")
    require_not_left(world)
    if goal is None:
        return _open_goal(act, world)
    if isinstance(act, a.Draft):
        raise AlreadyExists("this goal exists already", pointer="/ref")
    if world.source is Source.IMPORT:
        if _is_redundant_import_accept(goal, act, world):
            return []
        act = check_ins.resolve_implicit_target(goal, act, world)
    then = _find_state_then(goal, act, world)
    transition, role = _find_transition(then, act, world)
    _check_order(goal, act, world)
    _check_reason(transition, act)
    if hasattr(act, "answers"):
        _check_answers(goal, act, world)
    event = _HANDLERS[type(act)](then, act, role, world)
    if isinstance(event, e.CheckedIn) and event.needs:
        check_ins.check_room(goal, event)
    fact = NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at, reason=act.reason)
    return _with_self_consent(goal, [fact], world) if isinstance(act, a.Offer | a.ProposeChange) else [fact]


def _new_event(event: Event, act: a.Act, world: DecisionContext) -> NewEvent:
    return NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at, reason=act.reason)


# --- beginning ---------------------------------------------------------------------------------------------------


def _open_goal(act: a.GoalAct, world: DecisionContext) -> list[NewEvent]:
    event: Event
    match act:
        case a.Draft():
            return [_new_event(opening.draft_goal(None, act, world), act, world)]
        case a.Request():
            event = opening.request_goal(None, act, world)
        case a.Offer():
            event = opening.offer_goal(None, act, world)
        case _:
            raise NotFound("no such goal")
    _check_reason(BY_STATE_ACT_ROLE["draft", _act_name(act), "owner" if isinstance(act, a.Offer) else "sponsor"], act)
    fact = _new_event(event, act, world)
    return _with_self_consent(None, [fact], world) if isinstance(act, a.Offer) else [fact]


def _with_self_consent(goal: Goal | None, facts: list[NewEvent], world: DecisionContext) -> list[NewEvent]:
    """An offer or a proposal, with its acceptance in the same command where one person holds both roles.

    An owner's proposal within the policy's tolerance likewise.
    """
    state: Any = _preview_state(goal, facts[0], world)
    if isinstance(state, Negotiating) and state.owner == state.sponsor:
        # No further answer is due: the offerer can still name what gives, as an owner who promises can.
        load = _classify_activation(state, "owner", (), world)
        return [*facts, _new_event(e.GoalAccepted(answers=state.open, **load._asdict()), a.Accept(), world)]
    if isinstance(state, Promised) and state.proposal is not None and isinstance(facts[0].data, e.ChangeProposed):
        handed_over = state.proposal.changes.owner or state.proposal.changes.sponsor
        tolerated = isinstance(goal, Promised) and change.is_within_tolerance(goal, facts[0].data, world)
        if (state.self_set and not handed_over) or tolerated:
            other: Side = "sponsor" if state.proposal.by == "owner" else "owner"
            change_consent = change.accept_change(state, None, other, world, self_accepted=True)
            return [*facts, _new_event(change_consent, a.AcceptChange(), world)]
    return facts


def _preview_state(goal: Goal | None, fact: NewEvent, world: DecisionContext) -> Goal | None:
    """The goal as it will be once `fact` is recorded."""
    return evolve(goal, world.preview_event("goal", (goal.version if goal else 0) + 1, fact))


def _is_redundant_import_accept(goal: Goal, act: a.GoalAct, world: DecisionContext) -> bool:
    """In an import the redundant accept of a self-set goal's offer or change: accepted with it already."""
    if not isinstance(goal, Promised) or not goal.self_set:
        return False
    return isinstance(act, a.Accept | a.AcceptChange) and goal.proposal is None and world.party == goal.owner


# --- guards ------------------------------------------------------------------------------------------------------


def _act_name(act: a.Act) -> str:
    return str(act.__struct_config__.tag)


def find_standing_roles(goal: Goal, party: UUID | None, key_roles: frozenset[str]) -> set[str]:
    """The roles that the party holds whatever it says; `key_roles`: those that its key conveys."""
    roles = set(key_roles & _ROLES_BY_KEY)
    if party is None:
        return roles
    if not (isinstance(goal, DraftGoal) and goal.author != party):
        if goal.owner == party:
            roles.add("owner")
        if goal.sponsor == party:
            roles.add("sponsor")
    if not isinstance(goal, Promised):
        return roles
    if goal.delivery is not None and goal.delivery.mediator == party:
        roles.add("mediator")
    changes = goal.proposal.changes if goal.proposal else None
    if changes is not None and party in (changes.owner, changes.sponsor):
        roles.add("new_party")
    return roles


def roles_of(goal: Goal, world: DecisionContext, act: a.Act | None = None) -> frozenset[str]:
    """The roles that the party holds towards this goal; an addressee's and assignee's depend on what the act names."""
    party = world.party
    roles = find_standing_roles(goal, party, world.roles)
    if not isinstance(goal, Promised) or party is None:
        return frozenset(roles)
    if isinstance(act, a.AnswerNeed):
        need = check_ins.find_open_need(goal, act)
        # A need without an addressee is the sponsor's to answer.
        if need is not None and party == (need.addressee or goal.sponsor):
            roles.add("addressee")
    if isinstance(act, a.ResolveBlocker):
        blocker = check_ins.find_open_blocker(goal, act)
        if blocker is not None and blocker.blocker.acts_next == party:
            roles.add("assignee")
    return frozenset(roles)


def _find_transition(goal: Goal, act: a.GoalAct, world: DecisionContext) -> tuple[Transition, str]:
    roles, name = roles_of(goal, world, act), str(act.__struct_config__.tag)
    if act.as_ is not None:
        if act.as_ not in roles:
            raise NotAParty(f"you are not the {act.as_} of this goal", pointer="/as")
        roles = frozenset({act.as_})
    if isinstance(goal, Promised) and isinstance(act, a.AnswerNeed | a.ResolveBlocker):
        check_ins.check_open(goal, act, world, allowed_acts(goal.state, roles))
    for role in ROLES:
        if role in roles and (found := BY_STATE_ACT_ROLE.get((goal.state, name, role))):
            return found, role
    allowed = allowed_acts(goal.state, roles)
    if not roles:
        raise NotAParty(allowed=())
    # An answer to what was replaced meanwhile is refused with the open event, not as another party's act.
    _check_current(goal, act)
    if any((goal.state, name, role) in BY_STATE_ACT_ROLE for role in ROLES):
        raise NotAParty(f"{name} is not yours to say: you are {' and '.join(sorted(roles))} here", allowed=allowed)
    # An act that was recorded late is out of order where a later act moved the goal, and not impossible.
    _check_order(goal, act, world)
    raise ActNotAllowed(f"{name} is not possible while the goal is {goal.state}", allowed=allowed)


def _find_state_then(goal: Goal, act: a.GoalAct, world: DecisionContext) -> Goal:
    """What the act is judged by: of a fact recorded late the goal as it stood then, else as it stands."""
    if not isinstance(act, a.BACK_DATABLE_ACTS) or world.at >= goal.moved_at:
        return goal
    promised = promise_of(goal)
    if promised is None or world.at < promised.promised_at:
        # Older than the promise: it is refused, and for that.
        return promised or goal
    return world.goal(world.stream_id) or goal


def _check_order(goal: Goal, act: a.GoalAct, world: DecisionContext) -> None:
    if isinstance(act, a.BACK_DATABLE_ACTS):
        promised = promise_of(goal)
        if promised is not None and world.at < promised.promised_at:
            raise OutOfOrder("a fact cannot be older than the promise it is about", pointer="/at")
    elif world.at < goal.moved_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(goal.moved_at)}",))


def _check_reason(transition: Transition, act: a.Act) -> None:
    if act.reason is None:
        if transition.reason != "-":
            raise ReasonRequired(f"{transition.act} needs a reason", pointer="/reason")
        return
    if transition.reason == "R" and not is_visible(act.reason.text):
        raise ReasonRequired(f"{transition.act} needs a reason in words, not the code alone", pointer="/reason/text")
    check_reason(act.reason)


def _check_answers(goal: Goal, act: Any, world: DecisionContext) -> None:
    """Raise where the act does not name the open event that it answers: consent is to what was seen."""
    opened = find_open_event(goal)
    if act.answers is None:
        if world.source is Source.IMPORT:
            return
        raise AnswersRequired(pointer="/answers", open_event=str(opened), allowed=(str(opened),))
    if as_uuid(act.answers) is None:
        raise InvalidField("`answers` is an event id", pointer="/answers")
    _check_current(goal, act)


def _check_current(goal: Goal, act: a.GoalAct) -> None:
    """Raise `AnswersSuperseded` where the act answers another event than the open one, and there is one."""
    opened, answers = find_open_event(goal), getattr(act, "answers", None)
    if opened is not None and answers is not None and as_uuid(answers) != opened:
        raise AnswersSuperseded(pointer="/answers", open_event=str(opened), allowed=(str(opened),))


# --- one line per act --------------------------------------------------------------------------------------------


def _classify_activation(
    goal: Negotiating, by: Any, named: tuple[e.TradeOff, ...], world: DecisionContext
) -> LoadClassification:
    return classify_load(
        owner=goal.owner,
        terms=goal.terms,
        current=goal,
        answered=goal,
        named=named,
        activated_by=by,
        world=world,
    )


def _promise(goal: Negotiating, act: a.Promise, _role: str, world: DecisionContext) -> Event:
    named = opening.parse_trade_offs(act.trade_offs, world)
    load = _classify_activation(goal, "owner", named, world)
    return e.GoalPromised(answers=goal.open, trade_offs=named, **load._asdict())


def _accept(goal: Negotiating, act: a.Accept, _role: str, world: DecisionContext) -> Event:
    load = _classify_activation(goal, "sponsor", (), world)
    return e.GoalAccepted(answers=goal.open, promises_back=act.promises_back, **load._asdict())


def _counter(goal: Negotiating, act: a.Counter, role: Any, world: DecisionContext) -> Event:
    terms = opening.apply_counter(goal.terms, act.terms, goal.owner, goal.team, world)
    named = opening.parse_trade_offs(act.trade_offs, world)
    return e.GoalCountered(
        by=role,
        answers=goal.open,
        terms=terms,
        trade_offs=named,
        trade_offs_suffice=can_suffice(named, owner=goal.owner, terms=terms, current=goal, world=world),
        accept_overload=act.accept_overload and role == "sponsor",
    )


#: Act -> what it leads to. Takes the state, the act, the role in which the party acts, and the world.
_HANDLERS: dict[type[a.Act], Callable[[Any, Any, Any, DecisionContext], Event]] = {
    a.ReviseDraft: lambda g, x, _r, w: opening.draft_goal(g, x, w),
    a.Discard: lambda _g, _x, _r, _w: e.GoalDiscarded(),
    a.Request: lambda g, x, _r, w: opening.request_goal(g, x, w),
    a.Offer: lambda g, x, _r, w: opening.offer_goal(g, x, w),
    a.Promise: _promise,
    a.Accept: _accept,
    a.Counter: _counter,
    a.DeferAnswer: lambda _g, x, _r, w: check_ins.defer_answer(x, w),
    a.Decline: lambda g, _x, _r, _w: e.GoalDeclined(answers=g.open),
    a.Withdraw: lambda _g, _x, _r, _w: e.GoalWithdrawn(),
    a.Clarify: check_ins.clarify,
    a.CheckIn: lambda g, x, _r, w: check_ins.record_check_in(g, x, w),
    a.Feedback: lambda _g, x, r, _w: check_ins.give_feedback(x, r),
    a.RaiseBlocker: lambda g, x, _r, w: check_ins.raise_blocker(g, x, w),
    a.ResolveBlocker: lambda _g, x, _r, _w: check_ins.resolve_blocker(x),
    a.AnswerNeed: lambda _g, x, _r, _w: check_ins.answer_need(x),
    a.RecordValue: lambda g, x, _r, w: check_ins.record_value(g, x, w),
    a.TakeBackStatement: check_ins.take_back,
    a.Affirm: lambda _g, x, _r, _w: e.Affirmed(note=x.note),
    a.AffirmLink: lambda g, x, _r, w: e.LinkAffirmed(supports=check_ins.require_linked_supports(g, x, w)),
    a.Unlink: lambda g, x, _r, w: check_ins.unlink(g, x, w),
    a.ChooseApproach: lambda g, x, _r, w: check_ins.choose_approach(g, x, w),
    a.Retitle: lambda _g, x, _r, _w: check_ins.retitle(x),
    a.Resume: lambda g, _x, r, w: check_ins.resume(g, r, w),
    a.ProposeChange: change.propose_change,
    a.CounterChange: change.counter_change,
    a.AcceptChange: change.accept_change,
    a.RejectChange: lambda g, x, r, _w: change.close_proposal(g, x, r),
    a.WithdrawChange: lambda g, x, r, _w: change.close_proposal(g, x, r),
    a.Join: lambda g, x, _r, w: change.join_hand_over(g, x, w),
    a.Refuse: lambda _g, _x, _r, w: e.HandOverRefused(member=w.party or w.stream_id),
    a.DeclareComplete: lambda g, x, _r, w: delivery.declare_completion(g, x, w),
    a.DeclareSatisfied: lambda g, x, _r, _w: delivery.declare_satisfaction(g, x),
    a.RejectDelivery: lambda g, x, _r, w: delivery.reject_delivery(g, x, w),
    a.RetractCompletion: lambda _g, _x, _r, _w: e.CompletionRetracted(),
    a.Dispute: delivery.dispute_delivery,
    a.RuleSatisfied: lambda _g, _x, _r, _w: e.RuledSatisfied(),
    a.RuleBroken: lambda _g, _x, _r, _w: e.RuledBroken(),
    **dict.fromkeys((a.Cancel, a.Release), lambda g, x, _r, w: delivery.free_owner(g, x, w)),
    a.WithdrawPromise: lambda g, x, _r, w: delivery.withdraw_promise(g, x, w),
    a.CloseBroken: lambda _g, _x, _r, _w: e.ClosedBroken(),
    a.ReassignSponsor: lambda g, x, _r, w: delivery.reassign_sponsor(g, x, w),
    a.ReleaseDeparted: lambda g, _x, _r, w: delivery.release_departed(g, w),
}
