"""A decision's state after each event; never fails on a recorded one, in whatever order they are recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from msgspec.structs import replace

from domain.decision import events as e
from domain.decision.state import Decision, GivenConsent, Objection, Outcome, Round
from domain.envelope import RecordedEvent, Source


def evolve(decision: Decision | None, recorded: RecordedEvent) -> Decision | None:
    """The decision after `recorded`. An event that has no meaning in a state only leaves its trace in the times."""
    event: Any = recorded.data
    if isinstance(event, e.Opened):
        return _opened(event, recorded)
    if decision is None:
        return None
    at, moved_at, acted_at = recorded.occurred_at, decision.moved_at, decision.acted_at
    if not isinstance(event, e.PerspectiveShared):
        moved_at = max(moved_at, at)
        acted_at = acted_at if recorded.source is Source.TIMER else max(acted_at, at)
    fold = _HANDLERS.get(type(event))
    return replace(
        fold(decision, event, recorded) if fold else decision,
        version=recorded.version,
        moved_at=moved_at,
        acted_at=acted_at,
        last_at=max(decision.last_at, at),
    )


def _opened(event: e.Opened, recorded: RecordedEvent) -> Decision:
    return Decision(
        id=recorded.stream_id,
        version=recorded.version,
        state="open",
        question=event.question,
        options=event.options,
        status_quo=event.status_quo,
        deciders=event.deciders,
        deadline=event.deadline,
        fallback=event.fallback,
        of=event.of,
        about=event.about,
        opened_by=recorded.party,
        opened_at=recorded.occurred_at,
        opened_event=recorded.event_id,
        time_box_from=recorded.occurred_at,
        review_on=event.review_on,
        ref=event.ref,
        moved_at=recorded.occurred_at,
        acted_at=recorded.occurred_at,
        last_at=recorded.occurred_at,
    )


def _perspective_shared(decision: Decision, _event: e.PerspectiveShared, _recorded: RecordedEvent) -> Decision:
    return replace(decision, perspectives=decision.perspectives + 1)


def _objected(decision: Decision, event: e.ObjectionRaised, recorded: RecordedEvent) -> Decision:
    """Who objects to an option no longer consents to it."""
    objection = Objection(
        id=recorded.event_id,
        by=recorded.party,
        option=event.option,
        text=event.text,
        raised_at=recorded.occurred_at,
        round=decision.reopen_count,
    )
    kept = tuple(c for c in decision.consents if (c.decider, c.option) != (recorded.party, event.option))
    return replace(decision, objections=(*decision.objections, objection), consents=kept)


def _settle_objection(
    decision: Decision,
    objection: UUID,
    recorded: RecordedEvent,
    settled: Literal["integrated", "withdrawn"],
    how: str = "",
) -> Decision:
    updated = tuple(
        replace(o, settled=settled, settled_by=recorded.event_id, how=how) if o.id == objection else o
        for o in decision.objections
    )
    return replace(decision, objections=updated)


def _integrated(decision: Decision, event: e.ObjectionIntegrated, recorded: RecordedEvent) -> Decision:
    """The option is worded anew: consents to the old words are void."""
    option = next((o.option for o in decision.objections if o.id == event.objection), None)
    settled = _settle_objection(decision, event.objection, recorded, "integrated", event.how)
    if option is None:
        return settled
    return replace(
        settled,
        consents=tuple(c for c in settled.consents if c.option != option),
        amended={**settled.amended, option: recorded.event_id},
    )


def _withdrawn(decision: Decision, event: e.ObjectionWithdrawn, recorded: RecordedEvent) -> Decision:
    return _settle_objection(decision, event.objection, recorded, "withdrawn")


def _consented(decision: Decision, event: e.Consented, recorded: RecordedEvent) -> Decision:
    """Each decider consents to one option: the last word counts."""
    party = recorded.party
    if party is None:
        return decision
    given = GivenConsent(decider=party, option=event.option, at=recorded.occurred_at, event_id=recorded.event_id)
    return replace(decision, consents=(*(c for c in decision.consents if c.decider != party), given))


def _passed_to_lead(decision: Decision, event: e.PassedToLead, _recorded: RecordedEvent) -> Decision:
    return replace(decision, state="with_lead", lead_until=event.until)


def _decided(decision: Decision, event: e.Decided, recorded: RecordedEvent) -> Decision:
    outcome = Outcome(
        event_id=recorded.event_id,
        option=event.option,
        in_favour=event.option is not None and event.option != decision.status_quo,
        at=recorded.occurred_at,
        by=event.by,
        inside_time_box=event.inside_time_box,
    )
    return replace(decision, state="decided", decided=outcome, lead_until=None)


def _review_set(decision: Decision, event: e.ReviewSet, _recorded: RecordedEvent) -> Decision:
    return replace(decision, review_on=event.on)


def _reviewed(decision: Decision, event: e.Reviewed, recorded: RecordedEvent) -> Decision:
    return replace(decision, reviewed_at=recorded.occurred_at, review_on=event.next)


def _reopened(decision: Decision, event: e.Reopened, recorded: RecordedEvent) -> Decision:
    """What was objected and how it was integrated stays; everybody consents anew."""
    over = decision.rounds
    if decision.decided is not None:
        past = Round(
            opened_event=decision.opened_event,
            time_box_from=decision.time_box_from,
            deadline=decision.deadline,
            outcome=decision.decided,
            reopened_event=recorded.event_id,
            reopened_at=recorded.occurred_at,
        )
        over = (*over, past)
    return replace(
        decision,
        state="open",
        deadline=event.deadline,
        opened_event=recorded.event_id,
        time_box_from=recorded.occurred_at,
        consents=(),
        amended={},
        lead_until=None,
        decided=None,
        rounds=over,
    )


_HANDLERS: dict[type, Callable[..., Decision]] = {
    e.PerspectiveShared: _perspective_shared,
    e.ObjectionRaised: _objected,
    e.ObjectionIntegrated: _integrated,
    e.ObjectionWithdrawn: _withdrawn,
    e.Consented: _consented,
    e.PassedToLead: _passed_to_lead,
    e.Decided: _decided,
    e.ReviewSet: _review_set,
    e.Reviewed: _reviewed,
    e.Reopened: _reopened,
}
