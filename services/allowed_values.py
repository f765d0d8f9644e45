"""What a field would have taken: where it takes one of a few words, these are the answer to a wrong one.

msgspec reports that a value is not in an enumeration, but not which values are. They are looked up in the type, by
the JSON pointer that the refusal names, so that they cannot drift from what is taken.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import inspect

#: More choices than this are not listed.
MAX_CHOICES = 400


def list_allowed_values(kind: Any, pointer: str | None) -> tuple[str, ...]:
    """The words that the field at `pointer` takes in a value of `kind`; none where it takes others."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in (pointer or "").split("/")[1:]]
    if not steps:
        return ()
    found: list[inspect.Type] = [_inspect_type(kind)]
    for step in steps[:-1]:
        found = [inner for each in found for inner in _find_child_types(each, step)]
    last = steps[-1]
    words = [word for each in found for word in _find_tags(each, last)]
    words += [word for each in found for inner in _find_child_types(each, last) for word in _list_words(inner)]
    return tuple(dict.fromkeys(words))[:MAX_CHOICES]


@functools.cache
def _inspect_type(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _unwrap(of: inspect.Type) -> Iterator[inspect.Type]:
    """The type without what it is wrapped in; of a union each."""
    if isinstance(of, inspect.Metadata):
        yield from _unwrap(of.type)
    elif isinstance(of, inspect.UnionType):
        for each in of.types:
            yield from _unwrap(each)
    else:
        yield of


def _find_child_types(of: inspect.Type, step: str) -> Iterator[inspect.Type]:
    """What stands under a name, or at a place, of a value of this type."""
    for each in _unwrap(of):
        match each:
            case inspect.StructType(fields=fields):
                yield from (field.type for field in fields if field.encode_name == step)
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
                yield item
            case inspect.DictType(value_type=value):
                yield value


def _find_tags(of: inspect.Type, step: str) -> Iterable[str]:
    """The tags of the Structs that can stand here, where `step` is the tag field."""
    structs = [each for each in _unwrap(of) if isinstance(each, inspect.StructType)]
    return [str(each.tag) for each in structs if each.tag is not None and each.tag_field == step]


def _list_words(of: inspect.Type) -> Iterator[str]:
    for each in _unwrap(of):
        match each:
            case inspect.EnumType(cls=cls):
                yield from (str(member.value) for member in cls)
            case inspect.LiteralType(values=values):
                yield from (str(value) for value in values)
