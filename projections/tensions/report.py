"""Tensions: patterns of purpose against performance. Which show, since when, and what was tried. docs/tensions.md.

Every figure is that of the report that has it. A report is a pure function of what `as_of` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Self

import msgspec
from msgspec.structs import replace

from domain.experiment.events import Tension
from domain.experiment.state import Experiment, ExperimentState
from projections.as_of import AsOf
from projections.database.database import Database
from projections.experiments import load_experiments
from projections.figures import (
    WITHHELD,
    EventRef,
    MemberRef,
    Report,
    ReportScope,
    SubjectExperiment,
    TeamRef,
    finish_report,
)
from projections.privacy import WithheldBy
from projections.tensions.figures import TensionContext, load_figures, load_organisation
from projections.tensions.rules import RULES, assess
from projections.tensions.weeks import find_since

#: Days of the window where none is asked for: 12 weeks.
WINDOW_DAYS = 84
WHOLE_ORGANISATION = ReportScope(window=WINDOW_DAYS, default_days=WINDOW_DAYS)

#: Whether a tension shows; too few cases to say; not for this viewer.
TensionState = Literal["shows", "absent", "too_few", "withheld"]


class TriedExperiment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was tried about a tension, and what came of it."""

    experiment: SubjectExperiment
    #: Empty: the organisation's own.
    team: TeamRef | None = None
    hypothesis: str
    measure: str
    state: ExperimentState
    owner: MemberRef
    proposed_at: datetime
    agreed_at: datetime | None = None
    review_on: date | None = None
    #: How often it was looked at, and what the last look found.
    findings: int = 0
    finding: str = ""
    outcome: str = ""
    ended_at: datetime | None = None
    #: The event that ended it, else the last look, else its proposal.
    event: EventRef


class TensionEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tension: whether it shows, since when, by which figures and lines, and what was tried."""

    tension: Tension
    team: TeamRef | None = None
    state: TensionState
    #: The rule by which it is withheld from this viewer.
    rule: WithheldBy | None = None
    #: The last day of the first week since which it has shown at the end of every week.
    since: date | None = None
    #: It may have begun earlier: further back is not looked.
    since_or_earlier: bool = False
    #: Name of each policy that is a line of it, and its value.
    lines: dict[str, str]
    #: Names of the figures that it is made of.
    figures: list[str]
    tried: list[TriedExperiment] = []


class TensionsReport(Report, frozen=True, kw_only=True):
    """The figures of tensions, and each tension with its state."""

    tensions: list[TensionEntry]

    def without_withheld(self, *, past: bool) -> Self:
        """The report in which no tension says what its withheld figures would, nor (`past`) since when it shows."""
        rules = {figure.name: figure.rule for figure in self.figures if figure.status == WITHHELD}
        return replace(self, tensions=[_without_withheld(entry, rules, past=past) for entry in self.tensions])


def _without_withheld(entry: TensionEntry, rules: Mapping[str, WithheldBy | None], *, past: bool) -> TensionEntry:
    hidden = [rules[name] for name in entry.figures if name in rules]
    if hidden:
        return replace(entry, state="withheld", rule=hidden[0], since=None, since_or_earlier=False)
    return entry if past else replace(entry, since=None, since_or_earlier=False)


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> TensionsReport:
    """The tensions of a team, or of the whole organisation."""
    organisation = load_organisation(database, as_of)
    at = TensionContext(database=database, as_of=as_of, scope=scope, organisation=organisation)
    figures = load_figures(at, [name for rule in RULES.values() for name in rule.figures])
    states = assess(figures, as_of.policy.policy)
    since = find_since(at, [tension for tension, shows in states.items() if shows])
    tried: dict[Tension, list[TriedExperiment]] = {tension: [] for tension in Tension}
    for experiment in load_experiments(database, as_of, team=scope.team):
        tried[experiment.tension].append(_build_tried(experiment))
    entries = [
        TensionEntry(
            tension=tension,
            team=scope.team,
            state="too_few" if shows is None else "shows" if shows else "absent",
            since=since[tension].day if tension in since else None,
            since_or_earlier=tension in since and since[tension].or_earlier,
            lines={name: str(getattr(as_of.policy.policy, name)) for name in RULES[tension].policies},
            figures=list(RULES[tension].figures),
            tried=tried[tension],
        )
        for tension, shows in states.items()
    ]
    return finish_report(TensionsReport, as_of, scope, figures, tensions=entries)


def _build_tried(experiment: Experiment) -> TriedExperiment:
    last = experiment.findings[-1] if experiment.findings else None
    return TriedExperiment(
        experiment=experiment.id,
        team=experiment.of.team,
        hypothesis=experiment.hypothesis,
        measure=experiment.measure,
        state=experiment.state,
        owner=experiment.owner,
        proposed_at=experiment.proposed_at,
        agreed_at=experiment.agreed_at,
        review_on=experiment.review_on,
        findings=len(experiment.findings),
        finding=last.text if last is not None else "",
        outcome=experiment.outcome,
        ended_at=experiment.ended_at,
        event=experiment.ended_event or (last.id if last is not None else experiment.proposed_event),
    )
