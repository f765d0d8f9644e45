"""The review of cycles in sentences: what is still to be decided or done, then what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from projections.cycles.review import CycleEntry, CyclesReport, ImprovementEntry, LearningEntry
from projections.figures import WITHHELD, Figure
from projections.history.narrative.phrases import format_day, join_list
from services.report_text.page import WIDTH, Paragraph, enumerate_first, isolate, list_lines, name_of, shorten
from services.report_text.people import Names, group_figures
from services.report_text.phrases import describe_figure, figure_lines, format_amount, withheld_lines

_MOST_CYCLES, _MOST_ENTRIES, _MOST_GOALS, _MOST_TEXTS = 3, 3, 2, 2
#: Columns of an improvement: one line holds it and who sees to it.
_IMPROVEMENT_LENGTH = 50


def cycles_sections(report: CyclesReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Cycles and what keeps them open, improvements, what was learnt, figures."""
    cycles = sorted(report.cycles, key=lambda cycle: (not cycle.overdue, -cycle.undecided))
    yield list_lines("Cycles under review", [_describe_cycle(c, names) for c in cycles], _MOST_CYCLES)
    yield _act_lines(report, names)
    yield _word_lines(report, names)
    group = group_figures(report.figures)
    yield _figure_lines([figure for figure in group if figure.status != WITHHELD])
    yield withheld_lines(group)


def _figure_lines(figures: Sequence[Figure]) -> Iterator[Paragraph]:
    """What became of improvements and of goals, each in one sentence; then the others."""
    rest = list(figures)
    for heading, prefix in (("Improvements", "improvements_"), ("Goals of closed cycles", "goals_")):
        shares = [figure for figure in rest if figure.name.startswith(prefix) and figure.count is not None]
        rest = [figure for figure in rest if figure not in shares]
        words = [
            f"{figure.count} of {figure.n} {figure.name.removeprefix(prefix).replace('_', ' ')}"
            for figure in shares
            if figure.n
        ]
        small = " [small sample]" if words and shares[0].small_sample else ""
        if shares:
            yield Paragraph(f"{heading}: {', '.join(words) or 'no data'}{small}")
    counts = [figure for figure in rest if figure.count is None]
    if counts:
        yield Paragraph("; ".join(map(describe_figure, counts)) + ".")
    yield from figure_lines(figure for figure in rest if figure.count is not None)


def _describe_cycle(cycle: CycleEntry, names: Names) -> str:
    state = "past its last day, still open" if cycle.overdue else cycle.state
    parts = [state, format_amount(cycle.goals, "goal")]
    parts += [f"{cycle.undecided} undecided"] if cycle.undecided else []
    parts.append(f"{cycle.reflected} reflected")
    when = f"{format_day(cycle.starts)} to {format_day(cycle.ends)}"
    return f"{name_of(cycle.name)} of {names.team(cycle.team)}, {when}: {', '.join(parts)}"


def _act_lines(report: CyclesReport, names: Names) -> Iterator[Paragraph]:
    waiting = [goal for goal in report.goals if goal.possible]
    if waiting:
        parts = [
            f"{names.goal(goal.goal)} ({join_list([way.replace('_', ' ') for way in goal.possible])})"
            for goal in waiting
        ]
        yield Paragraph(f"To be decided on, with what can be said: {enumerate_first(parts, _MOST_GOALS)}.")
    improvements = sorted((i for i in report.improvements if i.state == "open"), key=lambda i: i.due)
    entries = [_describe_improvement(improvement, names) for improvement in improvements]
    yield from list_lines("Improvements to be made, by due", entries, _MOST_ENTRIES)
    unsaid = [names.goal(lesson.goal) for lesson in report.learning if not lesson.text]
    if unsaid:
        yield Paragraph(f"Not kept, and nobody has said what was learnt: {enumerate_first(unsaid, _MOST_GOALS)}.")


def _describe_improvement(improvement: ImprovementEntry, names: Names) -> str:
    notes = [f"{names.person(improvement.owner)}, by {format_day(improvement.due)}"]
    notes += ["overdue"] if improvement.overdue else []
    notes += ["carried on"] if improvement.carried else []
    return f"{isolate(shorten(improvement.text, _IMPROVEMENT_LENGTH))} ({', '.join(notes)})"


def _word_lines(report: CyclesReport, names: Names) -> Iterator[Paragraph]:
    """What worked, what to improve and what was learnt, without who said it; the latest cycle's first."""
    yield from _quote_lines("What worked", (reflection.worked for reflection in report.reflections))
    yield from _quote_lines("What could be better", (reflection.improve for reflection in report.reflections))
    yield from _quote_lines("How it was gone about, and where that stands", _describe_approaches(report, names))
    learnt = (_describe_lesson(lesson, names) for lesson in report.learning if lesson.text)
    yield from _quote_lines("What was learnt", learnt)


def _quote_lines(heading: str, texts: Iterable[str]) -> Iterator[Paragraph]:
    """Each text on one line, and once: what was learnt comes along into the next cycle."""
    lines = dict.fromkeys(isolate(shorten(text, WIDTH - 4)) for text in texts if text)
    yield from list_lines(heading, list(lines), _MOST_TEXTS)


def _describe_approaches(report: CyclesReport, names: Names) -> Iterator[str]:
    """The approaches that stand, those whose goals have ended first."""
    standing = [approach for approach in report.approaches if not approach.replaced]
    for approach in sorted(standing, key=lambda one: one.state != "satisfied"):
        yield f"{names.goal(approach.goal)} ({approach.state.replace('_', ' ')}): {approach.text}"


def _describe_lesson(lesson: LearningEntry, names: Names) -> str:
    of = f"{names.goal(lesson.goal)}: " if lesson.goal is not None else ""
    return of + lesson.text
