"""An act's Struct as the fields of a form: each with its words, what it takes, and its problem where it has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

import msgspec
from msgspec import inspect

from domain.glossary.words import DOMAIN, find_entry

FieldKind = Literal["text", "lines", "paragraph", "day", "number", "percent", "choice", "check", "hidden", "group"]
#: Longer texts get a box of several lines.
_LONG_TEXT = 300
#: (value, words).
Choice = tuple[str, str]


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field, or a group of some."""

    #: Its name in the form: a JSON pointer into the act (`services.api.console.forms`).
    name: str
    kind: FieldKind
    label: str
    hint: str = ""
    value: str = ""
    #: How it stands now, where the form asks for a difference.
    current: str = ""
    required: bool = False
    max_length: int | None = None
    choices: Sequence[Choice] = ()
    #: Id of the list of suggestions.
    suggestions: str = ""
    problem: str = ""
    fields: Sequence[FormField] = ()
    #: Of a page with several forms: what tells this one's ids from the others'.
    form: str = ""

    @property
    def is_open(self) -> bool:
        """Of a group: something in it was filled in, has to be, or is wrong."""
        return any(
            each.is_open if each.kind == "group" else each.required or each.problem or each.value
            for each in self.fields
            if each.kind != "hidden"
        )

    @property
    def id(self) -> str:
        """Its id on the page."""
        return f"{self.form}field" + self.name.rstrip("*%!").replace("/", "-")


class FormContent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the fields of one form."""

    #: Pointer -> what may be chosen there, in place of a text.
    choices: Mapping[str, Sequence[Choice]] = {}
    #: Pointer -> a value that is sent as it is.
    constants: Mapping[str, str] = {}
    #: Pointer -> how it stands now.
    current: Mapping[str, str] = {}
    #: Pointer -> id of a list of suggestions.
    suggestions: Mapping[str, str] = {}
    #: Pointers that are not asked for.
    left_out: frozenset[str] = frozenset()
    #: Pointers that have to be there although the Struct does not say so.
    required: frozenset[str] = frozenset()
    #: Pointer of a list -> the pointers' last steps of its rows, with their labels.
    rows: Mapping[str, Sequence[Choice]] = {}
    #: What was typed before, by the fields' names.
    values: Mapping[str, str] = {}
    #: Pointer -> what is wrong with it.
    problems: Mapping[str, str] = {}


def build_fields(act: type[msgspec.Struct], content: FormContent) -> list[FormField]:
    """The fields of a form for this act."""
    return list(_build_struct_fields(act, "", content, is_needed=True))


def explain(act: type[msgspec.Struct]) -> str:
    """What the act is, in its first sentence."""
    return (act.__doc__ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".") + "."


def list_pointers(fields: Iterable[FormField]) -> Iterator[str]:
    """The pointers of all fields: a problem elsewhere belongs above the form."""
    for field in fields:
        yield field.name.rstrip("*%!")
        yield from list_pointers(field.fields)


#: What is asked first, and last; all else stands between in its own order.
_FIRST = ("note", "progress", "confidence", "due", "start", "effort_hours", "priority", "outcome", "conditions")
_LAST = ("measure", "pause", "owner", "sponsor", "trade_offs", "trigger", "accept_overload", "reason", "as")
#: Last step of a pointer, or its last two -> its label, where that is not the step.
_LABELS = {
    "reason/code": "Reason",
    "reason/text": "In words",
    "trade_offs/0/kind": "How",
    "as": "Said as",
    "answer_by": "Answer by",
    "acts_next": "Who acts next",
    "accept_overload": "I know that this may take the owner over the line, and accept it",
    "conditions": "Conditions of satisfaction",
    "pause/paused_from": "From",
    "pause/resume_on": "Until work resumes on",
    "due": "Due on",
    "start": "Begins on",
    "ideas": "Ideas",
}


#: Last step of a pointer -> what its field is for, where a form says it otherwise than a request's documentation.
_HINTS = {
    "conditions": "One a line, seven at most: what has to be so for it to count as done.",
    "addressee": "A name of the list, or a reference. Empty: the other side of the goal.",
    "acts_next": "A name of the list, or a reference.",
    "mediator": "A name of the list, or a reference; neither of the two parties.",
    "accept_overload": "",
    "progress": "",
    "confidence": "",
}


def _rank(name: str) -> int:
    if name in _FIRST:
        return _FIRST.index(name) - len(_FIRST)
    return _LAST.index(name) + 1 if name in _LAST else 0


def _label(pointer: str) -> str:
    steps = pointer.strip("/").split("/")
    found = next((_LABELS[name] for n in (3, 2, 1) if (name := "/".join(steps[-n:])) in _LABELS), None)
    return found or steps[-1].replace("_", " ").capitalize()


@cache
def _describe(struct: type[msgspec.Struct]) -> inspect.StructType:
    described = inspect.type_info(struct)
    if not isinstance(described, inspect.StructType):
        raise TypeError(struct)
    return described


def _build_struct_fields(
    struct: type[msgspec.Struct], prefix: str, content: FormContent, *, is_needed: bool
) -> Iterator[FormField]:
    """`is_needed`: the Struct has to be there; in one that may be left out nothing has to be filled in."""
    for field in sorted(_describe(struct).fields, key=lambda each: _rank(each.encode_name)):
        pointer = f"{prefix}/{field.encode_name}"
        if pointer in content.left_out:
            continue
        entry = find_entry(struct, field.encode_name, (DOMAIN,)).partition(" e.g. ")[0]
        entry = _HINTS.get(field.encode_name, entry)
        yield from _build_field(field.type, pointer, entry, content, required=is_needed and field.required)


def _build_field(
    of: inspect.Type, pointer: str, hint: str, content: FormContent, *, required: bool
) -> Iterator[FormField]:
    label = _label(pointer)
    required = required or pointer in content.required
    if pointer in content.constants:
        # In a row: sent only with something else of it.
        name = pointer if pointer.count("/") == 1 else f"{pointer}!"
        yield FormField(name=name, kind="hidden", label=label, value=content.constants[pointer])
        return
    if pointer in content.choices:
        yield _finish(pointer, "choice", label, hint, content, required=required, choices=content.choices[pointer])
        return
    inner = _unwrap(of)
    match inner:
        case inspect.StructType(cls=cls):
            fields = list(_build_struct_fields(cls, pointer, content, is_needed=required))
            yield FormField(name=pointer, kind="group", label=label, hint=hint, fields=fields)
        case inspect.ListType(item_type=item):
            yield from _build_list(_unwrap(item), pointer, label, hint, content, required=required)
        case inspect.EnumType(cls=enum):
            words = [(str(each.value), _to_words(str(each.value))) for each in enum]
            yield _finish(pointer, "choice", label, hint, content, required=required, choices=words)
        case inspect.LiteralType(values=values):
            words = [(str(each), _to_words(str(each))) for each in values]
            yield _finish(pointer, "choice", label, hint, content, required=required, choices=words)
        case inspect.BoolType():
            yield _finish(pointer, "check", label, hint, content, required=False)
        case inspect.DateType():
            yield _finish(pointer, "day", label, hint, content, required=required)
        case inspect.StrType(max_length=longest):
            kind: FieldKind = "paragraph" if longest is None or longest > _LONG_TEXT else "text"
            yield _finish(pointer, kind, label, hint, content, required=required, max_length=longest)
        case _:
            is_share = pointer in ("/progress", "/confidence")
            yield _finish(pointer, "percent" if is_share else "number", label, hint, content, required=required)


def _build_list(  # noqa: PLR0913 - a list's item, and all that is known of its field
    item: inspect.Type, pointer: str, label: str, hint: str, content: FormContent, *, required: bool
) -> Iterator[FormField]:
    """A list of texts is written in lines; a list of Structs has the rows that the form gives it."""
    if not isinstance(item, inspect.StructType) or pointer.endswith("/conditions"):
        yield _finish(pointer, "lines", label, hint, content, required=required)
        return
    for step, words in content.rows.get(pointer, ()):
        fields = list(_build_struct_fields(item.cls, f"{pointer}/{step}", content, is_needed=False))
        yield FormField(name=f"{pointer}/{step}", kind="group", label=words, fields=fields)


_MARKS: dict[FieldKind, str] = {"lines": "*", "percent": "%"}


def _finish(  # noqa: PLR0913 - one field, all of it
    pointer: str,
    kind: FieldKind,
    label: str,
    hint: str,
    content: FormContent,
    *,
    required: bool,
    max_length: int | None = None,
    choices: Sequence[Choice] = (),
) -> FormField:
    name = pointer + _MARKS.get(kind, "")
    return FormField(
        name=name,
        kind=kind,
        label=f"{label}, in per cent" if kind == "percent" else f"{label}, one a line" if kind == "lines" else label,
        hint=hint,
        value=content.values.get(name, ""),
        current=content.current.get(pointer, ""),
        required=required,
        max_length=max_length,
        choices=choices,
        suggestions=content.suggestions.get(pointer, content.suggestions.get("/*" + pointer[pointer.rfind("/") :], "")),
        problem=content.problems.get(pointer, ""),
    )


def _unwrap(of: inspect.Type) -> inspect.Type:
    """The type that a field asks for: without what it is wrapped in, and without null."""
    while True:
        if isinstance(of, inspect.Metadata):
            of = of.type
        elif isinstance(of, inspect.UnionType):
            others = [each for each in of.types if not isinstance(each, inspect.NoneType)]
            texts = [each for each in others if isinstance(_unwrap(each), inspect.StrType)]
            of = (texts or others)[0]
        else:
            return of


def _to_words(value: str) -> str:
    return value.replace("_", " ").capitalize()
