"""A page of plain text: lines of at most 100 columns, lists of which the rest is counted, and text that only prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from projections.history.narrative.phrases import excerpt
from services import plain_text
from services.plain_text import clean, columns, split_at

#: Columns of a line.
WIDTH = 100
#: Characters of a title and of a name.
_TITLE_LENGTH, _NAME_LENGTH = 60, 40


def shorten(text: str, longest: int) -> str:
    """The beginning of a text, as `excerpt`, in at most that many columns."""
    line = excerpt(clean(text), longest)
    if columns(line) <= longest:
        return line
    return f"{split_at(line, longest - 1)[0].rstrip()}…"


def title_of(text: str) -> str:
    """A title in quotation marks."""
    return f"“{shorten(text, _TITLE_LENGTH)}”"


def name_of(text: str) -> str:
    """A person's or team's name."""
    return shorten(text, _NAME_LENGTH)


def wrap(text: str, indent: str = "") -> Iterator[str]:
    """Lines of the paragraph; those after the first are two columns further in."""
    return plain_text.wrap(text, WIDTH, indent)


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
