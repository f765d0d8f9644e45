"""The figures of tensions at one `as_of`, each from where its report has it, and only those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from functools import cached_property

import msgspec

from domain.calendar import end_of_day
from domain.goal.state import LIVE_STATES, PROMISED_STATES
from domain.organisation.organisation import Organisation
from projections.as_of import AsOf
from projections.charters import rituals
from projections.database.database import Database
from projections.decisions.report import build_time_box_figure
from projections.drift import report as drift
from projections.figures import Figure, GroupFigure, ReportScope, build_share
from projections.goals import ReportedPromise, promises_at
from projections.overload import report as overload
from projections.overload.queries import OverloadFacts
from projections.overload.rewound import RewoundFacts
from projections.people import organisation_at
from projections.recognition.report import build_relationship_figure
from projections.support import report as support
from projections.support.queries import SupportFacts
from projections.tensions import practice
from projections.tensions.past import PastFacts

_MICROSECOND = timedelta(microseconds=1)
_WEEK_DAYS = 7


def at_end_of(day: date, as_of: AsOf, organisation: Organisation) -> AsOf:
    """The end of an earlier day in the organisation's zone, knowing the same; under the policy of that time."""
    at = end_of_day(day, as_of.tzinfo) - _MICROSECOND
    return msgspec.structs.replace(as_of, at=at, today=day, policy=organisation.policy_at(at))


def load_organisation(database: Database, as_of: AsOf) -> Organisation:
    """The organisation with its policies; before it began the defaults hold."""
    return organisation_at(database, as_of) or Organisation(id=as_of.organisation_id, name="")


class TensionContext(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one evaluation is about."""

    database: Database
    as_of: AsOf
    scope: ReportScope
    organisation: Organisation
    #: What is read once for the ends of several weeks, of which this is one; None: it is none.
    past: PastFacts | None = None

    @cached_property
    def promises(self) -> list[ReportedPromise]:
        """The goals asked about whose promise stands, read once for all figures."""
        if self.past is not None:
            return self.past.promises_at(self.as_of)
        return promises_at(self.database, self.as_of, team=self.scope.team, states=PROMISED_STATES)

    @cached_property
    def live(self) -> list[ReportedPromise]:
        """Those of them that are being worked on."""
        return [goal for goal in self.promises if goal.state in LIVE_STATES]


Found = Iterator[Figure | GroupFigure]


def _from_overload(at: TensionContext, _wanted: Collection[str]) -> Found:
    if at.past is not None:
        return overload.build_share_figures(RewoundFacts(at.past.overload, at.as_of))
    evidence = OverloadFacts(at.database, at.as_of, at.scope)
    evidence.prefetch()
    return overload.build_share_figures(evidence)


def _from_goals(at: TensionContext, wanted: Collection[str]) -> Found:
    if "goals_without_measure" in wanted:
        yield practice.build_measure_figure(at.live, at.scope)
    if "static_share" in wanted:
        yield practice.build_static_figure(at.database, at.as_of, at.scope, at.live, at.past)
    clocks = at.past.load_clocks(at.as_of, at.live) if at.past is not None and "stale_share" in wanted else None
    yield from drift.build_share_figures(at.database, at.as_of, at.scope, at.live, wanted, clocks)


def _from_answers(at: TensionContext, _wanted: Collection[str]) -> Found:
    return practice.build_answer_figures(at.database, at.as_of, at.scope)


def _from_support(at: TensionContext, wanted: Collection[str]) -> Found:
    if at.past is not None and set(wanted) == {"needs_past_answer_by"}:
        waiting, late = at.past.count_open_needs(at.as_of)
        yield build_share("needs_past_answer_by", late, waiting, census=True, **at.scope.group)
        return
    parts = {"needs": _NEEDS_FIGURES, "ended": frozenset({"check_ins_a_week"})}
    read = [part for part, names in parts.items() if not names.isdisjoint(wanted)]
    promises = at.promises if "ended" in read else None
    evidence = SupportFacts(at.database, at.as_of, at.scope, parts=read, promises=promises)
    if "needs" in read:
        yield from support.build_share_figures(evidence)
    if "ended" in read:
        yield practice.build_check_in_figure(at.database, evidence)


def _from_rituals(at: TensionContext, _wanted: Collection[str]) -> Found:
    """As the charters stand, and as they stood a week before."""
    yield rituals.build_minutes_figure(at.database, at.as_of, at.scope)
    before = at_end_of(at.as_of.today - timedelta(days=_WEEK_DAYS), at.as_of, at.organisation)
    figure, parts = rituals.build_minutes_figure(at.database, before, at.scope)
    yield GroupFigure(msgspec.structs.replace(figure, name="ritual_minutes_before"), parts)


def _from_decisions(at: TensionContext, _wanted: Collection[str]) -> Found:
    yield build_time_box_figure(at.database, at.as_of, at.scope)


def _from_recognitions(at: TensionContext, _wanted: Collection[str]) -> Found:
    yield build_relationship_figure(at.database, at.as_of, at.scope)


_NEEDS_FIGURES = frozenset({"needs_answered", "needs_past_answer_by"})
#: The names of figures -> where they come from.
_SOURCES: tuple[tuple[frozenset[str], Callable[[TensionContext, Collection[str]], Found]], ...] = (
    (
        frozenset({"goals_without_measure", "static_share", "stale_share", "purpose_drift", "acknowledgement_share"}),
        _from_goals,
    ),
    (frozenset({"changes_accepted", "approaches_in_window"}), _from_answers),
    (frozenset({"yes_and_ratio", "imposed_share"}), _from_overload),
    (_NEEDS_FIGURES | {"check_ins_a_week"}, _from_support),
    (frozenset({"ritual_minutes", "ritual_minutes_before"}), _from_rituals),
    (frozenset({"decisions_inside_time_box"}), _from_decisions),
    (frozenset({"relationship_share"}), _from_recognitions),
)


def load_figures(at: TensionContext, wanted: Collection[str]) -> list[Figure | GroupFigure]:
    """The figures of these names, and those that come with them."""
    return [figure for names, load in _SOURCES if not names.isdisjoint(wanted) for figure in load(at, wanted)]
