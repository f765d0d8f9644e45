"""A page of plain text: lines of at most 100 columns, lists of which the rest is counted, and text that only prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from projections.history.narrative.phrases import excerpt
from services import plain_text
from services.plain_text import clean, columns, split_at

#: Columns of a line.
WIDTH = 100
#: Characters of a title and of a name.
_TITLE_LENGTH, _NAME_LENGTH = 60, 40
#: FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: what stands between has a direction of its own.
ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_ISOLATES = re.compile(f"[{ISOLATE}{POP_ISOLATE}]")


class Paragraph(NamedTuple):
    """A sentence, or an entry of the list that the sentence before begins; words of persons in it are isolated."""

    text: str
    is_entry: bool = False


def shorten(text: str, longest: int) -> str:
    """The beginning of a text, as `excerpt`, in at most that many columns."""
    line = excerpt(clean(text), longest)
    if columns(line) <= longest:
        return line
    return f"{split_at(line, longest - 1)[0].rstrip()}…"


def isolate(text: str) -> str:
    """The text so that its direction of writing turns nothing around it; a page of plain text is without the marks."""
    return f"{ISOLATE}{text}{POP_ISOLATE}" if text else ""


def quote(text: str, longest: int = _TITLE_LENGTH) -> str:
    """A title, or other words of a person, in quotation marks."""
    return f"“{isolate(shorten(text, longest))}”"


def name_of(text: str) -> str:
    """A person's or team's name."""
    return isolate(shorten(text, _NAME_LENGTH))


def wrap(text: str, indent: str = "") -> Iterator[str]:
    """Lines of the paragraph; those after the first are two columns further in."""
    return plain_text.wrap(text, WIDTH, indent)


def list_lines(heading: str, entries: Sequence[str], most: int) -> Iterator[Paragraph]:
    """A heading, the first entries below it, and how many more there are; nothing for an empty list."""
    if entries:
        yield Paragraph(f"{heading}:")
        yield from (Paragraph(entry, is_entry=True) for entry in entries[:most])
        if len(entries) > most:
            yield Paragraph(f"and {len(entries) - most} more", is_entry=True)


def enumerate_first(parts: Sequence[str], most: int, least: str = "") -> str:
    """The first parts, parted by commas, and how many more there are, at `least` where that is said."""
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and{least} {rest} more" if rest > 0 else "")


def build_page(sections: Iterable[Iterable[Paragraph]]) -> str:
    """The sections that hold a line, parted by empty lines."""
    pages = (
        [line for text, is_entry in section for line in wrap(_ISOLATES.sub("", text), "  " if is_entry else "")]
        for section in sections
    )
    return "\n\n".join("\n".join(lines) for lines in pages if lines) + "\n"
