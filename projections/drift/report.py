"""Drift, a vector of five: stale, purpose, scope, alignment, expectation. Formulas and fine print: docs/reports.md.

A report is a pure function of what `as_of` shows; no row depends on today. Each figure opens its events, and each
drifting goal names who could say one sentence to whom to mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from statistics import median
from typing import Any
from uuid import UUID

from domain.goal.state import LIVE_STATES
from domain.policy import Policy
from domain.quantities import to_fraction
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import Database
from projections.drift.context import load_context
from projections.drift.expectation_drift import build_expectation_figures
from projections.drift.goal_drift import GoalClocks, GoalDrift, compute_goal_drift
from projections.drift.purpose_drift import build_purpose_figure, compute_purpose_drift, load_graph_above
from projections.drift.queries import Consent, DriftFacts, load_clocks, load_facts
from projections.drift.suggestions import (
    Suggestion,
    build_abandoned_suggestion,
    build_expectation_suggestions,
    build_goal_suggestions,
    build_purpose_suggestions,
    sort_suggestions,
)
from projections.figures import (
    SMALL_SAMPLE,
    WHOLE_ORGANISATION,
    Figure,
    GroupFigure,
    Line,
    Report,
    ReportScope,
    build_share,
    finish_report,
    line_of_limit,
    of_group,
    ratio_for_report,
    round_for_report,
)
from projections.goals import ReportedPromise, promises_at
from projections.lineage.links import links_at, parents_at
from projections.paused_time import DAY_MICROS

#: Share of live goals that are abandoned, over the line.
ABANDONED_LINE = Fraction(1, 10)


class DriftReport(Report, frozen=True, kw_only=True):
    """The five figures of drift, and what could be said about each drifting goal."""

    mend: list[Suggestion]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> DriftReport:
    """What has drifted, of one team's goals, of one owner's, or of the whole organisation's.

    Group figures name the team or the member asked for; figures of a goal name the goal. The window is that of
    breaches; everything else looks at the whole life of what is live.
    """
    live = load_live_goals(database, as_of, scope)
    around = load_context(database, as_of, scope, live)
    facts = load_facts(database, as_of, live, around.present)
    graph = load_graph_above(database, as_of, facts.links, facts.parents)
    purpose_drifts = compute_purpose_drift(live, graph, around.frameworks, as_of)
    clocks = GoalClocks(facts, as_of)
    assessed = [compute_goal_drift(goal, facts, clocks, as_of, explain=scope.explain) for goal in cancellable(live)]
    policy = as_of.policy.policy
    figures = [
        *_group_figures(assessed, policy, scope),
        build_purpose_figure(purpose_drifts, graph, policy.purpose_line, scope, charter=around.purposes),
        *build_expectation_figures(around.expectations, policy),
        *_goal_figures(assessed, policy, scope),
    ]
    weighed = [
        *(build_abandoned_suggestion(a, facts, around) for a in assessed if a.silent_days is not None),
        *(m for a in cancellable(assessed) for m in build_goal_suggestions(a, facts, around, as_of)),
        *build_purpose_suggestions(purpose_drifts, facts, around, as_of),
        *build_expectation_suggestions(around, as_of),
    ]
    return finish_report(DriftReport, as_of, scope, figures, mend=sort_suggestions(weighed))


def load_live_goals(database: Database, as_of: AsOf, scope: ReportScope) -> list[ReportedPromise]:
    """The goals that drift is about: those whose promise is being worked on."""
    return promises_at(database, as_of, team=scope.team, owners=scope.owners, states=LIVE_STATES)


def build_share_figures(  # noqa: PLR0913 - a question, its goals, and what is known of them
    database: Database,
    as_of: AsOf,
    scope: ReportScope,
    live: Sequence[ReportedPromise],
    wanted: Collection[str],
    clocks: DriftFacts | None = None,
) -> Iterator[Figure | GroupFigure]:
    """Of the stale share, purpose drift and the acknowledgement share of these live goals those that are wanted.

    `clocks`: when the goals' clocks stood still, where that is read already.
    """
    needs_context = not {"purpose_drift", "acknowledgement_share"}.isdisjoint(wanted)
    around = load_context(database, as_of, scope, live) if needs_context else None
    if "stale_share" in wanted:
        stopped = clocks or load_clocks(database, as_of, live, around.present if around is not None else {})
        yield _build_stale_figure(live, GoalClocks(stopped, as_of), scope)
    if around is not None and "purpose_drift" in wanted:
        links = links_at(database, as_of, (goal.id for goal in live))
        parents = parents_at(database, as_of, (link.parent for of_goal in links.values() for link in of_goal))
        graph = load_graph_above(database, as_of, links, parents)
        drifts = compute_purpose_drift(live, graph, around.frameworks, as_of)
        yield build_purpose_figure(drifts, graph, as_of.policy.policy.purpose_line, scope, charter=around.purposes)
    if around is not None and "acknowledgement_share" in wanted:
        yield next(build_expectation_figures(around.expectations, as_of.policy.policy))


# --- figures ---------------------------------------------------------------------------------------------------------


def _build_stale_figure(live: Iterable[ReportedPromise], clocks: GoalClocks, scope: ReportScope) -> GroupFigure:
    read = [(goal, clocks.is_stale(goal)) for goal in cancellable(live)]
    awake = [(goal, stale) for goal, stale in read if stale is not None]
    events = (event for goal, _ in awake for event in (goal.judged_by_event, *clocks.find_stops(goal)))
    stale = sum(is_stale for _, is_stale in awake)
    return _stale_figure(stale, [(goal.team, goal.owner) for goal, _ in awake], events, scope)


def _stale_figure(
    stale: int, awake: list[tuple[UUID | None, UUID]], events: Iterable[UUID], scope: ReportScope
) -> GroupFigure:
    named = scope.list_events(events)
    return of_group(build_share("stale_share", stale, len(awake), census=True, events=named, **scope.group), awake)


def _goal_figures(assessed: Iterable[GoalDrift], policy: Policy, scope: ReportScope) -> Iterator[Figure]:
    for a in assessed:
        if a.silent_days is not None:
            events = scope.list_events(_silence_events(a))
            yield Figure(name="abandoned", goal=a.goal.id, value=a.silent_days, line="over", events=events)
        elif a.idle_micros is not None:
            yield Figure(
                name="stale_ratio",
                goal=a.goal.id,
                value=ratio_for_report(a.idle_micros, DAY_MICROS * policy.cadence_days),
                line="over" if a.stale else None,
                events=scope.list_events((a.judged, *a.stopped_by)),
            )


def _by_owner(assessed: Iterable[GoalDrift]) -> list[tuple[UUID | None, UUID]]:
    return [a.behind for a in assessed]


def _group_figures(assessed: Sequence[GoalDrift], policy: Policy, scope: ReportScope) -> Iterator[GroupFigure]:
    group = scope.group
    awake = [a for a in assessed if a.idle_micros is not None and a.silent_days is None]
    events = (event for a in awake for event in (a.judged, *a.stopped_by))
    yield _stale_figure(sum(a.stale for a in awake), _by_owner(awake), events, scope)
    silent = [a for a in assessed if a.silent_days is not None]
    share = build_share(
        "abandoned_share",
        len(silent),
        len(assessed),
        limit=ABANDONED_LINE,
        census=True,
        events=scope.list_events(event for a in assessed for event in _silence_events(a)),
        **group,
    )
    yield of_group(share, _by_owner(assessed))
    yield from _scope_figures(assessed, policy, scope)
    yield from _alignment_figures(assessed, policy, scope)


def _alignment_figures(assessed: Sequence[GoalDrift], policy: Policy, scope: ReportScope) -> Iterator[GroupFigure]:
    loose = [u for a in assessed for u in a.unaffirmed]
    events = [event for u in loose for event in (u.link.event_id, *(m.event_id for m in u.since))]
    linked = [event for a in assessed for event in a.link_events]
    share = build_share(
        "alignment_drift",
        len(loose),
        len(linked),
        limit=to_fraction(policy.alignment_line),
        census=True,
        overdue=sum(u.overdue for u in loose),
        events=scope.list_events([*events, *linked]),
        **scope.group,
    )
    yield of_group(share, _by_owner(a for a in assessed if a.link_events))
    days = median(u.days for u in loose) if loose else None
    unaffirmed = Figure(
        name="unaffirmed_days",
        n=len(loose),
        value=round_for_report(days),
        status=None if loose else "no_data",
        line=_line_of_sample(days, Fraction(policy.unaffirmed_days), len(loose)),
        small_sample=len(loose) < SMALL_SAMPLE,
        events=scope.list_events(events),
        **scope.group,
    )
    yield of_group(unaffirmed, _by_owner(a for a in assessed if a.unaffirmed))


def _silence_events(a: GoalDrift) -> Iterator[UUID | None]:
    """The promise, the lapse if there was one, and the last word."""
    yield from (a.goal.promise_event, *a.goal.sources.get("lapse", ()), a.goal.contact_event, a.judged)


def _line_of_sample(value: Fraction | None, limit: Fraction, n: int) -> Line | None:
    """No line for a small sample."""
    return line_of_limit(value, limit) if value is not None and n >= SMALL_SAMPLE else None


#: How moves are added up, by the ends of the figures' names for a due date and for a target.
_SCOPE_SUMS: tuple[tuple[str, str, Callable[[Fraction], Fraction]], ...] = (
    ("net_days", "net", lambda moved: moved),
    ("churn_days", "churn", abs),
    ("slipped_days", "raised", lambda moved: max(moved, Fraction(0))),
    ("pulled_in_days", "lowered", lambda moved: max(-moved, Fraction(0))),
)
#: Keys of the figures, by how a move was consented to.
_CONSENT_KEYS: dict[Consent, dict[str, Any]] = {
    "negotiated": {"negotiated": True},
    "alone": {"negotiated": False},
    "retroactive": {"retroactive": True},
}


def _scope_figures(assessed: Sequence[GoalDrift], policy: Policy, scope: ReportScope) -> Iterator[GroupFigure]:
    """Moves of targets and dues: agreed by both sides, by one alone, and recorded after the fact."""
    promises = [event for a in assessed for event in a.goal.list_sources()] if scope.explain else []
    moved = [a for a in assessed if a.moves]
    for field in ("target", "due"):
        firsts = [a.first_span if field == "target" else a.first_duration for a in assessed]
        first, n = sum(firsts), sum(map(bool, firsts))
        began = _by_owner(a for a, f in zip(assessed, firsts, strict=True) if f)
        moves = {
            consent: [(a, m.moved) for a in moved for m in a.moves if m.field == field and m.consent == consent]
            for consent in _CONSENT_KEYS
        }
        for in_days, of_target, part in _SCOPE_SUMS:
            for consent, keys in _CONSENT_KEYS.items():
                total = sum((part(days) for _, days in moves[consent]), Fraction(0))
                ratio = total / first if first else None
                value: float | int | None = round_for_report(ratio)
                if field == "due":
                    value = int(total) if assessed else None
                figure = Figure(
                    name=f"scope_due_{in_days}" if field == "due" else f"scope_target_{of_target}",
                    value=value,
                    ratio=round_for_report(ratio),
                    n=n,
                    status="no_data" if value is None else None,
                    line=_line_of_sample(abs(ratio) if ratio is not None else None, to_fraction(policy.scope_line), n),
                    small_sample=n < SMALL_SAMPLE,
                    events=scope.list_events(chain(promises, _move_events(moved, field, consent))),
                    **keys,
                    **scope.group,
                )
                yield of_group(figure, began, _by_owner(a for a, _ in moves[consent]))


def _move_events(assessed: Iterable[GoalDrift], field: str, consent: Consent) -> Iterator[UUID]:
    """Every move of the goals that have one so consented to: each starts from where the one before it led."""
    for a in assessed:
        moves = [m for m in a.moves if m.field == field]
        if any(m.consent == consent for m in moves):
            yield from (event for m in moves for event in (m.proposal, m.event_id))
            # A party that holds both sides has no other to ask.
            yield from a.goal.list_sources("owner", "sponsor")
