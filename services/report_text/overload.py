"""The overload report in sentences: whose weeks are too full, what was added, and what would relieve them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from projections.figures import ESTIMATED_ONLY, WITHHELD, Figure
from projections.history.narrative.phrases import format_day, join_list
from projections.overload.additions import AdditionEntry
from projections.overload.relief import Relief
from projections.overload.report import OverloadReport
from services.report_text.page import Paragraph, enumerate_first, list_lines
from services.report_text.people import Names, figures_by_member, goal_figures, group_figures
from services.report_text.phrases import describe_figure, figure_lines, format_amount, format_number, withheld_lines

_MOST_PEOPLE, _MOST_NAMED, _MOST_ENTRIES = 6, 6, 3


def overload_sections(report: OverloadReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Load and work in progress, additions, paces, and the group's figures."""
    yield _load_lines(report, names)
    yield _addition_lines(report, names)
    yield _goal_lines(report, names)
    group = [f for f in group_figures(report.figures) if f.name != "critical_displacement_days"]
    yield figure_lines(group)
    yield withheld_lines(report.figures)


def _load_lines(report: OverloadReport, names: Names) -> Iterator[Paragraph]:
    of_member = figures_by_member(report.figures, "load_ratio")
    if of_member:
        yield Paragraph(_load_sentence(of_member))
        relief = {entry.member: entry for entry in report.relief}
        red = [(m, (weeks, relief.get(m))) for m, weeks in of_member.items() if _weeks_over(weeks, "red")]
        entries = [
            f"{name}: {_describe_weeks(weeks)}{_describe_relief(ways)}"
            for name, (weeks, ways) in names.sort_people(red)
        ]
        yield from list_lines("Over the red line", entries, _MOST_PEOPLE)
    progress = figures_by_member(report.figures, "wip_ratio")
    if progress:
        over = [name for name, [figure] in names.sort_people(progress.items()) if figure.line is not None]
        sentence = f"Work in progress: {len(over)} of {_count_members(len(progress))} over the limit"
        yield Paragraph(sentence + (f": {enumerate_first(over, _MOST_NAMED)}" if over else "") + ".")


def _load_sentence(of_member: dict[UUID, list[Figure]]) -> str:
    """How many are over a line in some week, and the fullest week of all."""
    red = sum(bool(_weeks_over(weeks, "red")) for weeks in of_member.values())
    amber = sum(not _weeks_over(weeks, "red") and bool(_weeks_over(weeks, "amber")) for weeks in of_member.values())
    sentence = f"Load: {red} of {_count_members(len(of_member))} over the red line in some week ahead"
    sentence += f", {amber} more over the amber one" if amber else ""
    worst = _find_worst([week for weeks in of_member.values() for week in weeks])
    return f"{sentence}; worst {_describe_week(worst)}." if worst is not None else f"{sentence}."


def _count_members(n: int) -> str:
    return f"{format_amount(n, 'member')} shown"


def _weeks_over(weeks: Sequence[Figure], line: str) -> list[Figure]:
    return [week for week in weeks if week.line == line]


def _find_worst(weeks: Sequence[Figure]) -> Figure | None:
    """The fullest week, the earliest of those alike; one without an hour for what is planned is fuller than any."""
    full = [week for week in weeks if week.no_capacity or week.value]
    return max(full, key=lambda w: (w.no_capacity, w.value or 0, -_ordinal(w)), default=None)


def _ordinal(week: Figure) -> int:
    return week.week.toordinal() if week.week is not None else 0


def _describe_week(week: Figure) -> str:
    """How full the week is, and which one: 1.4 in the week of 2026-03-09 (estimated)."""
    ratio = "no hour for what is planned" if week.value is None else format_number(week.value)
    note = "estimated only" if week.status == ESTIMATED_ONLY else "estimated" if week.estimated else ""
    when = f" in the week of {format_day(week.week)}" if week.week is not None else ""
    return f"{ratio}{when}" + (f" ({note})" if note else "")


def _describe_weeks(weeks: Sequence[Figure]) -> str:
    red = _weeks_over(weeks, "red")
    worst = _find_worst(red)
    return f"{format_amount(len(red), 'week')}, worst {_describe_week(worst)}" if worst is not None else ""


def _describe_relief(relief: Relief | None) -> str:
    """How many ways out there are; which to take is not for a report to say."""
    if relief is None or not relief.options:
        return ""
    ways = sum(option.line != "red" for option in relief.options)
    return f"; {ways} of {len(relief.options)} ways out leave no red week"


def _addition_lines(report: OverloadReport, names: Names) -> Iterator[Paragraph]:
    """Unpaid additions, the largest first; then who asks whom, by name."""
    unpaid = [a for a in report.additions if not a.absorbed and a.paired is None]
    unpaid.sort(key=lambda a: (-(a.added_hours or 0), a.day, a.event.int))
    entries = [_describe_addition(addition, names) for addition in unpaid]
    yield from list_lines("Taken on without a trade-off, the largest first", entries, _MOST_ENTRIES)
    asked = [
        (r.requester, f" of {names.person(r.member)} ({r.count} of {r.n})") for r in report.requesters if r.count > 0
    ]
    parts = [name + rest for name, rest in names.sort_people(asked)]
    if parts:
        yield Paragraph(f"Who asks whom without a trade-off, by name: {enumerate_first(parts, _MOST_ENTRIES)}.")


def _describe_addition(addition: AdditionEntry, names: Names) -> str:
    hours = "hours" if addition.added_hours is None else format_amount(addition.added_hours, "hour")
    estimated = " (estimated)" if addition.estimated else ""
    by = names.person(addition.requester)
    taken = f"for {names.person(addition.member)} on {format_day(addition.day)}, asked by {by}"
    return f"{names.goal(addition.goal)}: {hours}{estimated} {taken}"


def _goal_lines(report: OverloadReport, names: Names) -> Iterator[Paragraph]:
    """Goals that need more pace than they have, and critical ones that were put off."""
    paces = goal_figures(report.figures, "required_pace")
    over = [(goal, figure) for goal, figure in paces if figure.line is not None]
    over.sort(key=lambda one: (one[1].value is not None, -(one[1].value or 0), one[0].int))
    entries = [f"{names.goal(goal)}: {_describe_pace(figure)}" for goal, figure in over]
    heading = f"Pace: {len(over)} of {format_amount(len(paces), 'measured goal')} over the line"
    if paces and not over:
        yield Paragraph(f"{heading}.")
    yield from list_lines(heading, entries, _MOST_ENTRIES)
    for figure in group_figures(report.figures):
        if figure.name == "critical_displacement_days" and figure.status != WITHHELD:
            yield Paragraph(describe_figure(figure))
    slips = [(g, f.value) for g, f in goal_figures(report.figures, "critical_displacement_days") if f.value]
    slips.sort(key=lambda one: (-one[1], one[0].int))
    if slips:
        parts = [f"{names.goal(goal)} by {format_amount(days, 'day')}" for goal, days in slips[:2]]
        more = [f"{len(slips) - 2} more"] if len(slips) > 2 else []  # noqa: PLR2004 - two are listed
        yield Paragraph(f"Put off: {join_list([*parts, *more])}.")


def _describe_pace(figure: Figure) -> str:
    if figure.value is None:
        return "overdue" if figure.status == "overdue" else "no progress"
    return f"needs {format_number(figure.value)} times the pace that it has"
