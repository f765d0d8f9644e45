"""The overload report: who carries more than fits, who adds without taking away, and what would relieve it.

Formulas and fine print: docs/reports.md. A pure function of what `as_of` shows: no row depends on today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from domain.goal.state import LIVE_STATES
from domain.instants import to_micros
from domain.load import Commitment, PlacedCommitment, WeekLoad, is_paused, line_of_week, place, week_loads_of_placed
from domain.policy import Policy
from domain.quantities import to_fraction
from domain.terms import Priority
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import (
    ESTIMATED_ONLY,
    SMALL_SAMPLE,
    TEAM_SHARE_DAYS,
    WHOLE_ORGANISATION,
    WINDOW_DAYS,
    Figure,
    GroupFigure,
    Line,
    Report,
    ReportScope,
    build_share,
    event_ids,
    finish_report,
    line_of_limit,
    line_of_ratio,
    of_group,
    of_window,
    ratio_for_report,
    round_for_report,
    window_begin,
)
from projections.overload.additions import AdditionAnalysis, AdditionEntry, RequesterEntry, analyse_additions
from projections.overload.availability import Availability
from projections.overload.facts import PromiseFact
from projections.overload.outside import build_outside_figure
from projections.overload.pairing import Addition, TradeOffFact
from projections.overload.queries import OverloadFacts
from projections.overload.relief import Relief, compute_relief
from projections.overload.rows import Reading, decode_sources


def pace_figure(promise: PromiseFact, readings: Sequence[Reading], evidence: OverloadFacts) -> Figure:
    """((target - value) / days left) / trailing velocity; over the line also where it stands still or goes back.

    Trailing velocity: the value's move per day over the window's days; for a goal that began within them, from its
    baseline on the day it began (the later of start and promise), or from its first reading.
    """
    target = to_fraction(promise.target or "0")
    fields: dict[str, Any] = {"name": "required_pace", "goal": promise.commitment.goal, "n": len(readings)}
    if evidence.scope.explain:
        fields["events"] = event_ids([*(r.event for r in readings), *promise.events])
    if not readings:
        return Figure(**fields, value=None, status="no_data")
    value, moved = readings[-1].value, _compute_move(promise, readings, evidence)
    begun = value - moved[0] if moved else readings[0].value
    direction = 1 if target >= (to_fraction(promise.baseline) if promise.baseline else begun) else -1
    left = (target - value) * direction
    if left <= 0:
        return Figure(**fields, value=0.0)
    days_left = (promise.commitment.due - evidence.today).days
    if days_left <= 0:
        return Figure(**fields, value=None, status="overdue", line="over")
    if moved is None:
        return Figure(**fields, value=None, status="no_data")
    change, days = moved
    velocity = Fraction(change * direction, days)
    if velocity <= 0:
        return Figure(**fields, value=None, status="no_progress", line="over")
    ratio = left / days_left / velocity
    return Figure(**fields, value=round_for_report(ratio), line=line_of_limit(ratio, _pace_limit(evidence.policy)))


def _pace_limit(policy: Policy) -> Fraction:
    return to_fraction(policy.pace_line)


def _compute_move(
    promise: PromiseFact, readings: Sequence[Reading], evidence: OverloadFacts
) -> tuple[Fraction, int] | None:
    """How far the value moved, and within how many days; None where no day has passed since it began."""
    since = evidence.first_day - timedelta(days=1)
    before = [r for r in readings if r.day <= since]
    began = max(promise.commitment.start, evidence.local_day(promise.promised_at))
    anchor: tuple[Fraction, date]
    if before:
        anchor = before[-1].value, since
    elif promise.baseline is not None:
        anchor = to_fraction(promise.baseline), max(since, min(began, evidence.today))
    else:
        anchor = readings[0].value, readings[0].day
    days = (evidence.today - anchor[1]).days
    return (readings[-1].value - anchor[0], days) if days > 0 else None


_ZERO = Fraction(0)


class OverloadReport(Report, frozen=True, kw_only=True):
    """Figures, the window's additions with what paid for them, who asks whom, and ways out for the overloaded."""

    additions: list[AdditionEntry]
    requesters: list[RequesterEntry]
    relief: list[Relief]


class MemberLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One member's load, laid out."""

    member: UUID
    held: Sequence[PromiseFact]
    commitments: Sequence[Commitment]
    time: Availability
    laid: Sequence[PlacedCommitment]
    weeks: Sequence[WeekLoad]
    #: The line that each of the weeks is over.
    lines: Sequence[Line | None]

    @property
    def is_overloaded(self) -> bool:
        """Whether any week is over the red line: one without a working day is over none."""
        return "red" in self.lines


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> OverloadReport:
    """The overload of a team's members and goals, of one member, or of the whole organisation.

    Member figures take the joined members with all their goals, group figures the team's goals.
    """
    evidence = OverloadFacts(database, as_of, scope)
    evidence.prefetch()
    loads = compute_member_loads(evidence)
    group = scope.group
    analysis = analyse_additions(evidence)
    figures = [
        *(figure for load in loads for figure in _member_load_figures(load, evidence)),
        *_addition_figures(analysis, group, evidence),
        *_displacement_figures(analysis, group, evidence),
        _imposed_figure(group, evidence),
        *_pace_figures(evidence),
        *([build_outside_figure(evidence)] if scope.of_team else []),
    ]
    return finish_report(
        OverloadReport,
        as_of,
        scope,
        figures,
        additions=analysis.build_addition_entries(),
        requesters=analysis.build_requester_entries(),
        relief=[_build_relief(load, evidence) for load in cancellable(loads) if load.is_overloaded],
    )


def build_share_figures(evidence: OverloadFacts) -> Iterator[GroupFigure]:
    """Of the group figures the yes-and ratio and the imposed share, without anybody's load."""
    analysis, group = AdditionAnalysis(evidence, undone=False), evidence.scope.group
    yield next(_addition_figures(analysis, group, evidence))
    yield _imposed_figure(group, evidence)


# --- load and work in progress -----------------------------------------------------------------------------------


def compute_member_loads(evidence: OverloadFacts) -> list[MemberLoad]:
    """The load in the 12 weeks ahead of each joined member whose figures are wanted, over all the member's goals."""
    wanted = [member for member in evidence.members if evidence.scope.includes_person(member)]
    return [_compute_member_load(member, evidence) for member in cancellable(wanted)]


def _compute_member_load(member: UUID, evidence: OverloadFacts) -> MemberLoad:
    promises = evidence.promises_by_owner.get(member, [])
    time = evidence.availability_of(member).availability_at(to_micros(evidence.as_of.at))
    commitments = [evidence.with_estimate(h.commitment, h.team) for h in promises]
    laid = place(commitments, evidence.today, time.presence, evidence.policy)
    weeks = week_loads_of_placed(laid, time.segments, time.presence, evidence.today)
    return MemberLoad(
        member=member,
        held=promises,
        commitments=commitments,
        time=time,
        laid=laid,
        weeks=weeks,
        lines=[line_of_week(week, evidence.policy) for week in weeks],
    )


def _member_load_figures(load: MemberLoad, evidence: OverloadFacts) -> Iterator[Figure]:
    """Work in progress first: it is counted, where hours may be estimated."""
    explain = evidence.scope.explain
    yield _work_in_progress_figure(load, evidence)
    for week, line in zip(load.weeks, load.lines, strict=True):
        if week.skipped:
            continue
        yield Figure(
            name="load_ratio",
            member=load.member,
            week=week.week,
            n=week.goals,
            value=None if (ratio := week.ratio_terms) is None else ratio_for_report(*ratio),
            status=_status_of_week(week),
            no_capacity=week.has_no_capacity,
            line=line,
            estimated_share=ratio_for_report(week.estimated_parts, week.planned_parts or 1),
            estimated=week.default_hours or week.estimated_parts > 0,
            planned_hours=ratio_for_report(week.planned_parts, week.unit),
            available_hours=ratio_for_report(week.available_parts, week.unit),
            events=_week_load_event_ids(load, week, evidence) if explain else None,
        )


def _status_of_week(week: WeekLoad) -> str | None:
    if week.has_no_capacity:
        return "no_capacity"
    return ESTIMATED_ONLY if week.is_estimated_only else None


def _week_load_event_ids(load: MemberLoad, week: WeekLoad, evidence: OverloadFacts) -> list[UUID]:
    """From what the week's hours follow: the goals that ask for some, and the member's declarations.

    A goal's hours on a day depend on every absence up to its due, and on the next days of effort that has no other.
    """
    first, last = max(week.week, evidence.today), week.week + timedelta(days=6)
    asking = {p.goal: p.spread for p in load.laid if p.spread.hours_within(first, last, load.time.presence)}
    held = [(h, c) for h, c in zip(load.held, load.commitments, strict=True) if c.goal in asking]
    # The days on which the hours of these goals could lie.
    begin = min([first, *(spread.first for spread in asking.values())])
    end = max([last, *(max(c.due, asking[c.goal].last) for _, c in held)])
    declared = [
        declaration.event
        for declaration in evidence.availability_of(load.member).declarations
        if (declaration.capacity is not None and declaration.capacity.from_ <= last)
        or (declaration.absence is not None and declaration.absence.from_ <= end and declaration.absence.to >= begin)
    ]
    estimates = [event for h, c in held if c.effort_hours is None for event in evidence.estimate_events(h.team)]
    return event_ids([*declared, *estimates, *(event for h, _ in held for event in h.events)])


def _work_in_progress_figure(load: MemberLoad, evidence: OverloadFacts) -> Figure:
    """Live goals owned, less the paused ones, to the limit; no sample, so no interval."""
    active = [h for h in load.held if _is_active(h, evidence.today)]
    ratio = Fraction(len(active), evidence.policy.wip_limit)
    return Figure(
        name="wip_ratio",
        member=load.member,
        n=len(active),
        value=round_for_report(ratio),
        line=line_of_ratio(ratio, red=Fraction(1)),
        events=event_ids(event for h in active for event in h.events) if evidence.scope.explain else None,
    )


def _is_active(promise: PromiseFact, today: date) -> bool:
    return promise.state in LIVE_STATES and not is_paused(promise.commitment, today)


def _build_relief(load: MemberLoad, evidence: OverloadFacts) -> Relief:
    pairs = zip(load.held, load.commitments, strict=True)
    active = [commitment for promise, commitment in pairs if _is_active(promise, evidence.today)]
    return compute_relief(load.member, active, load.weeks, load.time, evidence.today, evidence.policy)


# --- additions ---------------------------------------------------------------------------------------------------


def _by_owner(facts: Iterable[Addition | TradeOffFact]) -> list[tuple[UUID | None, UUID]]:
    return [(fact.team, fact.owner) for fact in facts]


def _addition_figures(
    analysis: AdditionAnalysis, group: dict[str, Any], evidence: OverloadFacts
) -> Iterator[GroupFigure]:
    """Absorbed additions are in neither side of either ratio; inferred pairs count as paired, shown separately."""
    explain, counted = evidence.scope.explain, analysis.counted_additions
    beside: dict[str, Any] = {
        **group,
        "inferred": sum(analysis.pairing.paired.get(a.event) == "inferred" for a in counted),
        "absorbed": len(analysis.absorbed_additions),
        "window": evidence.scope.share_days,
        "events": analysis.list_event_ids(counted) if explain else None,
    }
    owners = [[(a.at, a.team, a.owner) for a in additions] for additions in (counted, analysis.absorbed_additions)]
    begin = _own_begin(evidence)
    yield of_window(_yes_and_figure(analysis, evidence.policy, beside), begin, *owners)
    yield of_window(_yes_and_by_effort_figure(analysis, evidence.policy, beside), begin, *owners)
    undone = Figure(
        name="trade_offs_undone",
        n=len(analysis.reversible_trade_offs),
        value=len(analysis.window_reversals),
        events=analysis.list_reversal_event_ids() if explain else None,
        **group,
    )
    yield of_group(undone, analysis.reversible_trade_offs.values())


def _yes_and_figure(analysis: AdditionAnalysis, policy: Policy, beside: dict[str, Any]) -> Figure:
    counted = analysis.counted_additions
    estimated = Fraction(sum(a.estimated for a in counted), len(counted)) if counted else _ZERO
    return build_share(
        "yes_and_ratio",
        sum(a.event not in analysis.pairing.paired for a in counted),
        len(counted),
        amber=to_fraction(policy.yes_and_amber),
        red=to_fraction(policy.yes_and_red),
        estimated_share=round_for_report(estimated),
        estimated=estimated > 0,
        **beside,
    )


def _yes_and_by_effort_figure(analysis: AdditionAnalysis, policy: Policy, beside: dict[str, Any]) -> Figure:
    counted = analysis.counted_additions
    added = sum((a.hours for a in counted), _ZERO)
    guessed = sum((a.hours for a in counted if a.estimated), _ZERO)
    freed = sum((min(analysis.pairing.freed.get(a.event, _ZERO), a.hours) for a in counted), _ZERO)
    ratio = 1 - freed / added if added else None
    line: Line | None = None
    estimated_only = added > 0 and guessed == added
    if ratio is not None and len(counted) >= SMALL_SAMPLE and not estimated_only:
        line = line_of_ratio(ratio, amber=to_fraction(policy.yes_and_amber), red=to_fraction(policy.yes_and_red))
    return Figure(
        name="yes_and_by_effort",
        n=len(counted),
        value=round_for_report(ratio),
        status="no_data" if not added else ESTIMATED_ONLY if estimated_only else None,
        line=line,
        small_sample=len(counted) < SMALL_SAMPLE,
        estimated_share=round_for_report(guessed / added if added else _ZERO),
        estimated=guessed > 0,
        **beside,
    )


def _displacement_figures(
    analysis: AdditionAnalysis, group: dict[str, Any], evidence: OverloadFacts
) -> Iterator[Figure | GroupFigure]:
    """Days by which due dates of critical goals slipped for an addition: per critical goal, and for each of them."""
    explain = evidence.scope.explain
    slips = analysis.find_displacements()
    held = [h for h in evidence.promises if h.priority == Priority.CRITICAL and evidence.is_in_scope(h.owner, h.team)]
    critical = {h.commitment.goal for h in held}
    goals = sorted(critical | {g.goal for g in slips if g.goal is not None}, key=str)
    days = {goal: sum((g.new_due - g.old_due).days for g in slips if g.goal == goal) for goal in goals}
    mean = Figure(
        name="critical_displacement_days",
        n=len(goals),
        value=round_for_report(Fraction(sum(days.values()), len(goals))) if goals else None,
        status=None if goals else "no_data",
        events=_slip_events(slips) if explain else None,
        **group,
    )
    yield of_group(mean, [*((h.team, h.owner) for h in held), *_by_owner(slips)], _by_owner(slips))
    for goal in goals:
        events = _slip_events([g for g in slips if g.goal == goal]) if explain else None
        yield Figure(name="critical_displacement_days", goal=goal, value=days[goal], n=1, events=events)


def _slip_events(slips: Iterable[TradeOffFact]) -> list[UUID]:
    """The changes, with what was due before and what was proposed."""
    return event_ids(event for slip in slips for event in (slip.event, *decode_sources(slip.sources)))


def _imposed_figure(group: dict[str, Any], evidence: OverloadFacts) -> GroupFigure:
    promised = evidence.window_promises
    imposed = [promise for promise in promised if promise.was_imposed]
    events = (
        event_ids(source for promise in promised for source in (promise.event, *decode_sources(promise.sources)))
        if evidence.scope.explain
        else None
    )
    days = evidence.scope.share_days
    share = build_share("imposed_share", len(imposed), len(promised), window=days, events=events, **group)
    return of_window(share, _own_begin(evidence), ((promise.at, promise.team, promise.owner) for promise in promised))


def _own_begin(evidence: OverloadFacts) -> int:
    """When the window of the shares begins that this report has where none is asked for."""
    return window_begin(evidence.as_of, TEAM_SHARE_DAYS if evidence.scope.of_team else WINDOW_DAYS)


def _pace_figures(evidence: OverloadFacts) -> list[Figure]:
    """Required pace of the group's live goals that measure a number."""
    with_target = [
        h
        for h in evidence.promises
        if h.target is not None and _is_active(h, evidence.today) and evidence.is_in_scope(h.owner, h.team)
    ]
    if not with_target:
        return []
    readings = evidence.load_readings(h.commitment.goal for h in with_target)
    return [pace_figure(promise, readings.get(promise.commitment.goal, []), evidence) for promise in with_target]
