"""The figures of tensions at one `as_of`, each from where its report has it, and only those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from functools import cached_property

import msgspec

from domain.calendar import end_of_day
from domain.goal.state import LIVE_STATES
from domain.organisation.organisation import Organisation
from projections.as_of import AsOf
from projections.charters import rituals
from projections.database.database import Database
from projections.decisions.report import build_time_box_figure
from projections.drift import report as drift
from projections.figures import Figure, GroupFigure, ReportScope
from projections.goals import ReportedPromise
from projections.overload import report as overload
from projections.overload.additions import AdditionAnalysis
from projections.overload.queries import OverloadFacts
from projections.overload.rewound import RewoundFacts
from projections.people import organisation_at
from projections.recognition.report import build_relationship_figure
from projections.support import report as support
from projections.support.queries import SupportFacts
from projections.tensions import practice
from projections.tensions.promises import StandingPromises

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
    #: What overload is made of at this time or later, read already; None: it is read.
    overload: OverloadFacts | None = None
    #: The same for all evaluations of one report.
    standing: StandingPromises = msgspec.field(default_factory=StandingPromises)

    @cached_property
    def promises(self) -> list[ReportedPromise]:
        """The goals asked about whose promise stands, read once for all figures."""
        return self.standing.load(self.database, self.as_of, self.scope)


#: The names of figures of what overload is made of.
OVERLOAD_FIGURES = frozenset({"yes_and_ratio", "imposed_share"})


def read_overload(at: TensionContext, days: int) -> OverloadFacts:
    """What overload is made of up to `at`, enough for every time in the last `days` days before it."""
    evidence = OverloadFacts(at.database, at.as_of, at.scope, reach=days)
    evidence.prefetch()
    # What all additions of the time need is read in one round trip.
    AdditionAnalysis(evidence, undone=False)
    return evidence


Found = Iterator[Figure | GroupFigure]


def _from_overload(at: TensionContext, _wanted: Collection[str]) -> Found:
    if at.overload is not None:
        return overload.build_share_figures(RewoundFacts(at.overload, at.as_of))
    evidence = OverloadFacts(at.database, at.as_of, at.scope)
    evidence.prefetch()
    return overload.build_share_figures(evidence)


def _from_goals(at: TensionContext, wanted: Collection[str]) -> Found:
    live = [goal for goal in at.promises if goal.state in LIVE_STATES]
    if "goals_without_measure" in wanted:
        yield practice.build_measure_figure(live, at.scope)
    if "static_share" in wanted:
        yield practice.build_static_figure(at.database, at.as_of, at.scope, live)
    yield from drift.build_share_figures(at.database, at.as_of, at.scope, live, wanted)


def _from_answers(at: TensionContext, _wanted: Collection[str]) -> Found:
    return practice.build_answer_figures(at.database, at.as_of, at.scope)


def _from_support(at: TensionContext, wanted: Collection[str]) -> Found:
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
    (OVERLOAD_FIGURES, _from_overload),
    (_NEEDS_FIGURES | {"check_ins_a_week"}, _from_support),
    (frozenset({"ritual_minutes", "ritual_minutes_before"}), _from_rituals),
    (frozenset({"decisions_inside_time_box"}), _from_decisions),
    (frozenset({"relationship_share"}), _from_recognitions),
)


def load_figures(at: TensionContext, wanted: Collection[str]) -> list[Figure | GroupFigure]:
    """The figures of these names, and those that come with them."""
    return [figure for names, load in _SOURCES if not names.isdisjoint(wanted) for figure in load(at, wanted)]
