"""What people write: the one form in which it is compared, what of it can be seen, and what no text may hold.

Text is stored as it was sent. It is compared and searched for in Unicode's composed form (NFC): "ü" may be one
character or two, and reads the same. What cannot be seen is no text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from unicodedata import category, normalize
from urllib.parse import urlsplit

import msgspec
from msgspec import inspect

from domain.errors import InvalidField

#: A text that may be longer than this may have lines and tabs; a title, name or reference is one line.
MAX_LINE_LENGTH = 200

#: Format characters that are printed: the number signs and verse marks of Arabic and its neighbours.
_SEEN_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
#: Characters that print nothing although their category is that of a letter or symbol: fillers of Hangul, the blank of
#: Braille, the null note head; and the ranges that Unicode keeps for characters to be ignored (DerivedCoreProperties,
#: Default_Ignorable_Code_Point).
_UNSEEN = re.compile("[\u115f\u1160\u3164\uffa0\u2800\U0001d159\u2060-\u206f\ufff0-\ufffb\U000e0000-\U000e0fff]")
#: Controls, formats, surrogates, separators, and marks: those are seen on the character before them.
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})

_CONTROL_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNFIT_FOR_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")


#: Schemes of addresses that a browser opens as a page, and nothing that runs where it is shown.
WEB_SCHEMES = ("https", "http")


def check_web_address(address: str, pointer: str) -> None:
    """Raise `InvalidField` for what is no absolute address of a page: a scheme, a host, no blank or control."""
    try:
        parts = urlsplit(address)
        is_page = parts.scheme in WEB_SCHEMES and bool(parts.hostname)
    except ValueError:
        is_page = False
    # The parser drops tabs and line ends, and takes backslashes as a browser does not.
    if not is_page or _UNFIT_FOR_ADDRESS.search(address):
        raise InvalidField(
            "the address of a page, such as https://example.com/report",
            pointer=pointer,
            allowed=tuple(f"{scheme}://..." for scheme in WEB_SCHEMES),
        )


def compose(text: str) -> str:
    """`text` in the form in which texts are compared (NFC)."""
    return normalize("NFC", text)


def decompose(text: str) -> str:
    """`text` with letters and marks apart (NFD), as some systems send it."""
    return normalize("NFD", text)


def fold(text: str) -> str:
    """`text` as it is searched for: composed, whatever its case."""
    # Folding may take a character apart: it is composed again.
    return compose(compose(text).casefold())


def is_visible(text: str) -> bool:
    """Whether any of it can be seen."""
    if text.isascii() and text.isprintable():
        return text.strip(" ") != ""
    return any(map(_is_seen, text))


def require_text(value: str, pointer: str = "/text") -> str:
    """`value`; raises `InvalidField` where nothing of it can be seen."""
    if not is_visible(value):
        raise InvalidField("a text is needed", pointer=pointer)
    return value


def visible_length(text: str) -> int:
    """How many characters of it a reader sees: a letter with its marks is one, and so is a gap between two words."""
    words = ["".join(filter(_is_seen, word)) for word in compose(text).split()]
    seen = [word for word in words if word]
    return sum(map(len, seen)) + max(0, len(seen) - 1)


def _is_seen(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and character != " "
    if category(character) in _UNSEEN_CATEGORIES:
        return character in _SEEN_FORMAT
    return _UNSEEN.match(character) is None


def check_text(text: str, pointer: str, *, has_lines: bool) -> None:
    """Raise `InvalidField` where `text` consists of characters that cannot be seen, or holds a control character.

    `has_lines`: it may have line ends and tabs. An empty text is for its field to allow.
    """
    if text.isascii() and text.isprintable():
        if text and not text.strip():
            raise InvalidField("nothing of this text can be seen", pointer=pointer)
        return
    found = (_CONTROL_IN_LINES if has_lines else _CONTROL_IN_LINE).search(text)
    if found is not None:
        raise InvalidField(f"a control character (U+{ord(found[0]):04X}) has no place in this text", pointer=pointer)
    if not is_visible(text):
        raise InvalidField("nothing of this text can be seen", pointer=pointer)


# --- the texts of an act -------------------------------------------------------------------------------------------


class _Field(NamedTuple):
    """A field that holds texts, or values with texts."""

    attribute: str
    name: str
    #: Whether its texts may have lines.
    has_lines: bool


def check_texts(value: msgspec.Struct, pointer: str = "") -> None:
    """Raise `InvalidField` for the first text in `value`, at whatever depth, that `check_text` refuses."""
    for attribute, name, has_lines in _text_fields(type(value)):
        held = getattr(value, attribute)
        # Most fields of most acts are left out, and most texts are plain: 1 us of a check-in's 60.
        if held and not (type(held) is str and held.isascii() and held.isprintable() and not held.isspace()):
            _check_within(held, f"{pointer}/{name}", has_lines=has_lines)


def _check_within(value: Any, pointer: str, *, has_lines: bool) -> None:
    match value:
        case str():
            check_text(value, pointer, has_lines=has_lines)
        case msgspec.Struct():
            check_texts(value, pointer)
        case list() | tuple():
            for index, item in enumerate(value):
                _check_within(item, f"{pointer}/{index}", has_lines=has_lines)


@functools.cache
def _text_fields(cls: type[msgspec.Struct]) -> tuple[_Field, ...]:
    """The fields of `cls` in which texts may stand; those of closed words, numbers and dates are left out."""
    fields = []
    for field in inspect.type_info(cls).fields:  # type: ignore[attr-defined]  # a Struct's
        texts = list(_texts(field.type))
        if texts:
            longest = max((text.max_length or MAX_LINE_LENGTH + 1 for text in texts if text is not None), default=0)
            fields.append(_Field(field.name, field.encode_name, has_lines=longest > MAX_LINE_LENGTH))
    return tuple(fields)


def _texts(kind: inspect.Type) -> Iterator[inspect.StrType | None]:
    """The texts that a value of this type may be or list; None for a Struct, which has its own."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from _texts(inner)
        case inspect.UnionType(types=kinds):
            for each in kinds:
                yield from _texts(each)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _texts(item)
        case inspect.StructType():
            yield None
        case inspect.StrType():
            yield kind
