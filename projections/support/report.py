"""Check-ins as support: kept in touch, needs answered, blockers moved, feedback both ways. Formulas: docs/reports.md.

Measured is, of a need, the helper's side; of a blocker only its age. A report is a pure function of what
`as_of` shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from statistics import median
from typing import Any
from uuid import UUID

import msgspec

from domain.goal.state import LIVE_STATES
from domain.instants import to_micros
from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import (
    SMALL_SAMPLE,
    WHOLE_ORGANISATION,
    EventRef,
    Figure,
    GroupFigure,
    MemberRef,
    Report,
    ReportScope,
    SubjectGoal,
    build_share,
    finish_report,
    of_group,
    of_window,
    round_for_report,
    window_begin,
)
from projections.goals import ReportedPromise
from projections.paused_time import DAY_MICROS, midnight, running_micros, to_days
from projections.support.queries import CheckInHistory, NeedFact, SupportFacts, UnresolvedBlocker

#: Of the duration: before it, progress by time means little (Lipke, Schedule is Different, 2003).
_EARLY_SHARE = Fraction(1, 5)


class NeedEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A need that waits for its answer. Its words stand in the goal's history."""

    goal: SubjectGoal
    #: What `answer_need` takes.
    need: str
    asker: MemberRef
    #: The addressee, or the goal's sponsor where none was named.
    helper: MemberRef
    answer_by: date | None
    open_days: float
    overdue: bool = False


class BlockerEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in a goal's way, for how long, and who acts next."""

    goal: SubjectGoal
    #: What `resolve_blocker` takes; of one that a check-in lists, that check-in.
    blocker: EventRef
    #: A listed one is over when a check-in lists none any more.
    listed: bool = False
    #: Named with the blocker, or else the goal's owner.
    acts_next: MemberRef
    age_days: float


class SupportReport(Report, frozen=True, kw_only=True):
    """The figures of support, the needs that wait by answer-by, and the open blockers by age."""

    needs: list[NeedEntry]
    blockers: list[BlockerEntry]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> SupportReport:
    """The support of a team's goals, of one owner's, or of the whole organisation's; and of each helper."""
    evidence = SupportFacts(database, as_of, scope)
    group = scope.group
    needs = [need for need in evidence.needs if evidence.is_in_scope(need)]
    figures: list[Figure | GroupFigure] = [
        _adherence_figure(evidence, group),
        *_need_figures(needs, evidence, group),
        *_blocker_figures(evidence, group),
        *_feedback_figures(evidence, group),
        *(figure for helper in evidence.helpers for figure in _helper_figures(helper, evidence)),
        *(figure for goal in evidence.promises for figure in _pace_figures(goal, as_of, scope)),
    ]
    return finish_report(
        SupportReport,
        as_of,
        scope,
        figures,
        needs=[_build_need_entry(need, evidence) for need in sorted((n for n in needs if n.open), key=_deadline_key)],
        blockers=[_build_blocker_entry(blocker, evidence) for blocker in evidence.blockers],
    )


def build_share_figures(evidence: SupportFacts) -> Iterator[GroupFigure]:
    """Of the group figures the share of needs answered and of open ones past their answer-by."""
    needs = [need for need in evidence.needs if evidence.is_in_scope(need)]
    wanted = ("needs_answered", "needs_past_answer_by")
    found = _need_figures(needs, evidence, evidence.scope.group)
    yield from (figure for figure in found if figure.figure.name in wanted)


# --- adherence -------------------------------------------------------------------------------------------------------


def find_kept_cadences(history: CheckInHistory, cadence: int, since: int) -> tuple[set[int], int, list[UUID]]:
    """Which of the cadences that ended in the window got a judgement, how many there were, and the events.

    Cadences of running time are laid from `as_of` (or the goal's end) backwards; what is left over after the promise
    is not expected yet.
    """
    length = cadence * DAY_MICROS
    ended = -(-running_micros(max(since, history.begun), history.until, history.stops) // length)
    expected = min(ended, running_micros(history.begun, history.until, history.stops) // length)
    kept, events = set(), []
    for at, event in history.judged:
        place = running_micros(at, history.until, history.stops) // length
        if at <= history.until and place < expected:
            kept.add(place)
            events.append(event)
    return kept, expected, events


def _adherence_figure(evidence: SupportFacts, group: dict[str, Any]) -> GroupFigure:
    cadence = evidence.as_of.policy.policy.cadence_days
    by_promise = [find_kept_cadences(history, cadence, evidence.since) for history in evidence.check_in_histories]
    share = build_share(
        "adherence",
        sum(len(kept) for kept, _, _ in by_promise),
        sum(expected for _, expected, _ in by_promise),
        events=evidence.scope.list_events(event for _, _, events in by_promise for event in events),
        **group,
    )
    pairs = zip(evidence.check_in_histories, by_promise, strict=True)
    return of_group(share, [(history.goal.team, history.goal.owner) for history, found in pairs if found[1]])


# --- needs -----------------------------------------------------------------------------------------------------------


def _by_asker(needs: Iterable[NeedFact]) -> list[tuple[UUID | None, UUID | None]]:
    return [(need.team, need.asker) for need in needs]


def _by_helper(needs: Iterable[NeedFact]) -> list[tuple[UUID | None, UUID | None]]:
    """Who is behind how needs are answered: it is the helper's side that is measured."""
    return [(need.team, need.helper) for need in needs]


def _need_figures(needs: Sequence[NeedFact], evidence: SupportFacts, group: dict[str, Any]) -> Iterator[GroupFigure]:
    raised = [need for need in needs if need.raised_at >= evidence.since]
    answered = [need for need in raised if need.answer is not None]
    waiting = [need for need in needs if need.open]
    late = [need for need in waiting if evidence.is_overdue(need)]
    events = evidence.scope.list_events(need.check_in for need in raised)
    yield of_group(Figure(name="needs_raised", value=len(raised), events=events, **group), _by_asker(raised))
    events = evidence.scope.list_events(event for need in raised for event in (need.check_in, need.answer))
    share = build_share("needs_answered", len(answered), len(raised), events=events, **group)
    asked = ((need.raised_at, need.team, need.asker) for need in raised)
    answering = ((need.raised_at, need.team, need.helper) for need in raised)
    yield of_window(share, window_begin(evidence.as_of), asked, answering)
    days = _answer_days_figure("need_answer_days", needs, evidence, group)
    recent = [need for _, need in _list_recent_answers(needs, evidence)]
    yield of_group(days, _by_asker(recent), _by_helper(recent))
    events = evidence.scope.list_events(need.check_in for need in waiting)
    share = build_share("needs_past_answer_by", len(late), len(waiting), census=True, events=events, **group)
    yield of_group(share, _by_asker(waiting), _by_helper(waiting))


def _list_recent_answers(needs: Iterable[NeedFact], evidence: SupportFacts) -> list[tuple[int, NeedFact]]:
    """The needs that were answered in the window, each with how long it had waited, microseconds."""
    return [(n.answered_at - n.raised_at, n) for n in needs if n.answered_at and n.answered_at >= evidence.since]


def _answer_days_figure(name: str, needs: Sequence[NeedFact], evidence: SupportFacts, keys: dict[str, Any]) -> Figure:
    """Median days from need to answer, of the answers that were given in the window."""
    answered = _list_recent_answers(needs, evidence)
    events = evidence.scope.list_events(event for _, need in answered for event in (need.check_in, need.answer))
    return _median_figure(name, [to_days(time) for time, _ in answered], events, keys)


def _median_figure(name: str, values: Sequence[Fraction], events: list[UUID] | None, keys: dict[str, Any]) -> Figure:
    return Figure(
        name=name,
        n=len(values),
        value=round_for_report(median(values)) if values else None,
        status=None if values else "no_data",
        small_sample=len(values) < SMALL_SAMPLE,
        events=events,
        **keys,
    )


def _helper_figures(helper: UUID, evidence: SupportFacts) -> Iterator[Figure]:
    """How one person's help stands: over all goals, whichever team they belong to."""
    needs = evidence.needs_by_helper.get(helper, [])
    waiting = [need for need in needs if need.open]
    late = [need for need in waiting if evidence.is_overdue(need)]
    keys: dict[str, Any] = {"member": helper}
    events = evidence.scope.list_events(need.check_in for need in waiting)
    yield build_share("help_past_answer_by", len(late), len(waiting), census=True, events=events, **keys)
    yield _answer_days_figure("help_answer_days", needs, evidence, keys)


def _deadline_key(need: NeedFact) -> tuple[bool, str, int, int, int]:
    return need.answer_by is None, str(need.answer_by), need.raised_at, need.check_in.int, need.index


def _build_need_entry(need: NeedFact, evidence: SupportFacts) -> NeedEntry:
    return NeedEntry(
        goal=need.goal,
        need=f"{need.check_in}/{need.index}",
        asker=need.asker,
        helper=need.helper,
        answer_by=need.answer_by,
        open_days=round_for_report(to_days(evidence.at - need.raised_at)) or 0.0,
        overdue=evidence.is_overdue(need),
    )


# --- blockers and feedback -------------------------------------------------------------------------------------------


def _blocker_figures(evidence: SupportFacts, group: dict[str, Any]) -> Iterator[GroupFigure]:
    owners = {goal.id: (goal.team, goal.owner) for goal in evidence.promises}
    blocked = [owners[blocker.goal] for blocker in evidence.blockers]
    events = evidence.scope.list_events(blocker.event_id for blocker in evidence.blockers)
    yield of_group(Figure(name="blockers_open", value=len(evidence.blockers), events=events, **group), blocked)
    ages = [to_days(evidence.at - blocker.since) for blocker in evidence.blockers]
    yield of_group(_median_figure("blocker_age_days", ages, events, group), blocked)
    durations = [to_days(resolved.resolved_at - resolved.raised_at) for resolved in evidence.resolved_blockers]
    resolved = evidence.scope.list_events(r.event_id for r in evidence.resolved_blockers)
    figure = _median_figure("blocker_resolve_days", durations, resolved, group)
    yield of_group(figure, [(r.team, r.owner) for r in evidence.resolved_blockers])


def _build_blocker_entry(blocker: UnresolvedBlocker, evidence: SupportFacts) -> BlockerEntry:
    return BlockerEntry(
        goal=blocker.goal,
        blocker=blocker.event_id,
        listed=not blocker.raised,
        acts_next=blocker.acts_next,
        age_days=round_for_report(to_days(evidence.at - blocker.since)) or 0.0,
    )


def _feedback_figures(evidence: SupportFacts, group: dict[str, Any]) -> Iterator[GroupFigure]:
    for name, side in (("feedback_to_owner", "sponsor"), ("feedback_to_sponsor", "owner")):
        given = evidence.feedback_by_side[side]
        figure = Figure(
            name=name, value=len(given), events=evidence.scope.list_events(one.event for one in given), **group
        )
        yield of_group(figure, [(one.team, one.by) for one in given])


# --- progress by time ------------------------------------------------------------------------------------------------


def _pace_figures(goal: ReportedPromise, as_of: AsOf, scope: ReportScope) -> Iterator[Figure]:
    """Earned schedule: the time that the progress made would have taken by plan / the time that it took."""
    paused = goal.pause is not None and goal.pause.paused_from <= as_of.today < goal.pause.resume_on
    if goal.state not in LIVE_STATES or paused or goal.progress_at is None:
        return
    begun = midnight(goal.terms.start, as_of.tzinfo)
    duration = Fraction((goal.terms.due - goal.terms.start).days + 1)
    elapsed = to_days(to_micros(as_of.at) - begun)
    early = duration <= 0 or elapsed < duration * _EARLY_SHARE
    yield Figure(
        name="spi_t",
        goal=goal.id,
        value=None if early else round_for_report(goal.share_done * duration / elapsed),
        status="too_early" if early else None,
        events=scope.list_events(goal.list_sources("start", "due", "progress")),
    )
