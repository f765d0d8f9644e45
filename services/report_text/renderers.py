"""Which sections each report has as text, and the page that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from projections.alignment.report import AlignmentReport
from projections.charters.rituals import RitualEntry, RitualsReport
from projections.cycles.review import CyclesReport
from projections.decisions.report import DecisionsReport
from projections.drift.report import DriftReport
from projections.figures import Report, ReportScope
from projections.overload.report import OverloadReport
from projections.pulse.report import PulseItemEntry, PulseReport
from projections.recognition.report import RecognitionReport
from projections.reliability.report import ReliabilityReport
from projections.support.report import SupportReport
from projections.tensions.report import TensionsReport
from services.report_text.alignment import alignment_sections
from services.report_text.cycles import cycles_sections
from services.report_text.drift import drift_sections
from services.report_text.overload import overload_sections
from services.report_text.page import WIDTH, Paragraph, build_page, enumerate_first, isolate, list_lines, quote, shorten
from services.report_text.people import Names, figures_by_member
from services.report_text.phrases import figure_lines, format_amount, format_minute, withheld_lines
from services.report_text.recognition import recognition_sections
from services.report_text.reliability import reliability_sections
from services.report_text.support import support_sections
from services.report_text.tensions import tensions_sections

_MOST_RITUALS, _MOST_NAMED = 8, 12
_RITUAL_LENGTH = 50

Sections = Iterator[Iterator[Paragraph]]


def _decisions_sections(report: DecisionsReport, _names: Names) -> Sections:
    """A member's figures are about that member's decisions, and are the report's own."""
    yield figure_lines(report.figures)
    yield withheld_lines(report.figures)


def _pulse_sections(report: PulseReport, _names: Names) -> Sections:
    """The means with the words of their items; the waves before."""
    yield figure_lines([figure for figure in report.figures if figure.name == "psychological_safety"])
    texts = {item.name: item for item in report.items}
    lines = [
        f"{figure.value:.2f} {_item_words(texts[figure.name])}"
        for figure in report.figures
        if figure.name in texts and figure.value is not None
    ]
    yield list_lines("By item, 1 to 7, more is better", lines, len(lines))
    waves = [
        f"{wave.closed_at.date().isoformat()}: {wave.psychological_safety:.2f} ({wave.answers} answers)"
        for wave in report.waves
        if wave.psychological_safety is not None
    ]
    yield list_lines("Psychological safety, pulse by pulse", waves, len(waves))
    yield withheld_lines([figure for figure in report.figures if figure.name == "psychological_safety"])


def _item_words(item: PulseItemEntry) -> str:
    return isolate(shorten(item.text, WIDTH)) + (" (turned)" if item.reversed else "")


def _rituals_sections(report: RitualsReport, names: Names) -> Sections:
    """What takes most time first; what it comes to for each member, by name; figures."""
    rituals = sorted(report.rituals, key=lambda ritual: (-ritual.minutes_a_week, ritual.ritual.int))
    entries = [_describe_ritual(ritual, names) for ritual in rituals]
    yield list_lines("Rituals, those that take most minutes a week first", entries, _MOST_RITUALS)
    yield _member_minutes_lines(report, names)
    group = [figure for figure in report.figures if figure.member is None]
    yield figure_lines(group)
    yield withheld_lines(group)


def _describe_ritual(ritual: RitualEntry, names: Names) -> str:
    title = f"{quote(ritual.title, _RITUAL_LENGTH)} of {names.team(ritual.team)}"
    mode = "together" if ritual.mode == "sync" else "at a time of one's own"
    return f"{title}: {format_amount(ritual.minutes_a_week, 'minute')} a week, {mode}"


def _member_minutes_lines(report: RitualsReport, names: Names) -> Iterator[Paragraph]:
    apart = figures_by_member(report.figures, "async_minutes")
    together = figures_by_member(report.figures, "ritual_minutes")
    parts = [
        f"{name} {_number(minutes)} and {_number(own)}"
        for name, (minutes, own) in names.sort_people(
            (member, (figure.value, apart[member][0].value)) for member, [figure] in together.items()
        )
        if minutes is not None
    ]
    if parts:
        heading = "Minutes a week together and at a time of one's own, by name"
        yield Paragraph(f"{heading}: {enumerate_first(parts, _MOST_NAMED)}.")


def _number(value: float | None) -> str:
    return "no data" if value is None else format_amount(value, "minute").split()[0]


#: Report -> what it is called, and its sections. Each report of the API has its line here.
RENDERERS: dict[type[Report], tuple[str, Callable[[Any, Names], Sections]]] = {
    OverloadReport: ("Overload", overload_sections),
    DriftReport: ("Drift", drift_sections),
    AlignmentReport: ("Alignment", alignment_sections),
    CyclesReport: ("Review of cycles", cycles_sections),
    DecisionsReport: ("Decisions", _decisions_sections),
    PulseReport: ("Pulse", _pulse_sections),
    ReliabilityReport: ("Reliability", reliability_sections),
    RecognitionReport: ("Recognition", recognition_sections),
    RitualsReport: ("Rituals", _rituals_sections),
    SupportReport: ("Support", support_sections),
    TensionsReport: ("Tensions", tensions_sections),
}


class ReportText(NamedTuple):
    """A report in sentences, before they are laid out: what it is, of when, and its sections."""

    #: Which report, and whose.
    heading: str
    #: As of when, and known up to when.
    when: str
    sections: list[list[Paragraph]]


def describe_report(report: Report, scope: ReportScope, names: Names) -> ReportText:
    """The report as its viewer may see it, in sentences; what asks for an act comes first."""
    title, build_sections = RENDERERS[type(report)]
    when = f"as of {_format_as_of(report.as_of)}, known up to {format_minute(report.recorded_as_of)}"
    sections = [section for section in map(list, build_sections(report, names)) if section]
    heading = f"{title} of {_describe_scope(scope, names)}"
    return ReportText(heading, when, sections or [[Paragraph("Nothing to tell.")]])


def render_report(report: Report, scope: ReportScope, names: Mapping[str, str]) -> str:
    """The report in plain text. `names`: of the ids that the report and its scope mention, as of the question."""
    heading, when, sections = describe_report(report, scope, Names(names))
    return build_page([[Paragraph(f"{heading}, {when}")], *sections])


def _format_as_of(text: str) -> str:
    """A day as it is; an instant to the minute."""
    return text if len(text) == len("2026-03-04") else format_minute(datetime.fromisoformat(text))


def _describe_scope(scope: ReportScope, names: Names) -> str:
    team: UUID | None = scope.team
    if scope.member is None:
        return names.team(team)
    return names.person(scope.member) + ("" if team is None else f" in {names.team(team)}")
