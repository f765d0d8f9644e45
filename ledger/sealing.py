"""Personal text leaves an event before it is stored and comes back when it is read.

Which fields hold personal text is declared on the Structs (`domain.personal`) and found here once per class. The seal
is the identity for now (`key_id` null); the stored shape is already the one in which a destroyed key erases a text and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from domain.personal import PERSONAL

#: One step: a field's stored name, or EACH for the items of an array.
EACH = None
Path = tuple[str | None, ...]


class PersonalTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The sealed part of a stored event."""

    #: The key that sealed the texts; null while the seal is the identity.
    key_id: UUID | None
    #: The member whose texts these are, by whose key they will be sealed.
    subject: UUID | None
    #: JSON pointer into the stored event -> text.
    texts: dict[str, str]


class PersonalFields(msgspec.Struct, frozen=True):
    """Where a class keeps personal text, and whose it is: its author's, or the member's whose stream it is."""

    paths: tuple[Path, ...]
    of_member: bool
    #: Fields that are such a text themselves: the attribute, its pointer, and what it says where nothing was said.
    plain: tuple[tuple[str, str, object], ...] = ()
    #: Attributes that hold such texts further inside, or that cannot be left out.
    deep: tuple[str, ...] = ()


@cache
def personal_fields(cls: type[Any]) -> PersonalFields:
    """The plan of an event class; raises TypeError where one event would mix two subjects' texts."""
    found = list(_personal(msgspec.inspect.type_info(cls), ()))
    subjects = {subject for _, subject in found}
    if len(subjects) > 1:
        raise TypeError(f"{cls.__name__} mixes personal text of its author and of the member: split the event")
    paths = tuple(path for path, _ in found)
    fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    plain = [p[0] for p in paths if len(p) == 1 and p[0] is not None and fields[p[0]].default is not msgspec.NODEFAULT]
    return PersonalFields(
        paths,
        of_member="member" in subjects,
        plain=tuple((fields[name].name, f"/data/{name}", fields[name].default) for name in plain),
        deep=tuple({fields[p[0]].name: None for p in paths if p[0] is not None and p[0] not in plain}),
    )


def _personal(info: msgspec.inspect.Type, path: Path) -> Iterator[tuple[Path, str]]:
    match info:
        case msgspec.inspect.Metadata(type=inner, extra=extra):
            if extra and PERSONAL in extra:
                yield path, str(extra[PERSONAL])
            else:
                yield from _personal(inner, path)
        case msgspec.inspect.UnionType(types=types):
            for each in types:
                yield from _personal(each, path)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            yield from _personal(item, (*path, EACH))
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from _personal(field.type, (*path, field.encode_name))


def extract_shallow(event: Any, plan_: PersonalFields) -> tuple[Any, dict[str, str]] | None:  # noqa: ANN401  # any event's class
    """The event without its personal texts, and these as `take` finds them; None where any lies further inside.

    Most events say a note or nothing, and need not be taken apart.
    """
    for name in plan_.deep:
        if getattr(event, name) not in (None, ()):
            return None
    texts: dict[str, str] = {}
    silent: dict[str, object] = {}
    for name, pointer, unsaid in plan_.plain:
        text = getattr(event, name)
        if text != unsaid:
            texts[pointer], silent[name] = text, unsaid
    return (msgspec.structs.replace(event, **silent) if texts else event), texts


def extract(document: object, paths: tuple[Path, ...], root: str) -> dict[str, str]:
    """Remove the personal texts from `document` (builtins, changed in place); pointer -> text."""
    texts: dict[str, str] = {}
    for path in paths:
        _take(document, path, root, texts)
    return texts


def _take(
    node: Any,  # noqa: ANN401  # decoded JSON
    path: Path,
    pointer: str,
    texts: dict[str, str],
) -> None:
    step, rest = path[0], path[1:]
    if step is EACH:
        for index, item in enumerate(node or ()):
            if rest:
                _take(item, rest, f"{pointer}/{index}", texts)
            else:
                # The place in the list stays: other items keep their pointers.
                texts[f"{pointer}/{index}"] = item
                node[index] = ""
    elif isinstance(node, dict) and node.get(step) is not None:
        if rest:
            _take(node[step], rest, f"{pointer}/{step}", texts)
        else:
            texts[f"{pointer}/{step}"] = node.pop(step)


def restore(
    document: Any,  # noqa: ANN401  # decoded JSON
    texts: dict[str, str],
) -> None:
    """Put each text back to where its pointer says (builtins, changed in place)."""
    for pointer, text in texts.items():
        *steps, last = pointer.split("/")[1:]
        node = document
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if isinstance(node, list):
            node[int(last)] = text
        else:
            node[last] = text
