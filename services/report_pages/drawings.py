"""The picture of each report, drawn of what its viewer may see: people by name, and never in the order of a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from projections.alignment.report import AlignmentReport
from projections.alignment.tree import GoalNode, PurposeNode
from projections.charters.rituals import RitualsReport
from projections.cycles.review import CyclesReport
from projections.decisions.report import DecisionsReport
from projections.drift.report import DriftReport
from projections.figures import ESTIMATED_ONLY, WITHHELD, Figure, Report
from projections.overload.report import OverloadReport
from projections.pulse.report import PulseReport
from projections.recognition.report import RecognitionReport
from projections.reliability.report import ReliabilityReport
from projections.support.report import SupportReport
from projections.tensions.report import TensionEntry, TensionsReport
from services.pictures.bars import Bar, Stack, StackPart, draw_bars, draw_stacks
from services.pictures.heat_map import HeatCell, HeatRow, draw_heat_map
from services.pictures.style import Tone
from services.pictures.time_lines import Mark, Span, TimeRow, draw_time_line
from services.pictures.tree import TreeNode, draw_tree
from services.report_pages.tables import list_weeks, tone_of
from services.report_text.people import Names
from services.report_text.phrases import describe_line, describe_value, find_phrase, format_amount

#: Members of one picture; the table below it and the CSV have the others.
_MOST_MEMBERS, _MOST_BARS = 60, 30


class _Words(NamedTuple):
    """What a picture is called, and what is read aloud of it."""

    name: str
    title: str
    description: str


def draw_report(report: Report, names: Names, title: str, description: str) -> str:
    """The report's picture; `title` and `description` are read aloud in its place."""
    return DRAWINGS[type(report)](report, names, _Words(_name_of(report), title, description))


def _name_of(report: Report) -> str:
    return type(report).__name__.removesuffix("Report").lower()


# --- shares ----------------------------------------------------------------------------------------------------------


def _draw_shares(report: Report, _names: Names, words: _Words) -> str:
    """Each share of the group as a bar with its interval, those over a line in another tone; withheld ones said so."""
    bars = list(_share_bars(f for f in report.figures if f.goal is None and f.week is None))
    return draw_bars(words.name, words.title, words.description, bars=bars[:_MOST_BARS])


def _share_bars(figures: Iterable[Figure]) -> Iterable[Bar]:
    for figure in figures:
        phrase = find_phrase(figure.name)
        if figure.status == WITHHELD:
            yield Bar(phrase.label, None, "withheld")
        elif figure.count is not None and figure.n and not figure.name.startswith("scope_"):
            text = describe_value(figure, phrase) + describe_line(figure.line)
            share = min(1.0, figure.count / figure.n)
            yield Bar(phrase.label, share, text, tone_of(figure) or "mid", figure.interval)


# --- overload --------------------------------------------------------------------------------------------------------

LOAD_LEGEND: Sequence[tuple[Tone, str]] = (
    *(("low", "up to half"), ("mid", "up to 0.8"), ("high", "under the line")),
    *(("amber", "over the amber line"), ("red", "over the red line"), ("none", "nothing, or no line")),
)


def load_tone(figure: Figure) -> Tone:
    """How full a week is: its line, else how near to it."""
    tone = tone_of(figure)
    if tone is not None:
        return tone
    if not figure.value or figure.status == ESTIMATED_ONLY:
        return "none"
    return "low" if figure.value <= 0.5 else "mid" if figure.value <= 0.8 else "high"  # noqa: PLR2004 - as the legend


def load_cell(figure: Figure) -> HeatCell:
    """The week's number and tone; a week with work and without an hour for it says so."""
    text = "none" if figure.value is None else _format_load(figure.value)
    return HeatCell("no hour" if figure.no_capacity else text, load_tone(figure))


def _format_load(ratio: float) -> str:
    """Two decimals; a ratio beside the line is not printed as 1.00, and a little not as 0.00."""
    text = f"{ratio:.2f}"
    if text in ("0.00", "1.00") and ratio != float(text):
        return f">{text}" if ratio > float(text) else f"<{text}"
    return text if ratio else "0"


def _draw_overload(report: OverloadReport, names: Names, words: _Words) -> str:
    weeks, of_member = list_weeks(report.figures)
    if not weeks:
        return _draw_shares(report, names, words)
    rows = [
        HeatRow(name, [load_cell(of_week[week]) if week in of_week else None for week in weeks])
        for name, of_week in names.sort_people(of_member.items())
    ]
    columns = [f"{week:%m-%d}" for week in weeks]
    return draw_heat_map(
        words.name, words.title, words.description, columns=columns, rows=rows[:_MOST_MEMBERS], legend=LOAD_LEGEND
    )


# --- alignment -------------------------------------------------------------------------------------------------------


def _draw_alignment(report: AlignmentReport, names: Names, words: _Words) -> str:
    if not report.tree:
        return _draw_shares(report, names, words)
    nodes = [to_tree(purpose, names) for purpose in report.tree]
    return draw_tree(words.name, words.title, words.description, nodes=nodes)


def to_tree(purpose: PurposeNode, names: Names) -> TreeNode:
    """A purpose and what serves it."""
    label = f"{names.team(purpose.team)}: {purpose.text}"
    return TreeNode(
        label[:1].upper() + label[1:], is_heading=True, children=[_to_node(n, names) for n in purpose.goals]
    )


def _to_node(node: GoalNode, names: Names) -> TreeNode:
    loose = node.unaffirmed_since is not None
    owner = names.person(node.owner)
    note = f"{owner}, loose" if loose else f"{owner}, again" if node.again else owner
    tone: Tone = "amber" if loose else "kept" if node.progress is not None and node.progress >= 1 else "mid"
    return TreeNode(node.title, note, node.progress, tone, children=[_to_node(below, names) for below in node.goals])


# --- parts of a whole ------------------------------------------------------------------------------------------------

_PartNames = Sequence[tuple[str, str, Tone]]
#: Report's figures that are parts of one whole: the words of the whole, and name, words and tone of each part.
_PROMISES: _PartNames = (
    ("kept_as_promised", "kept as promised", "kept"),
    ("kept_as_renegotiated", "renegotiated in time", "changed"),
    ("late_or_broken", "late or broken", "amber"),
)
_ENDINGS: _PartNames = (
    ("goals_kept", "kept", "kept"),
    ("goals_renegotiated", "renegotiated", "changed"),
    ("goals_carried_on", "carried on", "other"),
    ("goals_dropped", "dropped", "none"),
)
_IMPROVEMENTS: _PartNames = (
    ("improvements_done", "done", "kept"),
    ("improvements_open", "open", "other"),
    ("improvements_dropped", "dropped", "none"),
)


def _stack(label: str, figures: Sequence[Figure], parts: _PartNames, prefix: str = "") -> Stack:
    found = {figure.name: figure for figure in figures if figure.goal is None}
    of = [(found.get(prefix + name), words, tone) for name, words, tone in parts]
    withheld = any(figure is not None and figure.status == WITHHELD for figure, _, _ in of)
    amounts = [StackPart(words, 0 if figure is None else figure.count or 0, tone) for figure, words, tone in of]
    return Stack(label, [] if withheld else amounts, "withheld" if withheld else "no case yet")


def _draw_reliability(report: ReliabilityReport, _names: Names, words: _Words) -> str:
    stacks = [_stack("What became of promises", report.figures, _PROMISES)]
    own = _stack("What became of goals that were set by their owners", report.figures, _PROMISES, "self_set_")
    stacks += [own] if any(part.amount for part in own.parts) else []
    return draw_stacks(words.name, words.title, words.description, stacks=stacks)


def _draw_cycles(report: CyclesReport, _names: Names, words: _Words) -> str:
    stacks = [
        _stack("Goals of closed cycles", report.figures, _ENDINGS),
        _stack("Improvements", report.figures, _IMPROVEMENTS),
    ]
    return draw_stacks(words.name, words.title, words.description, stacks=stacks)


def _draw_recognition(report: RecognitionReport, names: Names, words: _Words) -> str:
    share = next((f for f in report.figures if f.name == "relationship_share" and f.goal is None), None)
    if share is None or share.count is None or not share.n:
        return _draw_shares(report, names, words)
    parts = [StackPart("working together", share.count, "kept"), StackPart("results", share.n - share.count, "changed")]
    stack = Stack("What recognitions were given for", parts)
    return draw_stacks(words.name, words.title, words.description, stacks=[stack])


def _draw_rituals(report: RitualsReport, names: Names, words: _Words) -> str:
    """Minutes a week of each ritual, in the report's order."""
    most = max((ritual.minutes_a_week for ritual in report.rituals), default=0) or 1
    bars = [
        Bar(
            f"{ritual.title} ({names.team(ritual.team)})",
            ritual.minutes_a_week / most,
            f"{format_amount(ritual.minutes_a_week, 'minute')}, {'together' if ritual.mode == 'sync' else 'own time'}",
            "changed" if ritual.mode == "sync" else "kept",
        )
        for ritual in report.rituals
    ]
    return draw_bars(words.name, words.title, words.description, bars=bars[:_MOST_BARS])


# --- support, pulse, tensions ----------------------------------------------------------------------------------------


def _draw_support(report: SupportReport, names: Names, words: _Words) -> str:
    """The group's shares, then how long the open blockers have stood."""
    blockers = sorted(report.blockers, key=lambda one: (-one.age_days, one.blocker.int))
    most = max((blocker.age_days for blocker in blockers), default=0) or 1
    bars = list(_share_bars(f for f in report.figures if f.goal is None and f.member is None))
    bars += [
        Bar(f"Blocked: {names.goal(one.goal)}", one.age_days / most, format_amount(one.age_days, "day"), "amber")
        for one in blockers
    ]
    return draw_bars(words.name, words.title, words.description, bars=bars[:_MOST_BARS])


#: Answers go from 1 to 7.
_LOWEST, _HIGHEST = 1, 7


def _draw_pulse(report: PulseReport, _names: Names, words: _Words) -> str:
    """The mean as the waves had it, then each item of the last: from 1 to 7, more is better."""
    texts = {item.name: item.text for item in report.items}
    bars = [
        _mean_bar(f"Safe to speak, {wave.closed_at:%Y-%m-%d}", wave.psychological_safety, wave.rule is not None)
        for wave in report.waves
    ]
    bars += [_mean_bar(texts[f.name], f.value, f.status == WITHHELD) for f in report.figures if f.name in texts]
    return draw_bars(words.name, words.title, words.description, bars=bars[:_MOST_BARS])


def _mean_bar(label: str, mean: float | None, withheld: bool) -> Bar:  # noqa: FBT001 - a state, not an option
    if mean is None or withheld:
        return Bar(label, None, "withheld" if withheld else "no data")
    return Bar(label, (mean - _LOWEST) / (_HIGHEST - _LOWEST), f"{mean:.2f} of {_HIGHEST}")


_TENSION_DAYS = 182


def _draw_tensions(report: TensionsReport, _names: Names, words: _Words) -> str:
    """Since when each tension shows, with the days on which something was tried about it."""
    last = date.fromisoformat(report.as_of[:10])
    begins = [entry.since for entry in report.tensions if entry.since is not None]
    first = min([*begins, last - timedelta(days=_TENSION_DAYS)])
    rows = [_tension_row(entry, last) for entry in report.tensions]
    return draw_time_line(words.name, words.title, words.description, rows=rows, first=first, last=last)


def _tension_row(entry: TensionEntry, last: date) -> TimeRow:
    label = entry.tension.replace("_", " ").capitalize()
    marks = [Mark(_day_of(tried.proposed_at), "tried") for tried in entry.tried]
    if entry.state != "shows":
        words = {"too_few": "too few cases to say", "absent": "does not show"}.get(entry.state, entry.state)
        return TimeRow(label, words, marks=marks)
    begins = entry.since or last
    earlier = " or earlier" if entry.since_or_earlier else ""
    return TimeRow(label, f"since {begins}{earlier}" if entry.since else "shows", [Span(begins, last, "amber")], marks)


def _day_of(instant: datetime) -> date:
    return instant.date()


#: Report -> what is drawn of it. Each report of the API has its line here.
DRAWINGS: dict[type[Report], Callable[[Any, Names, _Words], str]] = {
    OverloadReport: _draw_overload,
    DriftReport: _draw_shares,
    AlignmentReport: _draw_alignment,
    CyclesReport: _draw_cycles,
    DecisionsReport: _draw_shares,
    PulseReport: _draw_pulse,
    ReliabilityReport: _draw_reliability,
    RecognitionReport: _draw_recognition,
    RitualsReport: _draw_rituals,
    SupportReport: _draw_support,
    TensionsReport: _draw_tensions,
}
