"""Bars: amounts beside their words, parts of a whole, and weeks of load against the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.pictures.style import Tone
from services.pictures.svg import (
    COLUMN_WIDTH,
    build_picture,
    draw_box,
    draw_legend,
    draw_path,
    draw_text,
    fit,
    format_number,
)
from services.plain_text import columns

_LABEL_WIDTH, _BAR_WIDTH, _TEXT_WIDTH, _ROW_HEIGHT = 330, 180, 240, 26
_WEEK_WIDTH, _PLOT_HEIGHT = 48, 140


class Bar(NamedTuple):
    """An amount: how much of the longest bar it is (None: not known, or not shown), and the words for it."""

    label: str
    share: float | None
    text: str
    tone: Tone = "mid"
    #: Between which shares it lies, where it is a sample.
    interval: tuple[float, float] | None = None


def draw_bars(name: str, title: str, description: str, *, bars: Sequence[Bar]) -> str:
    """A row for each amount, in their order: words, bar, number."""
    parts = []
    for place, bar in enumerate(bars):
        y = 4 + place * _ROW_HEIGHT
        parts.append(draw_text(4, y + 17, fit(bar.label, _LABEL_WIDTH - 12)))
        empty = bar.share is None
        parts.append(
            draw_box(_LABEL_WIDTH, y + 4, _BAR_WIDTH, 18, "none", edge="rule" if empty else None, dashed=empty)
        )
        if bar.share is not None:
            parts.append(draw_box(_LABEL_WIDTH, y + 4, _BAR_WIDTH * min(1.0, max(0.0, bar.share)), 18, bar.tone))
        if bar.interval is not None:
            low, high = (_LABEL_WIDTH + _BAR_WIDTH * min(1.0, max(0.0, end)) for end in bar.interval)
            parts.append(draw_path(f"M{format_number(low)} {y + 13}H{format_number(high)}", "quiet", width=2))
        parts.append(draw_text(_LABEL_WIDTH + _BAR_WIDTH + 8, y + 17, fit(bar.text, _TEXT_WIDTH), tone="quiet"))
    rows = max(1, len(bars))
    if any(bar.interval is not None for bar in bars):
        rows += 1
        words = "The thin line: where the share lies with 95 % confidence (Wilson)."
        parts.append(draw_text(4, 21 + len(bars) * _ROW_HEIGHT, words, tone="quiet"))
    if not bars:
        parts.append(draw_text(4, 21, "There is nothing to draw yet.", tone="quiet"))
    width = _LABEL_WIDTH + _BAR_WIDTH + 8 + _TEXT_WIDTH
    return build_picture(name, title, description, width=width, height=8 + rows * _ROW_HEIGHT, parts=parts)


class StackPart(NamedTuple):
    """A part of a whole: its words, how many, and its tone."""

    label: str
    amount: float
    tone: Tone


class Stack(NamedTuple):
    """A whole in parts; without any part its words say why."""

    label: str
    parts: Sequence[StackPart]
    text: str = ""


def draw_stacks(name: str, title: str, description: str, *, stacks: Sequence[Stack]) -> str:
    """Wholes of one length, each in its parts with their counts; below them what each tone means."""
    width, parts = 420.0, []
    for place, stack in enumerate(stacks):
        y, x = 4 + place * 46, 4.0
        parts.append(draw_text(4, y + 14, fit(stack.label, width)))
        whole = sum(part.amount for part in stack.parts)
        if not whole:
            parts.append(draw_box(x, y + 20, width, 20, "none", edge="rule", dashed=True))
            parts.append(draw_text(x + 8, y + 34, stack.text or "no data", tone="quiet"))
        for part in stack.parts if whole else ():
            length = width * part.amount / whole
            if part.amount:
                parts.append(draw_box(x, y + 20, length, 20, part.tone, edge="paper"))
                words = format_number(part.amount)
                if length > columns(words) * COLUMN_WIDTH + 4:
                    parts.append(draw_text(x + length / 2, y + 34, words, anchor="middle"))
            x += length
    legend = {part.label: part.tone for stack in stacks for part in stack.parts}
    foot = 4 + len(stacks) * 46
    words, length = draw_legend(4, foot + 16, [(tone, label) for label, tone in legend.items()])
    height = foot + (28 if legend else 0)
    return build_picture(name, title, description, width=max(width, length) + 8, height=height, parts=[*parts, words])


class WeekBar(NamedTuple):
    """The load of one week: its ratio (None: no hour for what is planned), as it is shown, and its tone."""

    label: str
    ratio: float | None
    text: str
    tone: Tone


def draw_load(
    name: str, title: str, description: str, *, weeks: Sequence[WeekBar], lines: Sequence[tuple[str, float]]
) -> str:
    """A bar for each week, with the lines that the load should stay under."""
    top = max([1.0, *(week.ratio or 0 for week in weeks), *(value for _, value in lines)]) * 1.1
    base, right = _PLOT_HEIGHT + 22, 8 + len(weeks) * _WEEK_WIDTH
    parts = []
    for place, week in enumerate(weeks):
        x = 8 + place * _WEEK_WIDTH
        height = _PLOT_HEIGHT * (1 if week.ratio is None else week.ratio / top)
        parts.append(
            draw_box(x + 5, base - height, _WEEK_WIDTH - 10, height, week.tone, edge="rule", dashed=week.ratio is None)
        )
        bold = week.tone in ("amber", "red")
        parts.append(draw_text(x + _WEEK_WIDTH / 2, base - height - 5, week.text, anchor="middle", bold=bold))
        parts.append(draw_text(x + _WEEK_WIDTH / 2, base + 16, week.label, tone="quiet", anchor="middle"))
    for label, value in lines:
        y = base - _PLOT_HEIGHT * value / top
        parts.append(draw_path(f"M4 {format_number(y)}H{right}", "ink", dashed=True))
        parts.append(draw_text(right + 6, y + 4, label, tone="quiet"))
    width = right + 12 + max((columns(label) for label, _ in lines), default=0) * COLUMN_WIDTH
    return build_picture(name, title, description, width=width, height=base + 24, parts=parts)
