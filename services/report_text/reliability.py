"""The reliability report in sentences: which answers are missing, what became of promises, how both sides answer."""

from __future__ import annotations

from collections.abc import Iterator

from projections.figures import Figure
from projections.history.narrative.phrases import format_day, format_days
from projections.reliability.report import OpenAnswer, ReliabilityReport
from services.report_text.page import Paragraph, list_lines
from services.report_text.people import Names
from services.report_text.phrases import figure_lines, withheld_lines

_MOST_ENTRIES = 5
_SELF_SET = "self_set_"


def reliability_sections(report: ReliabilityReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Open answers by how long, then the figures; of self-set goals only where there are some."""
    waiting = sorted(report.open_answers, key=lambda one: (-one.open_days, one.goal.int))
    entries = [_describe_open_answer(answer, names) for answer in waiting]
    yield list_lines("Answers that are missing about what was due, the longest first", entries, _MOST_ENTRIES)
    # A member's figures are the report's own: of those asked for, and in the order of the page.
    yield figure_lines(figure for figure in report.figures if _says_something(figure))
    yield withheld_lines(report.figures)


def _says_something(figure: Figure) -> bool:
    if figure.name.startswith(_SELF_SET) or figure.name in ("undecided", "sponsor_missed_answer"):
        return bool(figure.n or (figure.n is None and figure.value))
    return True


def _describe_open_answer(answer: OpenAnswer, names: Names) -> str:
    what = "a verdict" if answer.what == "verdict" else "an answer to a change that was proposed in time"
    sides = f"{names.person(answer.waits)} waits for {what} from {names.person(answer.answerer)}"
    return f"{names.goal(answer.goal)}, due {format_day(answer.due)}: {sides} for {format_days(answer.open_days)}"
