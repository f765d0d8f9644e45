"""Plain text for a terminal or a page: lines of so many columns, and text that only prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category, combining, east_asian_width

#: Marks, isolates and overrides of writing direction: they would show what follows them in another order.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: What a line does not break: a word, and a number with its percent sign.
_WORDS = re.compile(r"\S+(?: %\S*)?")
#: Controls (a terminal would obey them), separators of lines, surrogates, private and unassigned characters.
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})


def clean(text: str) -> str:
    """The text on one line: no control and no change of direction is left of it."""
    line = " ".join(_DIRECTIONS.sub("", text).split())
    if line.isprintable():
        return line
    return "".join("\ufffd" if category(character) in _UNPRINTABLE else character for character in line)


def columns(text: str) -> int:
    """Columns that it takes in a terminal: wide characters take two, marks none."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if character.isascii():
        return 1
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """The text with blanks behind it, up to so many columns."""
    return text + " " * (width - columns(text))


def wrap(text: str, width: int, indent: str = "", hanging: str = "  ") -> Iterator[str]:
    """Lines of the paragraph, of at most `width` columns; those after the first are `hanging` further in."""
    line, empty = indent, True
    for word in _WORDS.findall(text):
        rest = word
        while rest:
            gap = "" if empty else " "
            if columns(line) + len(gap) + columns(rest) <= width:
                line, rest, empty = f"{line}{gap}{rest}", "", False
            elif empty:
                part, rest = split_at(rest, max(1, width - columns(line)))
                yield line + part
                line = indent + hanging
            else:
                yield line
                line, empty = indent + hanging, True
    if not empty:
        yield line


def split_at(text: str, width: int) -> tuple[str, str]:
    """The longest beginning that takes at most `width` columns, and the rest."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns_of(character)
        if taken > width:
            return text[:place], text[place:]
    return text, ""
