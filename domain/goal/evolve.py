"""The fold: what each fact makes of a goal. Never fails on a recorded event, whatever the order in which it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from domain.envelope import RecordedEvent, Source
from domain.goal import events as e
from domain.goal.evolve_promised import PROMISED_HANDLERS, end, ended, in_contact
from domain.goal.state import Draft, Ended, Goal, LinkState, Negotiating, Promised, header

#: Facts and reminders: they tell, but do not move the agreement's clock of order.
COSMETIC_EVENTS = (*e.BACK_DATABLE, e.CheckInDue, e.ResponseReminded)

#: How many questions stop the response clock.
CLARIFY_PAUSES = 2


def evolve(goal: Goal | None, recorded: RecordedEvent) -> Goal | None:
    """The goal after `recorded`. An event that has no meaning in a state only leaves its trace in the header."""
    opening = _OPENINGS.get(type(recorded.data))
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
    )


def _fold(goal: Goal, recorded: RecordedEvent) -> Goal:
    kind = type(recorded.data)
    if isinstance(goal, Negotiating) and kind in NEGOTIATING_HANDLERS:
        return NEGOTIATING_HANDLERS[kind](goal, recorded.data, recorded)
    if isinstance(goal, Promised):
        goal = in_contact(goal, recorded)
        if kind in PROMISED_HANDLERS:
            return PROMISED_HANDLERS[kind](goal, recorded.data, recorded)
    if isinstance(goal, Draft) and isinstance(recorded.data, e.GoalDiscarded):
        return ended(goal, "withdrawn", recorded)
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
    author = event.author if isinstance(event, e.GoalDrafted) else goal.author if isinstance(goal, Draft) else None
    return Draft(
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
        **header(goal),
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
        links=tuple(LinkState(support=s, affirmed_at=at) for s in goal.terms.supports),
        judged_at=at,
        judged_by_event=recorded.event_id,
        contact_at=at,
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
    e.GoalDeclined: end("declined"),
    e.GoalWithdrawn: end("withdrawn"),
    e.GoalExpired: end("expired"),
}
