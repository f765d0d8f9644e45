"""The console's pictures: weeks of load, a goal's life, and what stands above and below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.goal.state import Goal
from domain.policy import Policy
from projections.figures import Figure
from projections.history.history import CHANGE_PROPOSAL_TAGS, HistoryEntry
from projections.lineage.goal_links import GoalLinks, LinkView
from services.pictures.bars import WeekBar, draw_load
from services.pictures.style import Tone
from services.pictures.time_lines import Mark, Step, StepPanel, draw_steps
from services.pictures.tree import TreeNode, draw_tree
from services.report_pages.drawings import load_cell

#: Marks of one line: with more of them, check-ins are left to the list.
_MOST_MARKS = 30
#: Goals above or below that are drawn.
_MOST_LINKS = 20


def draw_weeks(weeks: Sequence[Figure], policy: Policy) -> str:
    """A bar for each week of a member, with the lines of the policy; empty without a week."""
    if not weeks:
        return ""
    bars = [_to_bar(figure) for figure in weeks]
    # Named once: the two lie so near that their names would stand on one another.
    lines = [("", float(policy.load_amber)), ("the line", float(policy.load_red))]
    words = ", ".join(f"{bar.label} {bar.text}" for bar in bars)
    return draw_load(
        "my-load", "My load by week", f"Promised against available hours: {words}.", weeks=bars, lines=lines
    )


def _to_bar(figure: Figure) -> WeekBar:
    cell = load_cell(figure)
    label = f"{figure.week:%m-%d}" if figure.week is not None else ""
    return WeekBar(label, None if figure.no_capacity else figure.value or 0.0, cell.text, cell.tone)


def draw_life(goal: Goal, entries: Sequence[HistoryEntry], zone: str) -> str:
    """The terms as steps over the goal's days, and its events as marks that lead to their reasons."""
    if not entries:
        return ""
    held = [entry for entry in entries if entry.type not in CHANGE_PROPOSAL_TAGS]
    dues = [(_day_of(entry.occurred_at, zone), due) for entry in held if (due := entry.after.get("due"))]
    targets = [
        (_day_of(entry.occurred_at, zone), target)
        for entry in held
        if (target := (entry.after.get("measure") or {}).get("target")) is not None
    ]
    first, last = _day_of(entries[0].occurred_at, zone), _day_of(entries[-1].occurred_at, zone)
    last = max(last, *(date.fromisoformat(due) for _, due in dues)) if dues else last
    panels = [StepPanel("Due", [Step(day, date.fromisoformat(due).toordinal(), due) for day, due in dues])]
    if targets:
        panels.append(StepPanel("Target", [Step(day, float(target), str(target)) for day, target in targets]))
    marked = list(entries)
    if len(marked) > _MOST_MARKS:
        marked = [entry for entry in entries if entry.reason is not None or "state" in entry.after][-_MOST_MARKS:]
    marks = [_to_mark(entry, zone) for entry in marked]
    description = f"{len(entries)} events. Due: {', then '.join(due for _, due in dues) or 'no day named'}."
    return draw_steps(
        "life", f"The life of {goal.title}", description, panels=panels, first=first, last=last, marks=marks
    )


def _to_mark(entry: HistoryEntry, zone: str) -> Mark:
    tone: Tone = "red" if entry.after.get("state") == "lapsed" else "ink"
    return Mark(_day_of(entry.occurred_at, zone), str(entry.version), tone, f"#event-{entry.version}")


def _day_of(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def draw_chain(goal: Goal, links: GoalLinks) -> str:
    """What it supports above it, what rests on it below; empty where there is neither."""
    if not links.supports and not links.supported_by:
        return ""
    below = [_to_node(link) for link in links.supported_by[:_MOST_LINKS]]
    promised: Any = getattr(goal, "promised", None) or goal
    progress = getattr(promised, "progress", None)
    own = TreeNode(
        goal.title, goal.state.replace("_", " "), float(progress) if progress else None, "mid", children=below
    )
    above = [_to_node(link) for link in links.supports[:_MOST_LINKS]]
    # It is drawn below the first goal that it supports; the others are on the level of that one.
    nodes = [*above[1:], above[0]._replace(children=[own])] if above else [own]
    counts = f"Supports {len(links.supports)}, and {len(links.supported_by)} rest on it."
    return draw_tree("chain", f"What {goal.title} is for, and what rests on it", counts, nodes=nodes)


def _to_node(link: LinkView) -> TreeNode:
    label = link.title or "a goal that is not shown to you"
    note = "not confirmed since a change" if link.unaffirmed_since else (link.state or link.kind).replace("_", " ")
    return TreeNode(label, note, None, "amber" if link.unaffirmed_since else "mid", is_heading=link.kind == "purpose")
