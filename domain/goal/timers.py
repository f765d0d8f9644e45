"""The timers of the agreement: when each falls due, as a fact dated to that instant.

Edges: a due date D with g days of grace lapses at 00:00 of D + g + 1 in the organisation's zone, or at the act that
armed it if that is later. "Five working days" end with the fifth working day after the act's day. A declared absence
stops the absent party's clock until the end of the second working day after the return; a pause stops the lapse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.calendar import absence_end, add_working_days, end_of_day, local_date
from domain.context import DecisionContext
from domain.envelope import Event, NewEvent, Source
from domain.goal import events as e
from domain.goal.acts import BACK_DATABLE_ACTS, Pause
from domain.goal.check_ins import CLARIFY_WORKING_DAYS
from domain.goal.state import ChangeProposal, Goal, Negotiating, Promised, Side
from domain.index import NOT_INDEXED, IndexEntry
from domain.policy import Policy

if TYPE_CHECKING:
    from domain.member.member import Member

#: Whose answer is waited for in each state before the promise.
AWAITED_SIDE: dict[str, Side] = {
    "requested": "owner",
    "answer_deferred": "owner",
    "countered_by_sponsor": "owner",
    "offered": "sponsor",
    "countered_by_owner": "sponsor",
}

#: `index_entry` names an instant no later than any timer's. Zones reach to UTC+14, so a day is a safe margin, and the
#: shortest clock of a state is taken with no absence and no pause.
_MARGIN = timedelta(days=1)

_BEGINNING_OF_TIME, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

TimerEvent = tuple[datetime, Event]


def next_due_timer(goal: Goal | None, world: DecisionContext) -> NewEvent | None:
    """The earliest timer fact that fell due at or before `world.at`, or None.

    Reminders are due only to the sweep (source TIMER): an act recorded late causes no reminder that was never sent.
    Between two acts of the same instant no timer runs.
    """
    if not isinstance(goal, Negotiating | Promised) or goal.acted_at >= world.at:
        return None
    if (
        isinstance(goal, Promised)
        and goal.state == "active"
        and world.source is not Source.TIMER
        and world.at.astimezone(UTC).date() < goal.lapse_due
    ):
        # Most acts come days before the only clock that they could find rung: the lapse is no earlier than the end of
        # the due day, and no zone is a day ahead of UTC.
        return None
    until, since = _find_clock_limits(goal, world)
    if goal.acted_at >= until:
        return None
    for span in _policy_spans(goal, until, world):
        # A timer that a new policy ends in the past falls due at once, not in the past.
        first = max(span.since, since)
        due = ((max(at, first), event) for at, event in _timer_events(goal, world, span.policy))
        found = [r for r in due if r[0] <= until and r[0] < span.until and not _is_outdated_reminder(r, world)]
        if found:
            at, event = min(found, key=lambda timer: timer[0])
            cause = goal.judged_by_event if isinstance(event, e.CheckInDue) and isinstance(goal, Promised) else None
            return NewEvent(
                event_id=world.next_id(), data=event, occurred_at=at, source=Source.TIMER, causation_id=cause
            )
    return None


def _find_clock_limits(goal: Negotiating | Promised, world: DecisionContext) -> tuple[datetime, datetime]:
    """Until when the goal's timers run, and since when they can fall due.

    Those of a mirrored goal run up to its source's watermark only: what the source has yet to report may come before.
    A row of that source that moves the goal takes them along, since nothing of the goal older than it can be reported
    any more. An act made here behind the watermark keeps its time: an overtaken timer falls due then.
    """
    source = goal.external_source
    if source is None:
        return world.at, _BEGINNING_OF_TIME
    watermark = world.watermark_of(source)
    if watermark is None:
        return world.at, _BEGINNING_OF_TIME
    moves = world.external_source == source and not isinstance(world.act, BACK_DATABLE_ACTS)
    return world.at if moves else min(world.at, watermark), goal.moved_at


def next_timer_at(goal: Goal | None, world: DecisionContext) -> datetime | None:
    """The instant after `world.at` at which the next timer falls due as things stand, or None."""
    if not isinstance(goal, Negotiating | Promised):
        return None
    return min((at for at, _ in _timer_events(goal, world, world.policy.policy) if at > world.at), default=None)


class DeadlineContext(Protocol):
    """What counting days to a deadline needs: the organisation's zone, and its members' absences."""

    @property
    def zone(self) -> ZoneInfo: ...
    def member(self, member_id: UUID) -> Member | None: ...


class AwaitedAnswer(NamedTuple):
    """Whose answer the conversation waits for, since when, and until when they have time."""

    party: UUID
    since: datetime
    until: datetime


def awaited_answer(goal: Goal | None, policy: Policy, days: DeadlineContext) -> AwaitedAnswer | None:
    """Whose turn it is: after a request, offer, counter or proposal, or with a delivery; None where no answer is due.

    The mediator's where there is a dispute. Whether a timer falls due at the end of that time depends on the policy.
    """
    if isinstance(goal, Negotiating):
        party = goal.owner if AWAITED_SIDE[goal.state] == "owner" else goal.sponsor
        return AwaitedAnswer(party, goal.asked_at, _response_deadline(goal, party, policy.response_working_days, days))
    if not isinstance(goal, Promised):
        return None
    if goal.proposal is not None:
        since, until = _change_window(goal, goal.proposal, policy, days)
        return AwaitedAnswer(goal.sponsor if goal.proposal.by == "owner" else goal.owner, since, until)
    delivery = goal.delivery
    if delivery is None:
        return None
    if delivery.mediator is not None and delivery.decide_by is not None:
        return AwaitedAnswer(delivery.mediator, delivery.delivered_at, end_of_day(delivery.decide_by, days.zone))
    since = _sponsor_asked_at(delivery.delivered_at, goal)
    return AwaitedAnswer(goal.sponsor, since, _verdict_deadline(since, goal, policy, days))


def check_in_due_at(goal: Promised, policy: Policy, days: DeadlineContext) -> datetime:
    """When the cadence since the last human judgement is over: pauses and the owner's absence move it."""
    day = local_date(goal.judged_at, days.zone) + timedelta(days=policy.cadence_days)
    return _skip_pause_and_absence(max(end_of_day(day, days.zone), goal.armed_at), goal, days)


class PolicySpan(NamedTuple):
    """A policy and the time in which it was in force, the end exclusive."""

    policy: Policy
    since: datetime
    until: datetime


def _policy_spans(goal: Negotiating | Promised, last: datetime, world: DecisionContext) -> list[PolicySpan]:
    """The policies in force from the goal's last move to `last`, ascending: what a sweep in time would have found."""
    spans: list[PolicySpan] = []
    until, at = _NEVER, last
    while True:
        version = world.policy_at(at)
        if version.since is None or version.since <= goal.moved_at:
            return [PolicySpan(version.policy, _BEGINNING_OF_TIME, until), *spans[::-1]]
        spans.append(PolicySpan(version.policy, version.since, until))
        until, at = version.since, version.since - timedelta.resolution


def _is_outdated_reminder(timer: TimerEvent, world: DecisionContext) -> bool:
    """A reminder that was not sent within a cadence would only falsify the history (an import of past years)."""
    late = world.at - timer[0] > timedelta(days=world.policy.policy.cadence_days)
    return late and isinstance(timer[1], e.CheckInDue | e.ResponseReminded)


def index_entry(goal: Goal | None) -> IndexEntry:
    """Whose live promise it is, and a lower bound of the next timer."""
    if isinstance(goal, Negotiating):
        return IndexEntry(next_timer_at=goal.asked_at)
    if isinstance(goal, Promised):
        return IndexEntry(listed_under=goal.owner, next_timer_at=_earliest_timer_at(goal))
    return NOT_INDEXED


def _earliest_timer_at(goal: Promised) -> datetime:
    """A lower bound: the lapse, the change's time-out or the next reminder cannot fall due before it."""
    start = datetime.combine(goal.lapse_due, datetime.min.time(), goal.armed_at.tzinfo) - _MARGIN
    if goal.proposal is not None:
        return min(max(start, goal.armed_at), goal.proposal.proposed_at)
    if goal.delivery is not None:
        return goal.delivery.delivered_at
    if goal.state == "lapsed":
        return max(goal.lapsed_at or goal.contact_at, goal.contact_at)
    return min(max(start, goal.armed_at), goal.judged_at)


#: What the clocks of a promise hang on, but for when its parties spoke last.
_timer_fields = attrgetter(
    *("state", "owner", "sponsor", "sponsor_since", "proposal", "delivery", "pause"),
    *("lapse_due", "armed_at", "lapsed_at", "reminded_of"),
)


def timer_only_postponed(before: Goal | None, after: Goal | None) -> bool:
    """Whether the event is a party's check-in and changes no other timer: each is due as before, or later.

    A lower bound that was found before is still one, and the index need not change: a check-in costs no row, and no
    sweep soon after. Not where the silence had been reminded of: the word that ended it winds that clock up again.

    It holds for an act recorded when it happens: its new timer is due after the day in which a sweep looks again.
    """
    if not isinstance(before, Promised) or not isinstance(after, Promised):
        return False
    if before.reminded_of == before.judged_by_event:
        return False
    return bool(_timer_fields(before) == _timer_fields(after))


def _timer_events(goal: Negotiating | Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    if isinstance(goal, Negotiating):
        yield from _response_timers(goal, world, policy)
        return
    yield from _lapse_timers(goal, world, policy)
    match goal.state:
        case "change_proposed_by_owner" | "change_proposed_by_sponsor":
            yield from _change_timers(goal, world, policy)
        case "delivered":
            yield from _verdict_timers(goal, world, policy)
        case "lapsed":
            yield from _give_up_timers(goal, world, policy)
        case "active":
            yield from _check_in_timers(goal, world, policy)
        case _:
            return


def _skip_absence(instant: datetime, member_id: UUID, world: DeadlineContext) -> datetime:
    """`instant`, or the end of the member's absence (with its two working days) that it falls into."""
    member = world.member(member_id)
    return absence_end(instant, member.absences, world.zone) if member else instant


def _after_working_days(at: datetime, days: int, world: DeadlineContext) -> datetime:
    """The end of the n-th working day after the day of `at`."""
    return end_of_day(add_working_days(local_date(at, world.zone), days), world.zone)


def _response_timers(goal: Negotiating, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    silent = AWAITED_SIDE[goal.state]
    party = goal.owner if silent == "owner" else goal.sponsor
    deferred = goal.state == "answer_deferred" and goal.answer_by is not None
    # Of two timers at one instant the first counts: the reminder comes before the time-out.
    if world.source is Source.TIMER and not goal.reminded and not deferred:
        remind = _response_deadline(goal, party, policy.reminder_working_days, world)
        yield remind, e.ResponseReminded(to=party)
    yield _response_deadline(goal, party, policy.response_working_days, world), e.GoalExpired(silent=silent)


def _response_deadline(goal: Negotiating, party: UUID, working_days: int, days: DeadlineContext) -> datetime:
    """When so many working days are over, questions not counted; or the day to which the answer was deferred."""
    if goal.state == "answer_deferred" and goal.answer_by is not None:
        return _skip_absence(end_of_day(goal.answer_by, days.zone), party, days)
    paused = goal.paused_working_days + (CLARIFY_WORKING_DAYS if goal.clarify_asked_at else 0)
    return _skip_absence(_after_working_days(goal.asked_at, working_days + paused, days), party, days)


def _lapse_timers(goal: Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    proposal = goal.proposal
    if goal.state not in ("active", "change_proposed_by_owner", "change_proposed_by_sponsor"):
        return
    if proposal is not None and (proposal.prior == "lapsed" or (proposal.by == "owner" and proposal.in_time)):
        return
    day = goal.lapse_due + timedelta(days=policy.lapse_grace_days)
    instant = max(end_of_day(day, world.zone), goal.armed_at)
    yield (
        _skip_pause_and_absence(instant, goal, world),
        e.GoalLapsed(due=goal.lapse_due, sponsor_missed_answer=goal.sponsor_missed_answer),
    )


def _skip_pause_and_absence(instant: datetime, goal: Promised, world: DeadlineContext) -> datetime:
    """`instant`, or the first after it at which the goal is not paused and its owner is there."""
    while (moved := _skip_absence(_skip_pause(instant, goal.pause, world), goal.owner, world)) != instant:
        instant = moved
    return instant


def _skip_pause(instant: datetime, pause: Pause | None, world: DeadlineContext) -> datetime:
    """An instant inside a pause moves to the day on which work resumes; the grace before it is not lost."""
    if pause is None or not pause.paused_from <= local_date(instant, world.zone) < pause.resume_on:
        return instant
    return end_of_day(pause.resume_on - timedelta(days=1), world.zone)


def _sponsor_asked_at(at: datetime, goal: Promised) -> datetime:
    """When the sponsor was asked: one who was put in later has the whole time to answer."""
    return max(at, goal.sponsor_since or at)


def _change_timers(goal: Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    proposal = goal.proposal
    if proposal is None:
        return
    silent: Side = "sponsor" if proposal.by == "owner" else "owner"
    _, until = _change_window(goal, proposal, policy, world)
    missed = silent == "sponsor" and proposal.in_time
    yield until, e.ChangeTimedOut(silent=silent, sponsor_missed_answer=missed)


def _change_window(
    goal: Promised, proposal: ChangeProposal, policy: Policy, days: DeadlineContext
) -> tuple[datetime, datetime]:
    """Since when and until when the other side may answer."""
    sponsors = proposal.by == "owner"
    since = _sponsor_asked_at(proposal.proposed_at, goal) if sponsors else proposal.proposed_at
    until = _after_working_days(since, policy.change_timeout_working_days, days)
    return since, _skip_absence(until, goal.sponsor if sponsors else goal.owner, days)


def _verdict_timers(goal: Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    delivery = goal.delivery
    if delivery is None or delivery.mediator is not None or not policy.deem_satisfied:
        return
    yield _verdict_deadline(_sponsor_asked_at(delivery.delivered_at, goal), goal, policy, world), e.DeemedSatisfied()


def _verdict_deadline(since: datetime, goal: Promised, policy: Policy, days: DeadlineContext) -> datetime:
    return _skip_absence(_after_working_days(since, policy.verdict_working_days, days), goal.sponsor, days)


def _give_up_timers(goal: Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    days = policy.give_up_days
    if days is None or goal.lapsed_at is None:
        return
    contact = max(goal.lapsed_at, goal.contact_at)
    until = end_of_day(local_date(contact, world.zone) + timedelta(days=days), world.zone)
    # A change that was open longer and fell arms it then.
    yield max(until, goal.armed_at), e.GivenUp()


def _check_in_timers(goal: Promised, world: DecisionContext, policy: Policy) -> Iterator[TimerEvent]:
    """One reminder for each judgement whose cadence has passed; the sweep's alone."""
    if world.source is not Source.TIMER or goal.reminded_of == goal.judged_by_event:
        return
    yield check_in_due_at(goal, policy, world), e.CheckInDue(to=goal.owner)
