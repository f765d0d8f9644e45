"""When each tension shows: which figures it is made of, which policies are its lines, and how they are compared.

Exactly: counts as fractions, against the policy's decimal. Under five cases nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from domain.experiment.events import Tension
from domain.policy import Policy
from domain.quantities import to_fraction
from projections.figures import Figure, GroupFigure

#: Fewer cases than this show no tension; of recognitions it takes more.
MIN_CASES, MIN_RECOGNITIONS = 5, 10

Figures = Mapping[str, Figure]
#: Whether it shows; None: there are too few cases to say.
Shows = Callable[[Figures, Policy], bool | None]


class TensionRule(NamedTuple):
    """One tension."""

    #: The names of its figures, the one that is compared first.
    figures: tuple[str, ...]
    #: The policies that are its lines.
    policies: tuple[str, ...]
    shows: Shows


def _has_cases(figure: Figure, least: int = MIN_CASES) -> bool:
    return figure.value is not None and (figure.n or 0) >= least


def _share(figure: Figure) -> Fraction:
    return Fraction(figure.count or 0, figure.n or 1)


def _is_over(name: str, policy_name: str) -> Shows:
    """The share of this name is over the line of this policy."""

    def shows(figures: Figures, policy: Policy) -> bool | None:
        figure = figures[name]
        return _share(figure) > to_fraction(getattr(policy, policy_name)) if _has_cases(figure) else None

    return shows


def _is_vague(figures: Figures, policy: Policy) -> bool | None:
    """Either share is over the line; the other may have too few cases."""
    shows = None
    for name in ("goals_without_measure", "acknowledgement_share"):
        if _has_cases(figures[name]):
            shows = _share(figures[name]) > to_fraction(policy.vague_line)
            if shows:
                # The other one is not looked at: at the end of a week nothing is read for it.
                return True
    return shows


def _is_rigid(figures: Figures, policy: Policy) -> bool | None:
    accepted = figures["changes_accepted"]
    if not _has_cases(accepted):
        return None
    return _share(accepted) < to_fraction(policy.rigid_line) and not figures["approaches_in_window"].value


def _is_yes_and(figures: Figures, _policy: Policy) -> bool | None:
    """The figure's own red line, which a small sample crosses only with its whole interval."""
    ratio = figures["yes_and_ratio"]
    return ratio.line == "red" if _has_cases(ratio) else None


def _is_monitoring(figures: Figures, policy: Policy) -> bool | None:
    rate, answered = figures["check_ins_a_week"], figures["needs_answered"]
    if not (_has_cases(rate) and _has_cases(answered)):
        return None
    return rate.line is not None and _share(answered) < to_fraction(policy.needs_answered_line)


def _is_tiring(figures: Figures, _policy: Policy) -> bool | None:
    """At the end of this week and of the one before."""
    weeks = [figures[name] for name in ("ritual_minutes", "ritual_minutes_before")]
    if not all(_has_cases(week) for week in weeks):
        return None
    return all(week.line is not None for week in weeks)


def _is_about_results_only(figures: Figures, policy: Policy) -> bool | None:
    """The share is *under* the line."""
    share = figures["relationship_share"]
    return _share(share) < to_fraction(policy.results_only_line) if _has_cases(share, MIN_RECOGNITIONS) else None


def _is_slow(figures: Figures, policy: Policy) -> bool | None:
    inside = figures["decisions_inside_time_box"]
    return 1 - _share(inside) > to_fraction(policy.slow_consensus_line) if _has_cases(inside) else None


RULES: dict[Tension, TensionRule] = {
    Tension.VAGUE_EXPECTATIONS: TensionRule(
        ("goals_without_measure", "acknowledgement_share"), ("vague_line",), _is_vague
    ),
    Tension.RIGID_STRUCTURE: TensionRule(("changes_accepted", "approaches_in_window"), ("rigid_line",), _is_rigid),
    Tension.YES_AND: TensionRule(("yes_and_ratio",), ("yes_and_red",), _is_yes_and),
    Tension.SILENT_DRIFT: TensionRule(
        ("stale_share",), ("silent_drift_line",), _is_over("stale_share", "silent_drift_line")
    ),
    Tension.IMPOSED_GOALS: TensionRule(
        ("imposed_share",), ("imposed_line",), _is_over("imposed_share", "imposed_line")
    ),
    Tension.UNSUPPORTED: TensionRule(
        ("needs_past_answer_by",), ("unsupported_line",), _is_over("needs_past_answer_by", "unsupported_line")
    ),
    Tension.MONITORING: TensionRule(
        ("check_ins_a_week", "needs_answered"),
        ("monitoring_factor", "cadence_days", "needs_answered_line"),
        _is_monitoring,
    ),
    Tension.PURPOSE_LOST: TensionRule(("purpose_drift",), ("purpose_line",), _is_over("purpose_drift", "purpose_line")),
    Tension.RESULTS_ONLY: TensionRule(("relationship_share",), ("results_only_line",), _is_about_results_only),
    Tension.MEETING_FATIGUE: TensionRule(
        ("ritual_minutes", "ritual_minutes_before"), ("ritual_minutes_limit",), _is_tiring
    ),
    Tension.SLOW_CONSENSUS: TensionRule(("decisions_inside_time_box",), ("slow_consensus_line",), _is_slow),
    Tension.STATIC_GOALS: TensionRule(("static_share",), ("static_line",), _is_over("static_share", "static_line")),
}


def assess(figures: Iterable[Figure | GroupFigure], policy: Policy) -> dict[Tension, bool | None]:
    """Whether each tension shows whose figures are all there; None: too few cases."""
    known: Figures = {figure.name: figure for figure in map(bare, figures)}
    return {tension: rule.shows(known, policy) for tension, rule in RULES.items() if known.keys() >= set(rule.figures)}


def bare(figure: Figure | GroupFigure) -> Figure:
    """The figure without who is behind it."""
    return figure.figure if isinstance(figure, GroupFigure) else figure
