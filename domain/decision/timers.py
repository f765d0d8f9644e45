"""The timers of a decision: its time-box ends at the deadline, also during absences, and then the fallback holds.

Where all deciders who have not left consent by then, consent decides: no other answer was due.

Where the fallback is that the lead decides, the lead has the policy's response time, counted in working days after the
deadline's day; an absence of the team's lead stops that clock as it stops every other. Silence leaves things
as they are.
"""

from __future__ import annotations

from datetime import datetime

from domain.calendar import absence_end, add_working_days, end_of_day, local_date
from domain.context import DecisionContext
from domain.decision import events as e
from domain.decision.decide import find_consented_option
from domain.decision.state import Decision
from domain.envelope import Event, NewEvent, Source
from domain.index import NOT_INDEXED, IndexEntry
from domain.participation import lead_of


def next_due_timer(decision: Decision | None, world: DecisionContext) -> NewEvent | None:
    """The timer fact that fell due at or before `world.at`, or None; none falls due between two acts of one instant."""
    if decision is None or decision.acted_at >= world.at:
        return None
    due_at = timer_at(decision, world)
    if due_at is None or due_at > world.at:
        return None
    return NewEvent(
        event_id=world.next_id(), data=_deadline_event(decision, world), occurred_at=due_at, source=Source.TIMER
    )


def next_timer_at(decision: Decision | None, world: DecisionContext) -> datetime | None:
    """The instant after `world.at` at which the next timer falls due as things stand, or None."""
    due_at = timer_at(decision, world) if decision is not None else None
    return due_at if due_at is not None and due_at > world.at else None


def index_entry(decision: Decision | None) -> IndexEntry:
    """A lower bound of the next timer: an absence only pushes it out."""
    match decision:
        case Decision(state="open"):
            return IndexEntry(next_timer_at=decision.deadline)
        case Decision(state="with_lead"):
            return IndexEntry(next_timer_at=decision.lead_until)
    return NOT_INDEXED


def timer_at(decision: Decision, world: DecisionContext) -> datetime | None:
    """When the timer falls due: the deadline, or the end of the lead's time; None once it is decided."""
    if decision.state == "open":
        return decision.deadline
    if decision.state == "decided" or decision.lead_until is None:
        return None
    team = world.team(decision.of.team) if decision.of.team else None
    lead_id = lead_of(team, world) if team else None
    lead = world.member(lead_id) if lead_id else None
    return absence_end(decision.lead_until, lead.absences, world.zone) if lead else decision.lead_until


def _deadline_event(decision: Decision, world: DecisionContext) -> Event:
    consented = find_consented_option(decision, world, at=decision.deadline)
    if consented is not None:
        return e.Decided(option=consented, by="consent", inside_time_box=False)
    if decision.state == "open" and decision.fallback.rule == "lead_decides":
        days = world.policy_at(decision.deadline).policy.response_working_days
        day = add_working_days(local_date(decision.deadline, world.zone), days)
        return e.PassedToLead(until=max(end_of_day(day, world.zone), decision.deadline))
    option = decision.fallback.option if decision.fallback.rule == "option" else decision.status_quo
    return e.Decided(option=option, by="fallback", inside_time_box=False)
