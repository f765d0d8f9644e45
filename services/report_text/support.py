"""The support report in sentences: what waits for an answer, what stands in the way, how help went."""

from __future__ import annotations

from collections.abc import Iterator

from projections.history.narrative.phrases import format_day, format_days
from projections.support.report import BlockerEntry, NeedEntry, SupportReport
from services.report_text.page import Paragraph, enumerate_first, list_lines
from services.report_text.people import Names, figures_by_member, goal_figures, group_figures
from services.report_text.phrases import figure_lines, format_amount, format_number, withheld_lines

_MOST_ENTRIES, _MOST_NAMED, _MOST_GOALS = 4, 6, 3


def support_sections(report: SupportReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Needs and blockers, help by person, goals behind their plan, figures."""
    needs = sorted(report.needs, key=lambda need: (not need.overdue, -need.open_days, need.need))
    entries = [_describe_need(need, names) for need in needs]
    yield list_lines("Needs that wait for an answer, the overdue and the longest first", entries, _MOST_ENTRIES)
    blockers = sorted(report.blockers, key=lambda blocker: (-blocker.age_days, blocker.goal.int, blocker.blocker.int))
    entries = [_describe_blocker(blocker, names) for blocker in blockers]
    yield list_lines("Open blockers, the oldest first", entries, _MOST_ENTRIES)
    yield _people_and_goal_lines(report, names)
    group = group_figures(report.figures)
    yield figure_lines(group)
    yield withheld_lines(group)


def _describe_need(need: NeedEntry, names: Names) -> str:
    due = f", to be answered by {format_day(need.answer_by)}" if need.answer_by is not None else ""
    late = " (overdue)" if need.overdue else ""
    asked = f"{names.person(need.asker)} asks {names.person(need.helper)}"
    return f"{names.goal(need.goal)}: {asked}, open for {format_days(need.open_days)}{due}{late}"


def _describe_blocker(blocker: BlockerEntry, names: Names) -> str:
    acts = names.person(blocker.acts_next)
    return f"{names.goal(blocker.goal)}: blocked for {format_days(blocker.age_days)}; {acts} acts next"


def _people_and_goal_lines(report: SupportReport, names: Names) -> Iterator[Paragraph]:
    late = figures_by_member(report.figures, "help_past_answer_by")
    people = names.sort_people((m, f"{f.count} of {f.n}") for m, [f] in late.items() if f.count)
    if people:
        parts = [f"{name} ({counts})" for name, counts in people]
        yield Paragraph(f"Help past its answer-by, by name: {enumerate_first(parts, _MOST_NAMED)}.")
    took = figures_by_member(report.figures, "help_answer_days")
    answers = names.sort_people(
        (m, f"{format_amount(f.value, 'day')}, n = {f.n}") for m, [f] in took.items() if f.value is not None
    )
    if answers:
        parts = [f"{name} ({days})" for name, days in answers]
        yield Paragraph(f"Median time to answer, by name: {enumerate_first(parts, _MOST_NAMED)}.")
    plans = [(goal, figure.value) for goal, figure in goal_figures(report.figures, "spi_t") if figure.value is not None]
    behind = sorted(((value, goal) for goal, value in plans if value < 1), key=lambda one: (one[0], one[1].int))
    if plans:
        parts = [f"{names.goal(goal)} ({format_number(value)})" for value, goal in behind]
        rest = f", the furthest first: {enumerate_first(parts, _MOST_GOALS)}" if parts else ""
        yield Paragraph(f"Behind the plan (under 1): {len(behind)} of {format_amount(len(plans), 'goal')}{rest}.")
