"""Lines through time: terms as steps with what moved them, and spans of days with marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import NamedTuple

from services.pictures.style import Tone
from services.pictures.svg import build_picture, draw_box, draw_path, draw_text, fit, format_number

_LABEL_WIDTH, _PLOT_WIDTH, _RIGHT, _NOTE_WIDTH = 170, 480, 40, 220
_PANEL_HEIGHT, _ROW_HEIGHT = 96, 30
#: Labels of days along the foot: at most so many.
_MOST_DAYS = 4


class Mark(NamedTuple):
    """Something that happened on a day, with the number or word that stands at it."""

    day: date
    text: str
    tone: Tone = "ink"
    #: Where it leads, on the page that the picture stands in.
    href: str = ""


class Step(NamedTuple):
    """From a day on a value holds, written as `text`."""

    day: date
    value: float
    text: str


class StepPanel(NamedTuple):
    """One term through time."""

    label: str
    steps: Sequence[Step]


class Span(NamedTuple):
    """Days from the first to the last."""

    first: date
    last: date
    tone: Tone = "mid"


class TimeRow(NamedTuple):
    """One line of spans and marks, with words before and behind it."""

    label: str
    note: str = ""
    spans: Sequence[Span] = ()
    marks: Sequence[Mark] = ()


class _Days(NamedTuple):
    """Where a day stands between the first and the last."""

    first: date
    last: date

    def place(self, day: date) -> float:
        """Pixels from the left; what lies outside is at the edge."""
        whole = max(1, (self.last - self.first).days)
        return _LABEL_WIDTH + _PLOT_WIDTH * min(1.0, max(0.0, (day - self.first).days / whole))

    def draw_foot(self, y: float) -> list[str]:
        """The axis, with days that part it evenly."""
        parts = [draw_path(f"M{_LABEL_WIDTH} {format_number(y)}h{_PLOT_WIDTH}", "rule")]
        days = [self.first + (self.last - self.first) * n / _MOST_DAYS for n in range(_MOST_DAYS + 1)]
        for day in dict.fromkeys(days):
            x = self.place(day)
            parts.append(draw_path(f"M{format_number(x)} {format_number(y)}v4", "rule"))
            parts.append(draw_text(x, y + 17, day.isoformat(), tone="quiet", anchor="middle"))
        return parts


def draw_steps(  # noqa: PLR0913 - words, a time, and what stands in it
    name: str,
    title: str,
    description: str,
    *,
    panels: Sequence[StepPanel],
    first: date,
    last: date,
    marks: Sequence[Mark] = (),
) -> str:
    """Each term as a line of steps, one panel below another over the same days; marks below, at their days."""
    days, parts = _Days(first, last), []
    for place, panel in enumerate(panels):
        parts += _draw_panel(panel, days, 8.0 + place * _PANEL_HEIGHT)
    y = 20.0 + len(panels) * _PANEL_HEIGHT
    parts += _draw_marks(marks, days, y)
    foot = y + (18 if marks else 0)
    width = _LABEL_WIDTH + _PLOT_WIDTH + _RIGHT
    parts += days.draw_foot(foot)
    links = any(mark.href for mark in marks)
    return build_picture(name, title, description, width=width, height=foot + 26, parts=parts, has_links=links)


def _draw_panel(panel: StepPanel, days: _Days, top: float) -> list[str]:
    """The highest value at the top; each value is written where it begins."""
    parts = [draw_text(4, top + 26, fit(panel.label, _LABEL_WIDTH - 12))]
    values = [step.value for step in panel.steps]
    if not values:
        return [*parts, draw_text(_LABEL_WIDTH, top + 26, "none", tone="quiet")]
    low, reach = min(values), (max(values) - min(values)) or 1
    data, level = "", 0.0
    for step in panel.steps:
        x = days.place(step.day)
        level = top + 26 + (_PANEL_HEIGHT - 46) * (1 - (step.value - low) / reach)
        data += f"H{format_number(x)}V{format_number(level)}" if data else f"M{format_number(x)} {format_number(level)}"
        parts.append(draw_text(x + 3, level - 5, step.text))
    data += f"H{format_number(days.place(days.last))}"
    return [*parts, draw_path(data, "ink", width=2)]


def _draw_marks(marks: Sequence[Mark], days: _Days, y: float) -> list[str]:
    parts = []
    for mark in marks:
        x = days.place(mark.day)
        drawn = draw_path(f"M{format_number(x)} {format_number(y - 3)}v10", mark.tone, width=2)
        drawn += draw_text(x, y - 6, mark.text, anchor="middle")
        parts.append(f'<a href="{escape(mark.href)}">{drawn}</a>' if mark.href else drawn)
    return parts


def draw_time_line(name: str, title: str, description: str, *, rows: Sequence[TimeRow], first: date, last: date) -> str:
    """A line for each row, with its spans of days and its marks."""
    days, parts = _Days(first, last), []
    for place, row in enumerate(rows):
        y = 6 + place * _ROW_HEIGHT
        parts.append(draw_text(4, y + 18, fit(row.label, _LABEL_WIDTH - 12)))
        parts.append(draw_path(f"M{_LABEL_WIDTH} {y + 14}h{_PLOT_WIDTH}", "none"))
        for span in row.spans:
            x = days.place(span.first)
            length = max(4.0, days.place(span.last) - x)
            parts.append(draw_box(x, y + 4, length, 20, span.tone))
        parts.append(draw_text(_LABEL_WIDTH + _PLOT_WIDTH + 8, y + 18, fit(row.note, _NOTE_WIDTH - 8), tone="quiet"))
        parts += _draw_marks(row.marks, days, y + 12)
    foot = 12 + len(rows) * _ROW_HEIGHT
    width = _LABEL_WIDTH + _PLOT_WIDTH + _NOTE_WIDTH
    return build_picture(name, title, description, width=width, height=foot + 26, parts=[*parts, *days.draw_foot(foot)])
