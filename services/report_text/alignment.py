"""The alignment report in sentences: loose links first, then purposes, and what hangs in the air or on one person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from projections.alignment.report import AlignmentReport, UnlinkedGoal
from projections.alignment.tree import MAX_LISTED, GoalNode, PurposeNode
from projections.figures import WITHHELD, Figure
from services.report_text.page import Paragraph, enumerate_first, list_lines, quote
from services.report_text.people import Names, goal_figures, group_figures
from services.report_text.phrases import describe_figure, figure_lines, format_minute, withheld_lines

_MOST_LINKS, _MOST_PURPOSES, _MOST_GOALS = 5, 5, 3
_PURPOSE_LENGTH = 70


class _LooseLink(NamedTuple):
    """A goal whose owner has not said whether it still supports what moved on."""

    since: datetime
    node: GoalNode
    #: What it supports, in words.
    above: str


def alignment_sections(report: AlignmentReport, names: Names) -> Iterator[Iterator[Paragraph]]:
    """Loose links by how long, purposes with their progress, goals without a place, figures."""
    loose = [link for purpose in report.tree for link in _find_loose_links(purpose.goals, _title(purpose, names))]
    loose.sort(key=lambda link: (not link.node.overdue, link.since, link.node.goal.int))
    entries = [_describe_link(link, names) for link in loose]
    yield list_lines("What they support has moved on; do they still support it", entries, _MOST_LINKS)
    yield _purpose_lines(report, names)
    yield _goal_lines(report, names)
    group = group_figures(report.figures)
    yield figure_lines(f for f in group if f.name != "purpose_progress" or f.charter is None)
    yield withheld_lines(group)


def _title(purpose: PurposeNode, names: Names) -> str:
    return f"the purpose of {names.team(purpose.team)}"


def _find_loose_links(nodes: Iterable[GoalNode], above: str) -> Iterator[_LooseLink]:
    """Of a goal that stands below several others each link is one; what is below it is listed once."""
    waiting = [(node, above) for node in nodes]
    while waiting:
        node, parent = waiting.pop()
        if node.unaffirmed_since is not None:
            yield _LooseLink(node.unaffirmed_since, node, parent)
        waiting += [(below, quote(node.title, _PURPOSE_LENGTH)) for below in node.goals]


def _describe_link(link: _LooseLink, names: Names) -> str:
    overdue = " (overdue)" if link.node.overdue else ""
    owner = names.person(link.node.owner)
    return f"{names.goal(link.node.goal)} ({owner}) supports {link.above}, since {format_minute(link.since)}{overdue}"


def _purpose_lines(report: AlignmentReport, names: Names) -> Iterator[Paragraph]:
    progress = {f.charter: f for f in report.figures if f.name == "purpose_progress" and f.status != WITHHELD}
    entries = [_describe_purpose(purpose, progress.get(purpose.charter), names) for purpose in report.tree]
    yield from list_lines("Purposes and how far the goals that serve them have come", entries, _MOST_PURPOSES)


def _describe_purpose(purpose: PurposeNode, progress: Figure | None, names: Names) -> str:
    label = f"{quote(purpose.text, _PURPOSE_LENGTH)} ({names.team(purpose.team)}, version {purpose.version})"
    return f"{label}: withheld" if progress is None else describe_figure(progress, label)


def _goal_lines(report: AlignmentReport, names: Names) -> Iterator[Paragraph]:
    yield from _name_goals("Lead to no purpose", report.unlinked, names)
    yield from _name_goals("Tasks that lead to no outcome", report.untied, names)
    alone = [names.goal(g) for g, f in goal_figures(report.figures, "contributors") if (f.value or 0) <= 1]
    if alone:
        yield Paragraph(f"Outcomes with one contributor or none: {enumerate_first(alone, _MOST_GOALS)}.")
    if report.more:
        yield Paragraph("There is more than this report lists: 500 goals, 20 steps deep, 200 of each kind.")


def _name_goals(heading: str, goals: Sequence[UnlinkedGoal], names: Names) -> Iterator[Paragraph]:
    if goals:
        parts = [f"{names.goal(goal.goal)} ({names.person(goal.owner)})" for goal in goals]
        # The report lists no more of them: how many there are is in no list.
        cut = " at least" if len(goals) >= MAX_LISTED else ""
        yield Paragraph(f"{heading}: {enumerate_first(parts, _MOST_GOALS, cut)}.")
