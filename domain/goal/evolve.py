"""The fold: what each fact makes of a goal. Never fails on a recorded event, whatever the order in which it is told."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from domain.calendar import working_days_between
from domain.envelope import Recorded
from domain.goal import events as e
from domain.goal.state import (
    Asked,
    Delivery,
    Draft,
    Ended,
    Goal,
    LinkState,
    OpenBlocker,
    OpenNeed,
    Promised,
    Proposal,
)
from domain.quantities import exact, quantity
from domain.terms import Measure, Terms

#: Facts and reminders: they tell, but do not move the agreement's clock of order.
UNMOVING = (*e.BACK_DATABLE, e.CheckInDue, e.ResponseReminded)

#: A question stops the other side's response clock for at most this many working days, and at most twice.
CLARIFY_WORKING_DAYS = 5
CLARIFY_PAUSES = 2


def evolve(goal: Goal | None, recorded: Recorded) -> Goal | None:
    """The goal after `recorded`. An event that has no meaning in a state only leaves its trace in the header."""
    opening = _OPENINGS.get(type(recorded.data))
    if opening is not None:
        return _opened(goal, recorded, opening)
    if goal is None:
        return None
    applied = _fold(goal, recorded)
    moved = goal.moved_at if isinstance(recorded.data, UNMOVING) else max(goal.moved_at, recorded.occurred_at)
    return replace(applied, version=recorded.version, moved_at=moved, last_at=max(goal.last_at, recorded.occurred_at))


def _fold(goal: Goal, recorded: Recorded) -> Goal:
    kind = type(recorded.data)
    if isinstance(goal, Asked) and kind in _ASKED:
        return _ASKED[kind](goal, recorded.data, recorded)
    if isinstance(goal, Promised) and kind in _PROMISED:
        return _PROMISED[kind](goal, recorded.data, recorded)
    if isinstance(goal, Draft) and isinstance(recorded.data, e.GoalDiscarded):
        return _ended(goal, "withdrawn", recorded)
    if isinstance(recorded.data, e.Retitled) and not isinstance(goal, Ended):
        retitled: Goal = _retitled(goal, recorded.data, recorded)
        return retitled
    return goal


# --- beginning ---------------------------------------------------------------------------------------------------


def _opened(goal: Goal | None, recorded: Recorded, opening: Callable[..., Goal]) -> Goal:
    event: Any = recorded.data
    header = {
        "id": recorded.stream_id,
        "version": recorded.version,
        "title": event.title,
        "team": event.team,
        "description": event.description,
        "tags": event.tags,
        "ref": event.ref or (goal.ref if goal else None),
        "follow_up_of": event.follow_up_of or (goal.follow_up_of if goal else None),
        "opened_at": goal.opened_at if goal else recorded.occurred_at,
        "moved_at": recorded.occurred_at,
        "last_at": recorded.occurred_at,
    }
    opened: Goal = opening(goal, event, recorded, header)
    return opened


def _drafted(
    goal: Goal | None, event: e.GoalDrafted | e.DraftRevised, recorded: Recorded, header: dict[str, Any]
) -> Goal:
    author = event.author if isinstance(event, e.GoalDrafted) else goal.author if isinstance(goal, Draft) else None
    return Draft(
        **header,
        state="draft",
        author=author or recorded.party or recorded.stream_id,
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
    )


def _requested(_goal: Goal | None, event: e.GoalRequested, recorded: Recorded, header: dict[str, Any]) -> Goal:
    return Asked(
        **header,
        state="requested",
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
        open=recorded.event_id,
        requested_by="sponsor",
        imposed=event.imposed,
        asked_at=recorded.occurred_at,
        trade_offs=event.trade_offs,
        overload_accepted_by=recorded.event_id if event.accept_overload else None,
    )


def _offered(_goal: Goal | None, event: e.GoalOffered, recorded: Recorded, header: dict[str, Any]) -> Goal:
    return Asked(
        **header,
        state="offered",
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
        open=recorded.event_id,
        requested_by="owner",
        asked_at=recorded.occurred_at,
        trade_offs=event.trade_offs,
    )


_OPENINGS: dict[type, Callable[..., Goal]] = {
    e.GoalDrafted: _drafted,
    e.DraftRevised: _drafted,
    e.GoalRequested: _requested,
    e.GoalOffered: _offered,
}


def _retitled(goal: Any, event: e.Retitled, _recorded: Recorded) -> Any:
    return replace(
        goal,
        title=goal.title if event.title is None else event.title,
        description=goal.description if event.description is None else event.description,
        tags=goal.tags if event.tags is None else event.tags,
    )


# --- asked -------------------------------------------------------------------------------------------------------


def _countered(goal: Asked, event: e.GoalCountered, recorded: Recorded) -> Goal:
    accepted = goal.overload_accepted_by
    if event.by == "sponsor":
        accepted = recorded.event_id if event.accept_overload else None
    return replace(
        goal,
        state=f"countered_by_{event.by}",
        terms=event.terms,
        open=recorded.event_id,
        asked_at=recorded.occurred_at,
        clarify_asked_at=None,
        clarify_by=None,
        paused_working_days=0,
        reminded=False,
        answer_by=None,
        rounds=goal.rounds + 1,
        trade_offs=event.trade_offs,
        overload_accepted_by=accepted,
    )


def _deferred(goal: Asked, event: e.AnswerDeferred, _recorded: Recorded) -> Goal:
    return replace(goal, state="answer_deferred", answer_by=event.answer_by)


def _clarified(goal: Asked, event: e.ClarificationAsked, recorded: Recorded) -> Goal:
    if goal.clarify_asked_at is not None:
        if event.by == goal.clarify_by:
            return goal
        waited = working_days_between(goal.clarify_asked_at.date(), recorded.occurred_at.date())
        return replace(
            goal,
            clarify_asked_at=None,
            clarify_by=None,
            paused_working_days=goal.paused_working_days + min(waited, CLARIFY_WORKING_DAYS),
        )
    if goal.clarifications >= CLARIFY_PAUSES:
        return goal
    return replace(
        goal, clarify_asked_at=recorded.occurred_at, clarify_by=event.by, clarifications=goal.clarifications + 1
    )


def _reminded(goal: Asked, _event: e.ResponseReminded, _recorded: Recorded) -> Goal:
    return replace(goal, reminded=True)


def _activated(goal: Asked, _event: e.GoalPromised | e.GoalAccepted, recorded: Recorded) -> Goal:
    at = recorded.occurred_at
    return Promised(
        id=goal.id,
        version=recorded.version,
        state="active",
        title=goal.title,
        team=goal.team,
        description=goal.description,
        tags=goal.tags,
        ref=goal.ref,
        follow_up_of=goal.follow_up_of,
        opened_at=goal.opened_at,
        moved_at=at,
        last_at=at,
        owner=goal.owner,
        sponsor=goal.sponsor,
        terms=goal.terms,
        promised_at=at,
        first_terms=goal.terms,
        requested_by=goal.requested_by,
        imposed=goal.imposed,
        self_set=goal.owner == goal.sponsor,
        promise_event=recorded.event_id,
        terms_event=recorded.event_id,
        links=tuple(LinkState(support=s, affirmed_at=at) for s in goal.terms.supports),
        judged_at=at,
        judged_by_event=recorded.event_id,
        lapse_due=goal.terms.due,
        armed_at=at,
    )


def _ended(goal: Any, state: str, recorded: Recorded) -> Ended:
    promised = goal if isinstance(goal, Promised) else None
    return Ended(
        id=goal.id,
        version=recorded.version,
        state=state,
        title=goal.title,
        team=goal.team,
        description=goal.description,
        tags=goal.tags,
        ref=goal.ref,
        follow_up_of=goal.follow_up_of,
        opened_at=goal.opened_at,
        moved_at=goal.moved_at,
        last_at=goal.last_at,
        owner=goal.owner,
        sponsor=goal.sponsor,
        terms=goal.terms if isinstance(goal.terms, Terms) else None,
        ended_at=recorded.occurred_at,
        ended_by_event=recorded.event_id,
        promised=promised,
    )


def _end(state: str) -> Callable[..., Goal]:
    return lambda goal, _event, recorded: _ended(goal, state, recorded)


_ASKED: dict[type, Callable[..., Goal]] = {
    e.GoalCountered: _countered,
    e.AnswerDeferred: _deferred,
    e.ClarificationAsked: _clarified,
    e.ResponseReminded: _reminded,
    e.GoalPromised: _activated,
    e.GoalAccepted: _activated,
    e.GoalDeclined: _end("declined"),
    e.GoalWithdrawn: _end("withdrawn"),
    e.GoalExpired: _end("expired"),
}


# --- in communication --------------------------------------------------------------------------------------------


def _judged(goal: Promised, recorded: Recorded) -> Promised:
    """A human judgement; one told late never takes back a later one."""
    if recorded.occurred_at < goal.judged_at:
        return goal
    return replace(goal, judged_at=recorded.occurred_at, judged_by_event=recorded.event_id)


def progress_of(value: str, measure: Measure) -> str | None:
    """(v - b) / (T - b), clamped to 0..1, as a decimal string; None where the measure has no span."""
    if measure.baseline is None or measure.target is None:
        return None
    span = exact(measure.target) - exact(measure.baseline)
    if span == 0:
        return None
    share = min(Fraction(1), max(Fraction(0), (exact(value) - exact(measure.baseline)) / span))
    return quantity(f"{float(share):.6f}", "/value")


def _valued(goal: Promised, value: str, recorded: Recorded) -> Promised:
    progress = progress_of(value, goal.terms.measure)
    if progress is None:
        return replace(goal, value=value)
    return replace(goal, value=value, progress=progress, progress_at=recorded.occurred_at)


def _recent(goal: Promised, recorded: Recorded) -> bool:
    return goal.progress_at is None or recorded.occurred_at >= goal.progress_at


def _checked_in(goal: Promised, event: e.CheckedIn, recorded: Recorded) -> Goal:
    at = recorded.occurred_at
    state = _judged(goal, recorded)
    needs = tuple(
        OpenNeed(check_in=recorded.event_id, index=i, addressee=n.addressee, answer_by=n.answer_by, raised_at=at)
        for i, n in enumerate(event.needs)
    )
    state = replace(state, needs=(*state.needs, *needs))
    if goal.last_check_in_at is None or at >= goal.last_check_in_at:
        state = replace(
            state,
            last_check_in=recorded.event_id,
            last_check_in_at=at,
            confidence=state.confidence if event.confidence is None else event.confidence,
            blocked_in_check_in=state.blocked_in_check_in if event.blockers is None else bool(event.blockers),
        )
    if event.value is not None and _recent(goal, recorded):
        state = _valued(state, event.value, recorded)
    if event.progress is not None and _recent(goal, recorded):
        state = replace(state, progress=event.progress, progress_at=at)
    return state


def _value_recorded(goal: Promised, event: e.ValueRecorded, recorded: Recorded) -> Goal:
    return _valued(goal, event.value, recorded) if _recent(goal, recorded) else goal


def _check_in_due(goal: Promised, _event: e.CheckInDue, _recorded: Recorded) -> Goal:
    return replace(goal, reminded_of=goal.judged_by_event)


def _blocker_raised(goal: Promised, event: e.BlockerRaised, recorded: Recorded) -> Goal:
    raised = OpenBlocker(id=recorded.event_id, blocker=event.blocker, raised_at=recorded.occurred_at)
    return replace(goal, blockers=(*goal.blockers, raised))


def _blocker_resolved(goal: Promised, event: e.BlockerResolved, _recorded: Recorded) -> Goal:
    return replace(goal, blockers=tuple(b for b in goal.blockers if b.id != event.blocker))


def _need_answered(goal: Promised, event: e.NeedAnswered, _recorded: Recorded) -> Goal:
    answered = (event.check_in, event.need)
    return replace(goal, needs=tuple(n for n in goal.needs if (n.check_in, n.index) != answered))


def _affirmed(goal: Promised, _event: e.Affirmed, recorded: Recorded) -> Goal:
    return _judged(goal, recorded)


def _link_affirmed(goal: Promised, event: e.LinkAffirmed, recorded: Recorded) -> Goal:
    at = recorded.occurred_at
    return replace(
        _judged(goal, recorded),
        links=tuple(replace(x, affirmed_at=at) if x.support in event.supports else x for x in goal.links),
    )


def _unlinked(goal: Promised, event: e.Unlinked, _recorded: Recorded) -> Goal:
    kept = tuple(x for x in goal.links if x.support not in event.supports)
    return replace(goal, links=kept, terms=replace(goal.terms, supports=tuple(x.support for x in kept)))


def _resumed(goal: Promised, _event: e.Resumed, recorded: Recorded) -> Goal:
    return replace(_judged(goal, recorded), pause=None, armed_at=recorded.occurred_at)


# --- renegotiation -----------------------------------------------------------------------------------------------


def _proposed(goal: Promised, event: e.ChangeProposed | e.ChangeCountered, recorded: Recorded) -> Goal:
    before = goal.proposal
    accepted = before.overload_accepted_by if before else None
    if event.by == "sponsor":
        accepted = recorded.event_id if event.accept_overload else None
    proposal = Proposal(
        id=recorded.event_id,
        by=event.by,
        changes=event.changes,
        proposed_at=recorded.occurred_at,
        in_time=event.in_time,
        retroactive=event.retroactive,
        trigger=event.trigger if isinstance(event, e.ChangeProposed) else (before.trigger if before else "other"),
        trade_offs=event.trade_offs,
        overload_accepted_by=accepted,
        prior=before.prior if before else ("lapsed" if goal.state == "lapsed" else "active"),
        # Whoever proposes a change that names them has joined by that act.
        joined=tuple(m for m in (event.changes.owner, event.changes.sponsor) if m and m == recorded.party),
    )
    return replace(goal, state=f"change_proposed_by_{event.by}", proposal=proposal)


def _joined(goal: Promised, event: e.HandOverJoined, _recorded: Recorded) -> Goal:
    if goal.proposal is None:
        return goal
    return replace(goal, proposal=replace(goal.proposal, joined=(*goal.proposal.joined, event.member)))


def _back(goal: Promised, _event: Any, recorded: Recorded) -> Goal:
    """The open change falls; the goal returns to the state in which it began, its lapse armed anew."""
    prior = goal.proposal.prior if goal.proposal else "active"
    return replace(goal, state=prior, proposal=None, armed_at=recorded.occurred_at)


def _timed_out(goal: Promised, event: e.ChangeTimedOut, recorded: Recorded) -> Goal:
    missed = goal.sponsor_missed_answer or event.sponsor_missed_answer
    return replace(_back(goal, event, recorded), sponsor_missed_answer=missed)


def terms_after(terms: Terms, changes: e.Diff) -> Terms:
    """Terms with an accepted diff folded in; owner, sponsor and pause are not terms."""
    told = {
        name: value
        for name in ("outcome", "measure", "conditions", "start", "due", "effort_hours", "priority", "supports")
        if (value := getattr(changes, name)) is not None
    }
    return replace(terms, **told)


def _accepted(goal: Promised, event: e.ChangeAccepted, recorded: Recorded) -> Goal:
    if goal.proposal is None:
        return goal
    at, changes = recorded.occurred_at, goal.proposal.changes
    terms = terms_after(goal.terms, changes)
    known = {x.support: x for x in goal.links}
    owner, sponsor = changes.owner or goal.owner, changes.sponsor or goal.sponsor
    moved = abs((terms.due - goal.terms.due).days) if event.self_accepted and goal.owner != goal.sponsor else 0
    return replace(
        _judged(goal, recorded),
        state="active",
        owner=owner,
        sponsor=sponsor,
        self_set=owner == sponsor,
        terms=terms,
        terms_version=goal.terms_version + 1,
        terms_event=recorded.event_id,
        links=tuple(known.get(s, LinkState(support=s, affirmed_at=at)) for s in terms.supports),
        proposal=None,
        pause=changes.pause or goal.pause,
        lapse_due=terms.due,
        armed_at=at,
        sponsor_missed_answer=False,
        tolerance_used_days=goal.tolerance_used_days + moved,
    )


def _lapsed(goal: Promised, event: e.GoalLapsed, recorded: Recorded) -> Goal:
    lapsed = replace(
        goal,
        lapsed_at=recorded.occurred_at,
        sponsor_missed_answer=goal.sponsor_missed_answer or event.sponsor_missed_answer,
    )
    if goal.proposal is not None:
        return replace(lapsed, proposal=replace(goal.proposal, prior="lapsed"))
    return replace(lapsed, state="lapsed")


# --- completion --------------------------------------------------------------------------------------------------


def _delivered(goal: Promised, _event: e.CompletionDeclared, recorded: Recorded) -> Goal:
    prior = goal.proposal.prior if goal.proposal else goal.state
    delivery = Delivery(id=recorded.event_id, delivered_at=recorded.occurred_at, lapsed=prior == "lapsed")
    return replace(_judged(goal, recorded), state="delivered", proposal=None, delivery=delivery)


def _reopened(goal: Promised, event: e.DeliveryRejected | e.CompletionRetracted, recorded: Recorded) -> Goal:
    due = goal.terms.due
    if isinstance(event, e.DeliveryRejected):
        due = max(due, event.rework_by)
    return replace(goal, state="active", delivery=None, lapse_due=due, armed_at=recorded.occurred_at)


def _disputed(goal: Promised, event: e.DeliveryDisputed, _recorded: Recorded) -> Goal:
    if goal.delivery is None:
        return goal
    return replace(goal, delivery=replace(goal.delivery, mediator=event.mediator, decide_by=event.decide_by))


def _reassigned(goal: Promised, event: e.SponsorReassigned, _recorded: Recorded) -> Goal:
    return replace(goal, sponsor=event.sponsor, self_set=goal.owner == event.sponsor)


_PROMISED: dict[type, Callable[..., Goal]] = {
    e.CheckedIn: _checked_in,
    e.ValueRecorded: _value_recorded,
    e.CheckInDue: _check_in_due,
    e.BlockerRaised: _blocker_raised,
    e.BlockerResolved: _blocker_resolved,
    e.NeedAnswered: _need_answered,
    e.Affirmed: _affirmed,
    e.LinkAffirmed: _link_affirmed,
    e.Unlinked: _unlinked,
    e.Resumed: _resumed,
    e.ChangeProposed: _proposed,
    e.ChangeCountered: _proposed,
    e.HandOverJoined: _joined,
    e.HandOverRefused: _back,
    e.ChangeRejected: _back,
    e.ChangeWithdrawn: _back,
    e.ChangeTimedOut: _timed_out,
    e.ChangeAccepted: _accepted,
    e.GoalLapsed: _lapsed,
    e.CompletionDeclared: _delivered,
    e.DeliveryRejected: _reopened,
    e.CompletionRetracted: _reopened,
    e.DeliveryDisputed: _disputed,
    e.SponsorReassigned: _reassigned,
    e.SatisfactionDeclared: _end("satisfied"),
    e.RuledSatisfied: _end("satisfied"),
    e.DeemedSatisfied: _end("satisfied"),
    e.RuledBroken: _end("broken"),
    e.ClosedBroken: _end("broken"),
    e.GivenUp: _end("broken"),
    e.GoalCancelled: _end("cancelled"),
    e.GoalReleased: _end("released"),
    e.DepartedReleased: _end("released"),
    e.PromiseWithdrawn: _end("promise_withdrawn"),
}
