"""The drift report in sentences: what could be said to whom first, then the five figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from projections.drift.report import DriftReport
from projections.drift.suggestions import Suggestion
from projections.figures import WITHHELD, Figure
from services.plain_text import clean, columns
from services.report_text.page import Paragraph, enumerate_first, isolate, list_lines, shorten
from services.report_text.people import Names, goal_figures, group_figures
from services.report_text.phrases import (
    describe_line,
    figure_lines,
    format_amount,
    format_number,
    format_share,
    withheld_lines,
)

_MOST_SUGGESTIONS, _MOST_GOALS = 5, 3
#: Columns of a suggestion: three lines.
_ENTRY_LENGTH = 240
_SCOPE = "scope_"


def drift_sections(report: DriftReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Suggestions in the order of the report, the longest and largest drift first; then goals and figures."""
    entries = [_describe_suggestion(suggestion, names) for suggestion in report.mend]
    heading = f"Who could say one sentence to whom ({len(entries)} in all), the longest and largest drift first"
    yield list_lines(heading, entries, _MOST_SUGGESTIONS)
    yield _goal_lines(report, names)
    group = group_figures(report.figures)
    yield figure_lines(f for f in group if not f.name.startswith(_SCOPE))
    yield _scope_lines([f for f in group if f.name.startswith(_SCOPE) and f.status != WITHHELD])
    yield withheld_lines(group)


def _describe_suggestion(suggestion: Suggestion, names: Names) -> str:
    to = "" if suggestion.to is None else f" to {names.person(suggestion.to)}"
    overdue = " (overdue)" if suggestion.overdue else ""
    who = f"{names.person(suggestion.from_)}{to}{overdue}: "
    return who + isolate(shorten(suggestion.sentence, _ENTRY_LENGTH - columns(clean(who)) - 1))


def _goal_lines(report: DriftReport, names: Names) -> Iterator[Paragraph]:
    silent = sorted(goal_figures(report.figures, "abandoned"), key=lambda one: (-(one[1].value or 0), one[0].int))
    if silent:
        parts = [f"{names.goal(goal)} ({format_amount(figure.value or 0, 'day')})" for goal, figure in silent]
        yield Paragraph(f"Abandoned, the longest silence first: {enumerate_first(parts, _MOST_GOALS)}.")
    stale = [(goal, figure) for goal, figure in goal_figures(report.figures, "stale_ratio") if figure.line is not None]
    stale.sort(key=lambda one: (-(one[1].value or 0), one[0].int))
    if stale:
        parts = [f"{names.goal(goal)} ({format_number(figure.value or 0)})" for goal, figure in stale]
        heading = "Stale, in cadences without a word, the longest first"
        yield Paragraph(f"{heading}: {enumerate_first(parts, _MOST_GOALS)}.")


# --- scope: 24 figures in at most six lines --------------------------------------------------------------------------


def _scope_lines(figures: Sequence[Figure]) -> Iterator[Paragraph]:
    """Of due dates and of targets: what moved later or up, and earlier or down, by how it was consented to."""
    by_field = {field: [f for f in figures if f.name.startswith(f"{_SCOPE}{field}_")] for field in ("due", "target")}
    for field, label in (("due", "Due dates"), ("target", "Targets")):
        of_field = sorted(by_field[field], key=_consent)
        moved = [line for _, fs in groupby(of_field, key=_consent) for line in _moves(field, label, list(fs))]
        if of_field and not moved:
            empty = all(figure.value is None for figure in of_field)
            moved = [f"{label}: {'no data' if empty else 'none has moved'}."]
        for line in moved:
            yield Paragraph(line)


def _consent(figure: Figure) -> str:
    if figure.retroactive:
        return "told after the fact"
    return "agreed by both sides" if figure.negotiated else "moved by one side alone"


def _moves(field: str, label: str, figures: Sequence[Figure]) -> Iterator[str]:
    values: dict[str, Figure] = {figure.name.removeprefix(f"{_SCOPE}{field}_"): figure for figure in figures}
    ways = (("slipped_days", "later"), ("pulled_in_days", "earlier"), ("raised", "up"), ("lowered", "down"))
    parts = [f"{_amount(field, values[key])} {way}" for key, way in ways if key in values and values[key].value]
    if not parts:
        return
    first = figures[0]
    line = next((f.line for f in figures if f.line is not None), None)
    sample = f"{'small sample, ' if first.small_sample else ''}n = {first.n or 0}"
    yield f"{label} {_consent(first)}: {' and '.join(parts)}{describe_line(line)} [{sample}]"


def _amount(field: str, figure: Figure) -> str:
    if field == "target":
        return format_share(figure.value or 0)
    share = "" if figure.ratio is None else f" ({format_share(figure.ratio)} of what was first promised)"
    return format_amount(figure.value or 0, "day") + share
