"""The recognition report in sentences: help that was not recognised, by goal; figures."""

from __future__ import annotations

from collections.abc import Iterator

from projections.recognition.report import RecognitionReport, UnrecognisedHelp
from services.report_text.page import Paragraph, list_lines
from services.report_text.people import Names
from services.report_text.phrases import figure_lines, withheld_lines

_MOST_ENTRIES = 6


def recognition_sections(report: RecognitionReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Whom one sentence would reach, in the order of the goals; figures."""
    entries = [_describe_help(row, names) for row in report.unrecognised]
    yield list_lines("Help that was not recognised, by goal", list(dict.fromkeys(entries)), _MOST_ENTRIES)
    yield figure_lines(report.figures)
    yield withheld_lines(report.figures)


def _describe_help(row: UnrecognisedHelp, names: Names) -> str:
    helper, asker = names.person(row.helper), names.person(row.asker)
    return f"{names.goal(row.goal)}: {helper} answered a need of {asker}, who could say a word about it"
