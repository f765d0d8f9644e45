"""The tensions report in sentences: which show and since when, what was tried, then the figures."""

from __future__ import annotations

from collections.abc import Iterator

from projections.tensions.report import TensionEntry, TensionsReport, TriedExperiment
from services.report_text.page import Paragraph, enumerate_first, isolate, list_lines, quote, shorten
from services.report_text.people import Names, group_figures
from services.report_text.phrases import describe_figure, figure_lines, withheld_lines

_MOST_ENTRIES, _MOST_TRIED = 12, 6
_TEXT_LENGTH = 80


def tensions_sections(report: TensionsReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Those that show, in the order of the report; what was tried, the open ones first; the rest; figures."""
    shown = [entry for entry in report.tensions if entry.state == "shows"]
    yield list_lines("Tensions that show", [_describe_tension(entry, report) for entry in shown], _MOST_ENTRIES)
    tried = [(entry, each) for entry in report.tensions for each in entry.tried]
    tried.sort(key=lambda one: one[1].ended_at is not None)
    yield list_lines("What was tried", [_describe_tried(*one, names) for one in tried], _MOST_TRIED)
    yield _other_lines(report)
    group = group_figures(report.figures)
    yield figure_lines(group)
    yield withheld_lines(group)


def _call(entry: TensionEntry) -> str:
    return entry.tension.replace("_", " ").capitalize()


def _describe_tension(entry: TensionEntry, report: TensionsReport) -> str:
    since = ""
    if entry.since is not None:
        since = f" since {entry.since.isoformat()}{' or earlier' if entry.since_or_earlier else ''}"
    made_of = [describe_figure(figure) for figure in report.figures if figure.name in entry.figures]
    lines = ", ".join(f"{name} {value}" for name, value in entry.lines.items())
    return f"{_call(entry)}{since}: {'; '.join(made_of)} ({lines})"


def _describe_tried(entry: TensionEntry, tried: TriedExperiment, names: Names) -> str:
    came = tried.outcome or tried.finding
    result = f": {isolate(shorten(came, _TEXT_LENGTH))}" if came else ""
    day = f", looked at on {tried.review_on.isoformat()}" if tried.review_on is not None else ""
    what = quote(tried.hypothesis, _TEXT_LENGTH)
    return f"{_call(entry)}: {what} ({names.person(tried.owner)}, {tried.state}{day}){result}"


def _other_lines(report: TensionsReport) -> Iterator[Paragraph]:
    """Those that do not show, and those of which too little is known."""
    for state, heading in (("absent", "Do not show"), ("too_few", "Too few cases to say")):
        parts = [_call(entry).lower() for entry in report.tensions if entry.state == state]
        if parts:
            yield Paragraph(f"{heading}: {enumerate_first(parts, _MOST_ENTRIES)}.")
