"""The fold of a charter's events. It never fails on a recorded event, in whatever order events are recorded."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.charter import events as e
from domain.charter.state import (
    Acknowledgement,
    Breach,
    Charter,
    Freedom,
    NonNegotiable,
    Purpose,
    PurposeProposal,
    Ritual,
)
from domain.envelope import RecordedEvent

#: Facts, which may be recorded late; every other event follows the one before it in business time.
BACK_DATABLE_EVENTS = (e.Acknowledged, e.BreachRaised, e.RepairAgreed, e.Reviewed)
#: What counts as having looked at the charter as a whole.
_REVIEW_EVENTS = (
    e.Reviewed,
    e.PutInForce,
    e.PurposeAdopted,
    e.PurposeRevised,
    e.NonNegotiableAdopted,
    e.NonNegotiableRevised,
    e.NonNegotiableRetired,
)


def evolve(charter: Charter | None, recorded: RecordedEvent) -> Charter | None:
    """The state after `recorded`."""
    event = recorded.data
    if not isinstance(event, e.CharterFact):
        return charter
    state = _apply_event(charter or Charter(id=recorded.stream_id, of=event.of), event, recorded)
    at = recorded.occurred_at
    if isinstance(event, _REVIEW_EVENTS):
        state = replace(state, reviewed_at=max(state.reviewed_at or at, at))
    if not isinstance(event, BACK_DATABLE_EVENTS):
        state = replace(state, moved_at=max(state.moved_at or at, at))
    return state


def can_fold_late(charter: Charter | None, recorded: RecordedEvent) -> bool:
    """Whether `evolve` gives the same with this event last as in its place in business time."""
    if charter is None or charter.moved_at is None or not isinstance(recorded.data, e.Acknowledged):
        return False
    return recorded.occurred_at >= charter.moved_at


def _apply_event(state: Charter, event: e.CharterFact, recorded: RecordedEvent) -> Charter:
    match event:
        case e.PurposeProposed() | e.PurposeAdopted() | e.PurposeRevised():
            return _apply_purpose_event(state, event, recorded)
        case e.NonNegotiableAdopted() | e.NonNegotiableRevised() | e.NonNegotiableRetired() | e.Acknowledged():
            return _apply_non_negotiable_event(state, event, recorded)
        case e.BreachRaised():
            breach = Breach(
                id=recorded.event_id,
                non_negotiable=event.non_negotiable,
                version=event.version,
                about=event.about,
                text=event.text,
                by=recorded.party,
                at=recorded.occurred_at,
                ref=event.ref,
            )
            return replace(state, breaches=(*state.breaches, breach))
        case e.RepairAgreed():
            left = tuple(b for b in state.breaches if b.id != event.breach)
            return replace(state, breaches=left, breaches_repaired=state.breaches_repaired + 1)
        case e.SightSet():
            return replace(state, persons=event.persons)
        case e.PutInForce():
            return replace(state, in_force_since=state.in_force_since or recorded.occurred_at)
    return _apply_practice_event(state, event, recorded)


def _apply_purpose_event(state: Charter, event: e.PurposeFact, recorded: RecordedEvent) -> Charter:
    match event:
        case e.PurposeProposed():
            proposal = PurposeProposal(
                id=recorded.event_id,
                why=event.why,
                by=recorded.party,
                until=event.until,
                ref=event.ref,
                reason=recorded.reason,
            )
            return replace(state, proposals=(*state.proposals, proposal))
        case e.PurposeAdopted() | e.PurposeRevised():
            purpose = Purpose(
                version=event.version,
                why=event.why,
                since=recorded.occurred_at,
                proposal=event.proposal,
                decision=event.decision,
            )
            # The others were proposed against the purpose that was: they are overtaken.
            return replace(state, purpose=purpose, proposals=(), decisions=_add_decision(state, event.decision))
    return state


def _add_decision(state: Charter, decision: UUID | None) -> tuple[UUID, ...]:
    return state.decisions if decision is None else (*state.decisions, decision)


def _apply_non_negotiable_event(state: Charter, event: e.CharterFact, recorded: RecordedEvent) -> Charter:
    at = recorded.occurred_at
    match event:
        case e.NonNegotiableAdopted():
            adopted = NonNegotiable(
                id=event.non_negotiable,
                version=event.version,
                text=event.text,
                since=at,
                ref=event.ref,
                decision=event.decision,
            )
            others = tuple(n for n in state.non_negotiables if n.id != event.non_negotiable)
            return replace(state, non_negotiables=(*others, adopted), decisions=_add_decision(state, event.decision))
        case e.NonNegotiableRevised():
            news = {"version": event.version, "text": event.text, "since": at, "decision": event.decision}
            state = replace(state, decisions=_add_decision(state, event.decision))
            return _update_non_negotiable(state, event.non_negotiable, acknowledged=(), **news)
        case e.NonNegotiableRetired():
            # The acknowledgements stay in the history: no act asks for them any more.
            return _update_non_negotiable(state, event.non_negotiable, retired_at=at, acknowledged=())
        case e.Acknowledged():
            return _acknowledged(state, event, Acknowledgement(member=event.member, at=at))
    return state


def _update_non_negotiable(state: Charter, identity: UUID, **fields: Any) -> Charter:
    return replace(
        state,
        non_negotiables=tuple(replace(n, **fields) if n.id == identity else n for n in state.non_negotiables),
    )


def _acknowledged(state: Charter, event: e.Acknowledged, said: Acknowledgement) -> Charter:
    """Of the version in force; a word on another one, or on what stands no longer, is in the history alone."""
    return replace(
        state,
        non_negotiables=tuple(
            replace(n, acknowledged=_insert_acknowledgement(n.acknowledged, said))
            if n.id == event.non_negotiable and n.version == event.version and n.retired_at is None
            else n
            for n in state.non_negotiables
        ),
    )


def _insert_acknowledgement(known: tuple[Acknowledgement, ...], said: Acknowledgement) -> tuple[Acknowledgement, ...]:
    """All of them in business order."""
    place = bisect_right(known, said.at, key=attrgetter("at"))
    return (*known[:place], said, *known[place:])


def _apply_practice_event(state: Charter, event: e.CharterFact, recorded: RecordedEvent) -> Charter:
    """Freedoms and rituals."""
    at = recorded.occurred_at
    match event:
        case e.FreedomGranted():
            freedom = Freedom(
                id=event.freedom, text=event.text, purpose_version=event.purpose_version, since=at, ref=event.ref
            )
            return replace(state, freedoms=(*_remove_part(state.freedoms, event.freedom), freedom))
        case e.FreedomWithdrawn():
            return replace(state, freedoms=_remove_part(state.freedoms, event.freedom))
        case e.RitualSet() | e.RitualChanged():
            before = next((r for r in state.rituals if r.id == event.ritual), None)
            ritual = Ritual(
                id=event.ritual,
                name=event.name,
                mode=event.mode,
                cadence_days=event.cadence_days,
                minutes=event.minutes,
                since=at,
                event=recorded.event_id,
                ref=event.ref if isinstance(event, e.RitualSet) else (before.ref if before else None),
            )
            return replace(state, rituals=(*_remove_part(state.rituals, event.ritual), ritual))
        case e.RitualEnded():
            return replace(state, rituals=_remove_part(state.rituals, event.ritual))
    return state


def _remove_part(parts: tuple[Any, ...], identity: UUID) -> tuple[Any, ...]:
    return tuple(part for part in parts if part.id != identity)
