"""The fold: what each fact makes of a goal. Never fails on a recorded event, in whatever order events are recorded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.envelope import RecordedEvent, Source
from domain.goal import events as e
from domain.goal.state import (
    ChangeProposal,
    Delivery,
    DraftGoal,
    Ended,
    Goal,
    LinkState,
    Negotiating,
    OpenBlocker,
    OpenNeed,
    Promised,
    SourceField,
    ToleratedChange,
    shared_fields,
    statements_of,
)
from domain.goal.statements import Progress, add_statement, correct_statement, take_back_statement
from domain.quantities import to_decimal_text, to_fraction
from domain.terms import Measure, Terms

# --- the ends ----------------------------------------------------------------------------------------------------


def end_goal(goal: DraftGoal | Negotiating | Promised, state: str, recorded: RecordedEvent) -> Ended:
    return Ended(
        **shared_fields(goal),
        state=state,
        owner=goal.owner,
        sponsor=goal.sponsor,
        terms=goal.terms if isinstance(goal.terms, Terms) else None,
        ended_at=recorded.occurred_at,
        ended_by_event=recorded.event_id,
        promised=goal if isinstance(goal, Promised) else None,
    )


def end_handler(state: str) -> Callable[..., Goal]:
    return lambda goal, _event, recorded: end_goal(goal, state, recorded)


# --- in communication --------------------------------------------------------------------------------------------


def _apply_judgement(goal: Promised, recorded: RecordedEvent) -> Promised:
    return replace(goal, **_judgement_fields(goal, recorded))


def _judgement_fields(goal: Promised, recorded: RecordedEvent) -> dict[str, Any]:
    """A human judgement; one recorded late never replaces a later one."""
    if recorded.occurred_at < goal.judged_at:
        return {}
    return {"judged_at": recorded.occurred_at, "judged_by_event": recorded.event_id}


def compute_progress(value: str, measure: Measure) -> Fraction | None:
    """(v - b) / (T - b), clamped to 0..1, exactly; None where the measure has no span."""
    if measure.baseline is None or measure.target is None:
        return None
    span = to_fraction(measure.target) - to_fraction(measure.baseline)
    if span == 0:
        return None
    return min(Fraction(1), max(Fraction(0), (to_fraction(value) - to_fraction(measure.baseline)) / span))


def _with_source(goal: Promised, field: SourceField, *events: UUID) -> dict[str, tuple[UUID, ...]]:
    return {**goal.sources, field: events}


def _checked_in(goal: Promised, event: e.CheckedIn, recorded: RecordedEvent) -> Goal:
    at = recorded.occurred_at
    # One copy of the goal at the end: it has fifty fields, and a check-in is the commonest of events.
    updates: dict[str, Any] = _judgement_fields(goal, recorded)
    if event.needs:
        needs = tuple(
            OpenNeed(check_in=recorded.event_id, index=i, addressee=n.addressee, answer_by=n.answer_by, raised_at=at)
            for i, n in enumerate(event.needs)
        )
        place = bisect_right(goal.needs, at, key=attrgetter("raised_at"))
        updates["needs"] = (*goal.needs[:place], *needs, *goal.needs[place:])
    return replace(goal, **updates, **_statement_fields(goal, event, event.progress, recorded))


def _value_recorded(goal: Promised, event: e.ValueRecorded, recorded: RecordedEvent) -> Goal:
    return replace(goal, **_statement_fields(goal, event, None, recorded))


def _statement_fields(
    goal: Promised, event: e.CheckedIn | e.ValueRecorded, progress: str | None, recorded: RecordedEvent
) -> dict[str, Any]:
    """Progress, value, confidence and blockers as stated, each by business time the latest."""
    stated = None if progress is None else Progress(progress)
    share = None if event.value is None else compute_progress(event.value, goal.terms.measure)
    if stated is None and share is not None:
        text = to_decimal_text(share)
        exact = None if to_fraction(text) == share else str(share)
        # What the reading means depends on the measure of its time.
        stated = Progress(text, exact, goal.sources.get("measure", ()))
    fold = add_statement if event.corrects is None else correct_statement
    return fold(statements_of(goal), goal.sources, event, stated, recorded)


def _statement_taken_back(goal: Promised, event: e.StatementTakenBack, recorded: RecordedEvent) -> Goal:
    updates = take_back_statement(statements_of(goal), goal.sources, event.corrects, recorded)
    if event.of == "check_in":
        # Taking a check-in back is a judgement of how the goal stands, as a correction is.
        updates |= _judgement_fields(goal, recorded)
        updates["needs"] = tuple(n for n in goal.needs if n.check_in != event.corrects)
    return replace(goal, **updates)


def _check_in_due(goal: Promised, _event: e.CheckInDue, recorded: RecordedEvent) -> Goal:
    # A judgement that was recorded after the reminder was not what it was about, though it came before it.
    return replace(goal, reminded_of=recorded.causation_id or goal.judged_by_event)


def _blocker_raised(goal: Promised, event: e.BlockerRaised, recorded: RecordedEvent) -> Goal:
    raised = OpenBlocker(id=recorded.event_id, blocker=event.blocker, raised_at=recorded.occurred_at)
    return replace(goal, blockers=(*goal.blockers, raised))


def _blocker_resolved(goal: Promised, event: e.BlockerResolved, _recorded: RecordedEvent) -> Goal:
    return replace(goal, blockers=tuple(b for b in goal.blockers if b.id != event.blocker))


def _need_answered(goal: Promised, event: e.NeedAnswered, _recorded: RecordedEvent) -> Goal:
    answered = (event.check_in, event.need)
    return replace(goal, needs=tuple(n for n in goal.needs if (n.check_in, n.index) != answered))


def _affirmed(goal: Promised, _event: e.Affirmed, recorded: RecordedEvent) -> Goal:
    return _apply_judgement(goal, recorded)


def _link_affirmed(goal: Promised, event: e.LinkAffirmed, recorded: RecordedEvent) -> Goal:
    at = recorded.occurred_at
    return replace(
        _apply_judgement(goal, recorded),
        links=tuple(replace(x, affirmed_at=at) if x.support in event.supports else x for x in goal.links),
    )


def _unlinked(goal: Promised, event: e.Unlinked, _recorded: RecordedEvent) -> Goal:
    kept = tuple(x for x in goal.links if x.support not in event.supports)
    return replace(goal, links=kept, terms=replace(goal.terms, supports=tuple(x.support for x in kept)))


def _resumed(goal: Promised, _event: e.Resumed, recorded: RecordedEvent) -> Goal:
    """Work goes on before the agreed day; the goal's progress is unchanged."""
    sources = _with_source(goal, "pause", recorded.event_id)
    return replace(goal, pause=None, armed_at=recorded.occurred_at, sources=sources)


# --- renegotiation -----------------------------------------------------------------------------------------------


def _proposed(goal: Promised, event: e.ChangeProposed | e.ChangeCountered, recorded: RecordedEvent) -> Goal:
    before = goal.proposal
    accepted = before.overload_accepted_by if before else None
    if event.by == "sponsor":
        accepted = recorded.event_id if event.accept_overload else None
    # The owner's timely proposal had kept the lapse away; the counter that replaces it arms it anew.
    rearmed = before is not None and before.by == "owner" and before.in_time
    proposal = ChangeProposal(
        id=recorded.event_id,
        by=event.by,
        changes=event.changes,
        proposed_at=recorded.occurred_at,
        in_time=event.in_time,
        retroactive=event.retroactive,
        trigger=event.trigger if isinstance(event, e.ChangeProposed) else (before.trigger if before else "other"),
        trade_offs=event.trade_offs,
        trade_offs_suffice=event.trade_offs_suffice,
        overload_accepted_by=accepted,
        prior=before.prior if before else ("lapsed" if goal.state == "lapsed" else "active"),
        # A proposer who is named by the change has joined by that act.
        joined=tuple(m for m in (event.changes.owner, event.changes.sponsor) if m and m == recorded.party),
    )
    return replace(
        goal,
        state=f"change_proposed_by_{event.by}",
        proposal=proposal,
        armed_at=recorded.occurred_at if rearmed else goal.armed_at,
    )


def _joined(goal: Promised, event: e.HandOverJoined, _recorded: RecordedEvent) -> Goal:
    if goal.proposal is None:
        return goal
    proposal = goal.proposal
    joined, named = (*proposal.joined, event.member), (*proposal.trade_offs, *event.trade_offs)
    suffice = event.trade_offs_suffice or proposal.trade_offs_suffice
    return replace(goal, proposal=replace(proposal, joined=joined, trade_offs=named, trade_offs_suffice=suffice))


def _proposal_closed(goal: Promised, _event: Any, recorded: RecordedEvent) -> Goal:
    """The open change falls; the goal returns to the state in which it began, its lapse armed anew."""
    prior = goal.proposal.prior if goal.proposal else "active"
    return replace(goal, state=prior, proposal=None, armed_at=recorded.occurred_at)


def _timed_out(goal: Promised, event: e.ChangeTimedOut, recorded: RecordedEvent) -> Goal:
    missed = goal.sponsor_missed_answer or event.sponsor_missed_answer
    return replace(_proposal_closed(goal, event, recorded), sponsor_missed_answer=missed)


def apply_diff(terms: Terms, changes: e.Diff) -> Terms:
    """Terms with an accepted diff folded in; owner, sponsor and pause are not terms."""
    updates = {
        name: value
        for name in ("outcome", "measure", "conditions", "start", "due", "effort_hours", "priority", "supports")
        if (value := getattr(changes, name)) is not None
    }
    return replace(terms, **updates)


def _accepted(goal: Promised, event: e.ChangeAccepted, recorded: RecordedEvent) -> Goal:
    if goal.proposal is None:
        return goal
    at, changes = recorded.occurred_at, goal.proposal.changes
    terms = apply_diff(goal.terms, changes)
    owner, sponsor = changes.owner or goal.owner, changes.sponsor or goal.sponsor
    events = (goal.proposal.id, recorded.event_id)
    sources = {
        name: (*goal.sources.get(name, ()), *events) if name in ("owner", "sponsor") else events
        for name in ("effort_hours", "start", "due", "measure", "priority", "pause", "owner", "sponsor")
        if getattr(changes, name) is not None
    }
    moved = abs((terms.due - goal.terms.due).days) if event.self_accepted and goal.owner != goal.sponsor else 0
    return replace(
        _apply_judgement(goal, recorded),
        state="active",
        owner=owner,
        sponsor=sponsor,
        self_set=owner == sponsor,
        terms=terms,
        terms_version=goal.terms_version + 1,
        terms_event=recorded.event_id,
        sources={**goal.sources, **sources},
        changed_at=at,
        # Renegotiating is one of the ways to say that a support still holds.
        links=tuple(LinkState(support=s, affirmed_at=at) for s in terms.supports),
        proposal=None,
        pause=changes.pause or goal.pause,
        lapse_due=terms.due,
        armed_at=at,
        sponsor_missed_answer=False,
        tolerance_used_days=goal.tolerance_used_days + moved,
        tolerated=(*goal.tolerated, ToleratedChange(at=at, days=moved)) if moved else goal.tolerated,
    )


def _lapsed(goal: Promised, event: e.GoalLapsed, recorded: RecordedEvent) -> Goal:
    lapsed = replace(
        goal,
        lapsed_at=recorded.occurred_at,
        sources=_with_source(goal, "lapse", recorded.event_id),
        sponsor_missed_answer=goal.sponsor_missed_answer or event.sponsor_missed_answer,
    )
    if goal.proposal is not None:
        return replace(lapsed, proposal=replace(goal.proposal, prior="lapsed"))
    return replace(lapsed, state="lapsed")


# --- completion --------------------------------------------------------------------------------------------------


def _delivered(goal: Promised, _event: e.CompletionDeclared, recorded: RecordedEvent) -> Goal:
    prior = goal.proposal.prior if goal.proposal else goal.state
    delivery = Delivery(id=recorded.event_id, delivered_at=recorded.occurred_at, lapsed=prior == "lapsed")
    return replace(goal, state="delivered", proposal=None, delivery=delivery)


def _reopened(goal: Promised, event: e.DeliveryRejected | e.CompletionRetracted, recorded: RecordedEvent) -> Goal:
    """Back to work: a retraction keeps what time there was, a rejection gives time for rework."""
    due = max(goal.terms.due, event.rework_by) if isinstance(event, e.DeliveryRejected) else goal.lapse_due
    return replace(goal, state="active", delivery=None, lapse_due=due, armed_at=recorded.occurred_at)


def _disputed(goal: Promised, event: e.DeliveryDisputed, _recorded: RecordedEvent) -> Goal:
    if goal.delivery is None:
        return goal
    return replace(goal, delivery=replace(goal.delivery, mediator=event.mediator, decide_by=event.decide_by))


def _reassigned(goal: Promised, event: e.SponsorReassigned, recorded: RecordedEvent) -> Goal:
    return replace(
        goal,
        sponsor=event.sponsor,
        self_set=goal.owner == event.sponsor,
        sponsor_since=recorded.occurred_at,
        sources=_with_source(goal, "sponsor", *goal.sources.get("sponsor", ()), recorded.event_id),
    )


PROMISED_HANDLERS: dict[type, Callable[..., Goal]] = {
    e.CheckedIn: _checked_in,
    e.ValueRecorded: _value_recorded,
    e.StatementTakenBack: _statement_taken_back,
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
    e.HandOverRefused: _proposal_closed,
    e.ChangeRejected: _proposal_closed,
    e.ChangeWithdrawn: _proposal_closed,
    e.ChangeTimedOut: _timed_out,
    e.ChangeAccepted: _accepted,
    e.GoalLapsed: _lapsed,
    e.CompletionDeclared: _delivered,
    e.DeliveryRejected: _reopened,
    e.CompletionRetracted: _reopened,
    e.DeliveryDisputed: _disputed,
    e.SponsorReassigned: _reassigned,
    e.SatisfactionDeclared: end_handler("satisfied"),
    e.RuledSatisfied: end_handler("satisfied"),
    e.DeemedSatisfied: end_handler("satisfied"),
    e.RuledBroken: end_handler("broken"),
    e.ClosedBroken: end_handler("broken"),
    e.GivenUp: end_handler("broken"),
    e.GoalCancelled: end_handler("cancelled"),
    e.GoalReleased: end_handler("released"),
    e.DepartedReleased: end_handler("released"),
    e.PromiseWithdrawn: end_handler("promise_withdrawn"),
}

#: Facts and reminders: they do not move the instant behind which later acts must come.
COSMETIC_EVENTS = (*e.BACK_DATABLE, e.CheckInDue, e.ResponseReminded)

#: How many questions stop the response clock.
CLARIFY_PAUSES = 2


def evolve(goal: Goal | None, recorded: RecordedEvent) -> Goal | None:
    """The goal after `recorded`. An event that has no meaning in a state only leaves its trace in the header."""
    opening = _OPENING_HANDLERS.get(type(recorded.data))
    if opening is not None:
        return _opened(goal, recorded, opening)
    if goal is None:
        return None
    at, moved_at, acted_at = recorded.occurred_at, goal.moved_at, goal.acted_at
    if not isinstance(recorded.data, COSMETIC_EVENTS):
        moved_at = max(moved_at, at)
        acted_at = acted_at if recorded.source is Source.TIMER else max(acted_at, at)
    return replace(
        _fold(goal, recorded),
        version=recorded.version,
        moved_at=moved_at,
        acted_at=acted_at,
        last_at=max(goal.last_at, at),
        external_source=goal.external_source or recorded.external_source,
    )


def _fold(goal: Goal, recorded: RecordedEvent) -> Goal:
    kind = type(recorded.data)
    if isinstance(goal, Negotiating) and kind in NEGOTIATING_HANDLERS:
        return NEGOTIATING_HANDLERS[kind](goal, recorded.data, recorded)
    if isinstance(goal, Promised):
        if recorded.party in (goal.owner, goal.sponsor) and recorded.occurred_at > goal.contact_at:
            # One of its parties spoke.
            goal = replace(goal, contact_at=recorded.occurred_at, contact_event=recorded.event_id)
        if kind in PROMISED_HANDLERS:
            return PROMISED_HANDLERS[kind](goal, recorded.data, recorded)
    if isinstance(goal, Ended) and recorded.occurred_at < goal.ended_at and isinstance(recorded.data, e.BACK_DATABLE):
        # Recorded late, it belongs to the promise before its end.
        promised = evolve(goal.promised, recorded)
        return replace(goal, promised=promised if isinstance(promised, Promised) else None)
    if isinstance(goal, DraftGoal) and isinstance(recorded.data, e.GoalDiscarded):
        return end_goal(goal, "withdrawn", recorded)
    if isinstance(recorded.data, e.Retitled) and not isinstance(goal, Ended):
        retitled: Goal = _retitled(goal, recorded.data, recorded)
        return retitled
    return goal


# --- beginning ---------------------------------------------------------------------------------------------------


def _opened(goal: Goal | None, recorded: RecordedEvent, opening: Callable[..., Goal]) -> Goal:
    event: Any = recorded.data
    head = {
        "id": recorded.stream_id,
        "version": recorded.version,
        "title": event.title,
        "team": event.team,
        "description": event.description,
        "tags": event.tags,
        "ref": event.ref or (goal.ref if goal else None),
        "follow_up_of": event.follow_up_of or (goal.follow_up_of if goal else None),
        "external_source": (goal.external_source if goal else None) or recorded.external_source,
        "opened_at": goal.opened_at if goal else recorded.occurred_at,
        "moved_at": recorded.occurred_at,
        "acted_at": recorded.occurred_at,
        "last_at": recorded.occurred_at,
    }
    opened: Goal = opening(goal, event, recorded, head)
    return opened


def _drafted(
    goal: Goal | None, event: e.GoalDrafted | e.DraftRevised, recorded: RecordedEvent, head: dict[str, Any]
) -> Goal:
    author = event.author if isinstance(event, e.GoalDrafted) else goal.author if isinstance(goal, DraftGoal) else None
    return DraftGoal(
        **head,
        state="draft",
        author=author or recorded.party or recorded.stream_id,
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
    )


def _requested(_goal: Goal | None, event: e.GoalRequested, recorded: RecordedEvent, head: dict[str, Any]) -> Goal:
    return Negotiating(
        **head,
        state="requested",
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
        open=recorded.event_id,
        opened_event=recorded.event_id,
        requested_by="sponsor",
        imposed=event.imposed,
        asked_at=recorded.occurred_at,
        trade_offs=event.trade_offs,
        overload_accepted_by=recorded.event_id if event.accept_overload else None,
    )


def _offered(_goal: Goal | None, event: e.GoalOffered, recorded: RecordedEvent, head: dict[str, Any]) -> Goal:
    return Negotiating(
        **head,
        state="offered",
        owner=event.owner,
        sponsor=event.sponsor,
        terms=event.terms,
        open=recorded.event_id,
        opened_event=recorded.event_id,
        requested_by="owner",
        asked_at=recorded.occurred_at,
        trade_offs=event.trade_offs,
        trade_offs_suffice=event.trade_offs_suffice,
    )


_OPENING_HANDLERS: dict[type, Callable[..., Goal]] = {
    e.GoalDrafted: _drafted,
    e.DraftRevised: _drafted,
    e.GoalRequested: _requested,
    e.GoalOffered: _offered,
}


def _retitled(goal: Any, event: e.Retitled, _recorded: RecordedEvent) -> Any:
    return replace(
        goal,
        title=goal.title if event.title is None else event.title,
        description=goal.description if event.description is None else event.description,
        tags=goal.tags if event.tags is None else event.tags,
    )


# --- asked -------------------------------------------------------------------------------------------------------


def _countered(goal: Negotiating, event: e.GoalCountered, recorded: RecordedEvent) -> Goal:
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
        trade_offs_suffice=event.trade_offs_suffice,
        overload_accepted_by=accepted,
    )


def _deferred(goal: Negotiating, event: e.AnswerDeferred, _recorded: RecordedEvent) -> Goal:
    return replace(goal, state="answer_deferred", answer_by=event.answer_by)


def _clarified(goal: Negotiating, event: e.ClarificationAsked, recorded: RecordedEvent) -> Goal:
    """A question stops the clock; the other side's reply, or five working days, let it go on."""
    if goal.clarify_asked_at is not None:
        if event.waited_working_days is None:
            return goal
        replied = event.by != goal.clarify_by
        goal = replace(
            goal,
            clarify_asked_at=None,
            clarify_by=None,
            paused_working_days=goal.paused_working_days + event.waited_working_days,
        )
        if replied:
            return goal
    if goal.clarifications >= CLARIFY_PAUSES:
        return goal
    return replace(
        goal, clarify_asked_at=recorded.occurred_at, clarify_by=event.by, clarifications=goal.clarifications + 1
    )


def _reminded(goal: Negotiating, _event: e.ResponseReminded, _recorded: RecordedEvent) -> Goal:
    return replace(goal, reminded=True)


def _activated(goal: Negotiating, _event: e.GoalPromised | e.GoalAccepted, recorded: RecordedEvent) -> Goal:
    at = recorded.occurred_at
    return Promised(
        **shared_fields(goal),
        state="active",
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
        offer_event=goal.open,
        links=tuple(LinkState(support=s, affirmed_at=at) for s in goal.terms.supports),
        judged_at=at,
        judged_by_event=recorded.event_id,
        contact_at=at,
        contact_event=recorded.event_id,
        lapse_due=goal.terms.due,
        armed_at=at,
    )


NEGOTIATING_HANDLERS: dict[type, Callable[..., Goal]] = {
    e.GoalCountered: _countered,
    e.AnswerDeferred: _deferred,
    e.ClarificationAsked: _clarified,
    e.ResponseReminded: _reminded,
    e.GoalPromised: _activated,
    e.GoalAccepted: _activated,
    e.GoalDeclined: end_handler("declined"),
    e.GoalWithdrawn: end_handler("withdrawn"),
    e.GoalExpired: end_handler("expired"),
}
