"""A heat map: a row for each name and a column for each week, each cell with its colour *and* its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.pictures.style import Tone
from services.pictures.svg import COLUMN_WIDTH, build_picture, draw_box, draw_legend, draw_text, fit
from services.plain_text import columns as columns_of

_LABEL_WIDTH, _CELL_HEIGHT, _HEAD_HEIGHT, _FOOT_HEIGHT = 150, 26, 26, 34
#: Of a column: as wide as its label, within these.
_NARROWEST, _WIDEST = 48, 150


class HeatCell(NamedTuple):
    """A number as it is shown, and the tone that says how much that is."""

    text: str
    tone: Tone


class HeatRow(NamedTuple):
    """A name and its cells; a column without one is left empty."""

    label: str
    cells: Sequence[HeatCell | None]


def draw_heat_map(  # noqa: PLR0913 - words, and the two sides of a table
    name: str,
    title: str,
    description: str,
    *,
    columns: Sequence[str],
    rows: Sequence[HeatRow],
    legend: Sequence[tuple[Tone, str]] = (),
) -> str:
    """The rows in their order; the order is the caller's, and never that of a figure of persons."""
    longest = max(map(columns_of, columns), default=0)
    cell_width = min(_WIDEST, max(_NARROWEST, longest * COLUMN_WIDTH + 10))
    parts = [
        draw_text(_LABEL_WIDTH + (n + 0.5) * cell_width, 17, fit(label, cell_width - 6), tone="quiet", anchor="middle")
        for n, label in enumerate(columns)
    ]
    for place, row in enumerate(rows):
        y = _HEAD_HEIGHT + place * _CELL_HEIGHT
        parts.append(draw_text(4, y + 17, fit(row.label, _LABEL_WIDTH - 12)))
        for n, cell in enumerate(row.cells):
            if cell is not None:
                x = _LABEL_WIDTH + n * cell_width
                parts.append(draw_box(x + 1, y + 1, cell_width - 2, _CELL_HEIGHT - 2, cell.tone))
                bold = cell.tone in ("amber", "red")
                parts.append(draw_text(x + cell_width / 2, y + 17, cell.text, anchor="middle", bold=bold))
    foot = _HEAD_HEIGHT + len(rows) * _CELL_HEIGHT
    words, legend_width = draw_legend(4, foot + 22, legend)
    width = max(_LABEL_WIDTH + len(columns) * cell_width + 4, legend_width + 8)
    height = foot + (_FOOT_HEIGHT if legend else 6)
    return build_picture(name, title, description, width=width, height=height, parts=[*parts, words])
