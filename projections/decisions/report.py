"""How decisions go: how long they take, whether their time-box holds, what becomes of objections, what is asked again.

Formulas: docs/reports.md. Looked at are *askings*: a question that is asked again begins a new time-box. None of it is
about persons; the askings in which a member decides can be asked for, and show no more than that member's decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from statistics import median
from typing import Any
from uuid import UUID

from domain.instants import to_micros
from projections.as_of import AsOf
from projections.database.database import Database
from projections.decisions.decisions import DecisionRound, load_ended_rounds
from projections.figures import (
    SMALL_SAMPLE,
    WHOLE_ORGANISATION,
    Figure,
    GroupFigure,
    Report,
    ReportScope,
    build_share,
    event_ids,
    finish_report,
    of_group,
    of_window,
    round_for_report,
    window_begin,
)

#: A decision asked again within this time did not hold.
REOPENED_WITHIN_DAYS = 30
_DAY_MICROS = 24 * 3600 * 10**6


class DecisionsReport(Report, frozen=True, kw_only=True):
    """The figures of decisions."""


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> DecisionsReport:
    """How the decisions of a team went, those in which a member decides, or all of the organisation.

    Counted are the askings whose time-box ended in the window.
    """
    over = _load_rounds(database, as_of, scope)
    group = scope.group
    figures = [
        _latency_figure(over, group),
        *_time_box_figures(over, as_of, group),
        _integrated_figure(over, group),
        _reopened_figure(over, group),
    ]
    return finish_report(DecisionsReport, as_of, scope, figures)


def build_time_box_figure(database: Database, as_of: AsOf, scope: ReportScope) -> GroupFigure:
    """Of the group figures the share of decisions that were decided within their time-box."""
    return next(_time_box_figures(_load_rounds(database, as_of, scope), as_of, scope.group))


def _load_rounds(database: Database, as_of: AsOf, scope: ReportScope) -> list[DecisionRound]:
    since = window_begin(as_of, scope.window)
    return load_ended_rounds(database, as_of, since, team=scope.team, decider=scope.member)


def _by_party(rounds: Iterable[DecisionRound]) -> list[tuple[UUID | None, UUID]]:
    return [(a.team, party) for a in rounds for party in a.parties]


def _latency_figure(over: Sequence[DecisionRound], group: dict[str, Any]) -> GroupFigure:
    """Median days from being asked to being decided."""
    decided = [a for a in over if a.outcome is not None]
    days = [
        Fraction(to_micros(a.outcome.at) - to_micros(a.opened_at), _DAY_MICROS)
        for a in decided
        if a.outcome is not None
    ]
    figure = Figure(
        name="decision_latency_days",
        n=len(days),
        value=round_for_report(Fraction(median(days))) if days else None,
        status=None if days else "no_data",
        small_sample=len(days) < SMALL_SAMPLE,
        events=_round_events(decided),
        **group,
    )
    return of_group(figure, _by_party(decided))


def _time_box_figures(over: Sequence[DecisionRound], as_of: AsOf, group: dict[str, Any]) -> Iterator[GroupFigure]:
    """How many were decided before their deadline; and how the others were, as far as they are."""
    events = _round_events(over)
    inside = [a for a in over if a.outcome is not None and a.outcome.inside_time_box]
    share = build_share("decisions_inside_time_box", len(inside), len(over), events=events, **group)
    ended = ((to_micros(a.ended_at), a.team, party) for a in over for party in a.parties)
    yield of_window(share, window_begin(as_of), ended)
    for by in ("fallback", "lead"):
        so = [a for a in over if a.outcome is not None and a.outcome.by == by]
        share = build_share(f"decisions_by_{by}", len(so), len(over), events=events, **group)
        yield of_group(share, _by_party(over))


def _integrated_figure(over: Sequence[DecisionRound], group: dict[str, Any]) -> GroupFigure:
    """Of the objections raised in these askings, those that changed the option."""
    raised = [(a.team, o) for a in over for o in a.objections]
    objections = [o for _, o in raised]
    integrated = [o for o in objections if o.settled == "integrated"]
    events = event_ids(event for o in objections for event in (o.id, o.settled_by))
    share = build_share("objections_integrated", len(integrated), len(objections), events=events, **group)
    return of_group(share, [(team, o.by) for team, o in raised])


def _reopened_figure(over: Sequence[DecisionRound], group: dict[str, Any]) -> GroupFigure:
    """The share of decisions that were reopened within 30 days, as far as is known by then."""
    decided = [a for a in over if a.outcome is not None]
    again = [a for a in decided if _is_reopened_soon(a)]
    events = event_ids([*_round_events(decided), *(a.reopened_event for a in decided)])
    share = build_share("decisions_reopened", len(again), len(decided), events=events, **group)
    return of_group(share, _by_party(decided))


def _is_reopened_soon(asking: DecisionRound) -> bool:
    if asking.outcome is None or asking.reopened_at is None:
        return False
    return asking.reopened_at - asking.outcome.at <= timedelta(days=REOPENED_WITHIN_DAYS)


def _round_events(askings: Sequence[DecisionRound]) -> list[UUID]:
    """What asked them and what decided them."""
    return event_ids(e for a in askings for e in (a.opened_event, a.outcome.event_id if a.outcome else None))
