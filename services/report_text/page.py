"""A page of plain text: lines of at most 100 columns, lists of which the rest is counted, and text that only prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from unicodedata import category, combining, east_asian_width

from projections.history.narrative.phrases import excerpt

#: Columns of a line.
WIDTH = 100
#: Characters of a title and of a name.
_TITLE_LENGTH, _NAME_LENGTH = 60, 40
#: Marks, isolates and overrides of writing direction: they would show what follows them in another order.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: What a line does not break: a word, and a number with its percent sign.
_WORDS = re.compile(r"\S+(?: %\S*)?")
#: Controls (a terminal would obey them), separators of lines, surrogates, private and unassigned characters.
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})


def clean(text: str) -> str:
    """The text on one line: no control and no change of direction is left of it."""
    line = " ".join(_DIRECTIONS.sub("", text).split())
    return "".join("\ufffd" if category(character) in _UNPRINTABLE else character for character in line)


def shorten(text: str, longest: int) -> str:
    """The beginning of a text, as `excerpt`, in at most that many columns."""
    line = excerpt(clean(text), longest)
    if columns(line) <= longest:
        return line
    return f"{_split_at(line, longest - 1)[0].rstrip()}…"


def title_of(text: str) -> str:
    """A title in quotation marks."""
    return f"“{shorten(text, _TITLE_LENGTH)}”"


def name_of(text: str) -> str:
    """A person's or team's name."""
    return shorten(text, _NAME_LENGTH)


def columns(text: str) -> int:
    """Columns that it takes in a terminal: wide characters take two, marks none."""
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if character.isascii():
        return 1
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def wrap(text: str, indent: str = "") -> Iterator[str]:
    """Lines of the paragraph; those after the first are two columns further in."""
    line, empty = indent, True
    for word in _WORDS.findall(text):
        rest = word
        while rest:
            gap = "" if empty else " "
            if columns(line) + len(gap) + columns(rest) <= WIDTH:
                line, rest, empty = f"{line}{gap}{rest}", "", False
            elif empty:
                part, rest = _split_at(rest, WIDTH - columns(line))
                yield line + part
                line = f"{indent}  "
            else:
                yield line
                line, empty = f"{indent}  ", True
    if not empty:
        yield line


def _split_at(text: str, width: int) -> tuple[str, str]:
    """The longest beginning that takes at most `width` columns, and the rest."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns_of(character)
        if taken > width:
            return text[:place], text[place:]
    return text, ""


def list_lines(heading: str, entries: Sequence[str], most: int) -> Iterator[str]:
    """A heading, the first entries below it, and how many more there are; nothing for an empty list."""
    if entries:
        yield from wrap(f"{heading}:")
        yield from chain.from_iterable(wrap(entry, "  ") for entry in entries[:most])
        if len(entries) > most:
            yield f"  and {len(entries) - most} more"


def enumerate_first(parts: Sequence[str], most: int, least: str = "") -> str:
    """The first parts, parted by commas, and how many more there are, at `least` where that is said."""
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and{least} {rest} more" if rest > 0 else "")


def build_page(sections: Iterable[Iterable[str]]) -> str:
    """The sections that hold a line, parted by empty lines."""
    held = ("\n".join(lines) for lines in map(list, sections) if lines)
    return "\n\n".join(held) + "\n"
