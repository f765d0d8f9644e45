"""What a form sends: its fields by name, and the Struct of an act that they spell."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from services.api.console.csrf import FIELD
from services.api.http.parsing import parse_form

#: Fields of each form that acts: the request's own key, and the version that the form was made of.
KEY_FIELD, VERSION_FIELD = "idempotency_key", "version"
#: Where the browser goes on.
NEXT_FIELD = "next"
#: The position up to which a page's goals were seen.
SEEN_FIELD = "seen"
_OWN_FIELDS = frozenset({FIELD, KEY_FIELD, VERSION_FIELD, NEXT_FIELD, SEEN_FIELD})
_MAX_DEPTH = 6
_MAX_DIGITS = 40


class Form:
    """The fields that were sent, each value a text."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)
        self._values = dict(self._pairs)

    def get(self, name: str) -> str:
        """The field's value; empty where it was not sent."""
        return self._values.get(name, "")

    def get_all(self, name: str) -> list[str]:
        """Every value that was sent under this name, as of boxes that are ticked."""
        return [value for each, value in self._pairs if each == name]

    @property
    def values(self) -> dict[str, str]:
        """Every field that is not a form's own, as it was typed: to show it again."""
        return {name: value for name, value in self._values.items() if name not in _OWN_FIELDS}

    def build_value(self) -> dict[str, Any]:
        """The fields by their JSON pointers as one nested value; what was left empty is left out.

        `/reason/code` is a field in an object, `/evidence/0/text` one of a list's item. Marks at the end of a name:
        `*` a list of lines, `%` a share in per cent, `!` a constant that stands only beside something that was typed.
        """
        root: dict[str, Any] = {}
        typed = [(name, text.strip()) for name, text in self._pairs if name.startswith("/") and text.strip()]
        # Constants last: what they stand beside is there then, or was left empty.
        for name, text in sorted(typed, key=lambda each: each[0].endswith("!")):
            _put(root, name.strip("/").split("/")[:_MAX_DEPTH], text)
        return {name: _with_lists(value) for name, value in root.items()}


def _put(target: dict[str, Any], steps: list[str], text: str) -> None:
    *way, last = steps
    is_constant = last.endswith("!")
    for step in way:
        if is_constant and step not in target:
            return
        inner = target.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        target = inner
    if last.endswith("*"):
        target[last[:-1]] = [line.strip() for line in text.split("\n") if line.strip()]
    elif last.endswith("%"):
        target[last[:-1]] = _divide_by_hundred(text)
    else:
        target[last.rstrip("!")] = text


def _divide_by_hundred(text: str) -> str:
    """Per cent as a share; a text that is no number stays, and is refused by its rule."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return text
    return format(number.scaleb(-2), "f") if number.is_finite() and abs(number.adjusted()) < _MAX_DIGITS else text


def _with_lists(value: Any) -> Any:
    """Objects whose names are all numbers are lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isascii() and name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def read_form(body: bytes, headers: dict[str, str]) -> Form:
    """The form of a request. Raises ProblemError as `parse_form`."""
    return Form(parse_form(body or b"", media_type=headers.get("content-type", "")))
