"""The clocks of the agreement: when each rings, as a fact dated to the instant at which it fell due.

Edges: a due date D with g days of grace lapses at 00:00 of D + g + 1 in the organisation's zone, or at the act that
armed it if that is later. "Five working days" end with the fifth working day after the act's day. A declared absence
stops the absent party's clock until the end of the second working day after the return; a pause stops the lapse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.calendar import absence_end, add_working_days, end_of_day, local_date
from domain.envelope import Event, Fact, Source
from domain.goal import events as e
from domain.goal.acts import Pause
from domain.goal.evolve import CLARIFY_WORKING_DAYS
from domain.goal.state import Asked, Goal, Promised, Side
from domain.standing import IDLE, Standing
from domain.world import World

#: Whose answer is waited for in each state before the promise.
_SILENT: dict[str, Side] = {
    "requested": "owner",
    "answer_deferred": "owner",
    "countered_by_sponsor": "owner",
    "offered": "sponsor",
    "countered_by_owner": "sponsor",
}

#: `standing` must name an instant no later than any timer's. Zones reach to UTC+14, so a day is a safe margin, and the
#: shortest clock of a state is taken with no absence and no pause.
_MARGIN = timedelta(days=1)

Ring = tuple[datetime, Event]


def due(goal: Goal | None, world: World) -> Fact | None:
    """The earliest timer fact that fell due at or before `world.at`, or None.

    Reminders are due only to the sweep (source TIMER): an act recorded late brings about no reminder that nobody got.
    Between two acts of the same instant no timer runs.
    """
    if goal is None or not isinstance(goal, Asked | Promised) or goal.moved_at >= world.at:
        return None
    rings = [ring for ring in _rings(goal, world) if ring[0] <= world.at and not _too_late(ring, world)]
    if not rings:
        return None
    at, event = min(rings, key=lambda ring: ring[0])
    return Fact(event_id=world.next_id(), data=event, occurred_at=at, source=Source.TIMER)


def next_ring(goal: Goal | None, world: World) -> datetime | None:
    """The instant after `world.at` at which the next timer rings as things stand, or None: what a sweep waits for."""
    if not isinstance(goal, Asked | Promised):
        return None
    return min((at for at, _ in _rings(goal, world) if at > world.at), default=None)


def _too_late(ring: Ring, world: World) -> bool:
    """A reminder that nobody got within a cadence would only falsify the history (an import of past years)."""
    late = world.at - ring[0] > timedelta(days=world.policy.policy.cadence_days)
    return late and isinstance(ring[1], e.CheckInDue | e.ResponseReminded)


def standing(goal: Goal | None) -> Standing:
    """Whose live promise it is, and a lower bound of the next timer."""
    if isinstance(goal, Asked):
        return Standing(next_timer=goal.asked_at + _MARGIN)
    if isinstance(goal, Promised):
        return Standing(live_owner=goal.owner, next_timer=_earliest(goal))
    return IDLE


def _earliest(goal: Promised) -> datetime:
    """A lower bound: the lapse, the change's time-out or the next reminder cannot ring before it."""
    start = datetime.combine(goal.lapse_due, datetime.min.time(), goal.armed_at.tzinfo) - _MARGIN
    if goal.proposal is not None:
        return min(max(start, goal.armed_at), goal.proposal.proposed_at)
    if goal.delivery is not None:
        return goal.delivery.delivered_at
    if goal.state == "lapsed":
        return goal.last_at
    return min(max(start, goal.armed_at), goal.judged_at)


def _rings(goal: Asked | Promised, world: World) -> Iterator[Ring]:
    if isinstance(goal, Asked):
        yield from _response(goal, world)
        return
    yield from _lapse(goal, world)
    match goal.state:
        case "change_proposed_by_owner" | "change_proposed_by_sponsor":
            yield from _change_timeout(goal, world)
        case "delivered":
            yield from _verdict(goal, world)
        case "lapsed":
            yield from _give_up(goal, world)
        case "active":
            yield from _check_in(goal, world)
        case _:
            return


def _absent(instant: datetime, member_id: UUID, world: World) -> datetime:
    """`instant`, or the end of the member's absence (with its two working days) that it falls into."""
    member = world.member(member_id)
    return absence_end(instant, member.absences, world.zone) if member else instant


def _after_working_days(at: datetime, days: int, world: World) -> datetime:
    """The end of the n-th working day after the day of `at`."""
    return end_of_day(add_working_days(local_date(at, world.zone), days), world.zone)


def _response(goal: Asked, world: World) -> Iterator[Ring]:
    policy, silent = world.policy.policy, _SILENT[goal.state]
    party = goal.owner if silent == "owner" else goal.sponsor
    if goal.state == "answer_deferred" and goal.answer_by is not None:
        yield _absent(end_of_day(goal.answer_by, world.zone), party, world), e.GoalExpired(silent=silent)
        return
    paused = goal.paused_working_days + (CLARIFY_WORKING_DAYS if goal.clarify_asked_at else 0)
    until = _after_working_days(goal.asked_at, policy.response_working_days + paused, world)
    yield _absent(until, party, world), e.GoalExpired(silent=silent)
    if world.source is Source.TIMER and not goal.reminded:
        remind = _after_working_days(goal.asked_at, policy.reminder_working_days + paused, world)
        yield _absent(remind, party, world), e.ResponseReminded(to=party)


def _lapse(goal: Promised, world: World) -> Iterator[Ring]:
    proposal = goal.proposal
    if goal.state not in ("active", "change_proposed_by_owner", "change_proposed_by_sponsor"):
        return
    if proposal is not None and (proposal.prior == "lapsed" or (proposal.by == "owner" and proposal.in_time)):
        return
    day = goal.lapse_due + timedelta(days=world.policy.policy.lapse_grace_days)
    instant = max(end_of_day(day, world.zone), goal.armed_at)
    instant = _unpaused(instant, goal.pause, world)
    instant = _absent(instant, goal.owner, world)
    yield instant, e.GoalLapsed(due=goal.lapse_due, sponsor_missed_answer=goal.sponsor_missed_answer)


def _unpaused(instant: datetime, pause: Pause | None, world: World) -> datetime:
    """An instant inside a pause moves to the day on which work resumes; the grace before it is not lost."""
    if pause is None or not pause.paused_from <= local_date(instant, world.zone) < pause.resume_on:
        return instant
    return end_of_day(_day_before(pause.resume_on), world.zone)


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def _change_timeout(goal: Promised, world: World) -> Iterator[Ring]:
    proposal = goal.proposal
    if proposal is None:
        return
    silent: Side = "sponsor" if proposal.by == "owner" else "owner"
    party = goal.sponsor if silent == "sponsor" else goal.owner
    until = _after_working_days(proposal.proposed_at, world.policy.policy.change_timeout_working_days, world)
    missed = silent == "sponsor" and proposal.in_time
    yield _absent(until, party, world), e.ChangeTimedOut(silent=silent, sponsor_missed_answer=missed)


def _verdict(goal: Promised, world: World) -> Iterator[Ring]:
    policy, delivery = world.policy.policy, goal.delivery
    if delivery is None or delivery.mediator is not None or not policy.deem_satisfied:
        return
    until = _after_working_days(delivery.delivered_at, policy.verdict_working_days, world)
    yield _absent(until, goal.sponsor, world), e.DeemedSatisfied()


def _give_up(goal: Promised, world: World) -> Iterator[Ring]:
    days = world.policy.policy.give_up_days
    if days is None or goal.lapsed_at is None:
        return
    contact = max(goal.lapsed_at, goal.last_at)
    yield end_of_day(local_date(contact, world.zone) + timedelta(days=days), world.zone), e.GivenUp()


def _check_in(goal: Promised, world: World) -> Iterator[Ring]:
    """One reminder for each judgement whose cadence has passed; the sweep's alone."""
    if world.source is not Source.TIMER or goal.reminded_of == goal.judged_by_event:
        return
    if goal.pause is not None and goal.pause.paused_from <= world.today < goal.pause.resume_on:
        return
    day = local_date(goal.judged_at, world.zone) + timedelta(days=world.policy.policy.cadence_days)
    yield _absent(end_of_day(day, world.zone), goal.owner, world), e.CheckInDue(to=goal.owner)
