"""A tree, drawn from the top down: what supports a thing stands below it, further in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.quantities import to_percent
from services.pictures.style import Tone
from services.pictures.svg import build_picture, draw_box, draw_path, draw_text, fit

_ROW_HEIGHT, _INDENT, _LABEL_WIDTH, _NOTE_WIDTH, _BAR_WIDTH = 30, 22, 430, 170, 100
#: Rows of one picture: what is left out is counted.
MOST_ROWS = 60
#: Steps that are drawn further in.
_DEEPEST = 8


class TreeNode(NamedTuple):
    """A thing with what is to be known of it: a note, how far it has come (0..1), and its tone."""

    label: str
    note: str = ""
    progress: float | None = None
    tone: Tone = "mid"
    is_heading: bool = False
    children: Sequence[TreeNode] = ()


class _Row(NamedTuple):
    depth: int
    #: Which row its parent is.
    parent: int | None
    node: TreeNode


def draw_tree(name: str, title: str, description: str, *, nodes: Sequence[TreeNode]) -> str:
    """A row for each, with the lines that lead up, and a bar with its number for how far it has come."""
    rows = list(_walk(nodes))
    shown, parts = rows[:MOST_ROWS], []
    for place, row in enumerate(shown):
        x, y = 8 + min(row.depth, _DEEPEST) * _INDENT, place * _ROW_HEIGHT
        if row.parent is not None:
            above = 8 + min(shown[row.parent].depth, _DEEPEST) * _INDENT + 6
            parts.append(draw_path(f"M{above} {(row.parent + 1) * _ROW_HEIGHT - 4}V{y + 16}H{x - 3}", "rule"))
        parts += _draw_row(row.node, x, y)
    if len(rows) > MOST_ROWS:
        words = f"and {len(rows) - MOST_ROWS} more"
        parts.append(draw_text(8, len(shown) * _ROW_HEIGHT + 19, words, tone="quiet"))
    height = (len(shown) + (len(rows) > MOST_ROWS)) * _ROW_HEIGHT + 6
    width = _LABEL_WIDTH + _NOTE_WIDTH + _BAR_WIDTH + 50
    return build_picture(name, title, description, width=width, height=height, parts=parts)


def _draw_row(node: TreeNode, x: float, y: float) -> list[str]:
    # A heading has nothing beside it.
    room = _LABEL_WIDTH + (_NOTE_WIDTH + _BAR_WIDTH if node.is_heading else 0) - x - 12
    parts = [draw_text(x, y + 20, fit(node.label, room), bold=node.is_heading)]
    if node.note:
        parts.append(draw_text(_LABEL_WIDTH, y + 20, fit(node.note, _NOTE_WIDTH - 12), tone="quiet"))
    if node.progress is not None:
        left = _LABEL_WIDTH + _NOTE_WIDTH
        parts.append(draw_box(left, y + 8, _BAR_WIDTH, 16, "none"))
        parts.append(draw_box(left, y + 8, _BAR_WIDTH * min(1.0, max(0.0, node.progress)), 16, node.tone))
        parts.append(draw_text(left + _BAR_WIDTH + 8, y + 20, f"{to_percent(node.progress)} %"))
    return parts


def _walk(nodes: Sequence[TreeNode]) -> Iterator[_Row]:
    """Each node after its parent; a tree may be deep, so without recursion."""
    place = 0
    waiting: list[tuple[int, int | None, TreeNode]] = [(0, None, node) for node in reversed(nodes)]
    while waiting:
        depth, parent, node = waiting.pop()
        yield _Row(depth, parent, node)
        waiting += [(depth + 1, place, child) for child in reversed(node.children)]
        place += 1
