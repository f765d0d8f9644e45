"""The parts of a picture: escaped text, boxes, lines, and the frame that says what it shows.

Colours are classes, which a sheet follows in light and dark, beside plain attributes for readers without a sheet.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

from services.pictures.style import PALETTE, STYLE, Tone
from services.plain_text import clean, columns, split_at

Anchor = Literal["start", "middle", "end"]
#: Width of a column at a font size of 12 pixels.
COLUMN_WIDTH = 6.8
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


def fit(text: str, width: float) -> str:
    """The beginning of a text that fits into so many pixels, on one line and without controls."""
    line = clean(text)
    most = max(2, int(width / COLUMN_WIDTH))
    return line if columns(line) <= most else f"{split_at(line, most - 1)[0].rstrip()}…"


def format_number(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def draw_text(
    x: float, y: float, text: str, *, tone: Tone | None = None, anchor: Anchor = "start", bold: bool = False
) -> str:
    """One line of text, escaped; `y` is its base line."""
    attributes = "" if tone is None else f' class="pf-{tone}" fill="{PALETTE[tone][0]}"'
    attributes += "" if anchor == "start" else f' text-anchor="{anchor}"'
    attributes += ' font-weight="600"' if bold else ""
    return f'<text x="{format_number(x)}" y="{format_number(y)}"{attributes}>{escape(clean(text))}</text>'


def draw_box(  # noqa: PLR0913 - a box has four sides and two colours
    x: float, y: float, width: float, height: float, tone: Tone, *, edge: Tone | None = None, dashed: bool = False
) -> str:
    """A filled box; with an `edge` also its outline."""
    classes, colours = f"pf-{tone}", f'fill="{PALETTE[tone][0]}"'
    if edge is not None:
        classes, colours = f"{classes} ps-{edge}", f'{colours} stroke="{PALETTE[edge][0]}"'
    dashes = ' stroke-dasharray="3 3"' if dashed else ""
    places = " ".join(
        f'{name}="{format_number(value)}"'
        for name, value in (("x", x), ("y", y), ("width", max(0, width)), ("height", max(0, height)))
    )
    return f'<rect {places} rx="2" class="{classes}" {colours}{dashes}/>'


def draw_path(data: str, tone: Tone, *, width: float = 1, dashed: bool = False) -> str:
    """A line along a path, not filled."""
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<path d="{data}" fill="none" class="ps-{tone}" stroke="{PALETTE[tone][0]}"'
        f' stroke-width="{format_number(width)}"{dashes}/>'
    )


def draw_legend(x: float, y: float, entries: Iterable[tuple[Tone, str]]) -> tuple[str, float]:
    """Boxes with their words in one line, and how wide they are."""
    parts, at = [], x
    for tone, words in entries:
        parts.append(draw_box(at, y - 10, 12, 12, tone, edge="rule"))
        parts.append(draw_text(at + 17, y, words, tone="quiet"))
        at += 17 + columns(words) * COLUMN_WIDTH + 14
    return "".join(parts), at - x


def build_picture(  # noqa: PLR0913 - a picture has a name, words, a size and parts
    name: str,
    title: str,
    description: str,
    *,
    width: float,
    height: float,
    parts: Iterable[str],
    has_links: bool = False,
) -> str:
    """The picture as an element: `name` is a word that is its own on a page; title and description are read aloud.

    `has_links`: it is no single image then, or its links would be hidden from who listens to it.
    """
    role = "group" if has_links else "img"
    size = f'{format_number(width)}" height="{format_number(height)}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture pf-ink" role="{role}" width="{size}"'
        f' viewBox="0 0 {format_number(width)} {format_number(height)}" fill="{PALETTE["ink"][0]}"'
        f' font-family="{_FONT}" font-size="12" aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(clean(title))}</title>'
        f'<desc id="{name}-description">{escape(clean(description))}</desc>'
        f"{''.join(parts)}</svg>\n"
    )


def as_file(picture: str) -> str:
    """The picture as a file that looks right by itself: on its own paper, in light and dark, without any other file."""
    head, end, rest = picture.partition("</desc>")
    paper = f'<rect width="100%" height="100%" class="pf-paper" fill="{PALETTE["paper"][0]}"/>'
    return f"{head}{end}<style>{STYLE}</style>{paper}{rest}"
