"""From the glossary to a schema: each property gets its description, its unit and an example."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from domain.glossary.experiments import EXPERIMENTS
from domain.glossary.framework import CHARTERS, CYCLES, DECISIONS
from domain.glossary.goals import GOALS
from domain.glossary.people import PEOPLE, POLICIES, SHARED
from domain.glossary.pulses import PULSES
from domain.glossary.recognitions import RECOGNITIONS
from domain.glossary.subscriptions import SUBSCRIPTIONS

Glossary = Mapping[str, str]
#: Finds the schema that a `$ref` names.
Resolver = Callable[[str], Mapping[str, Any]]

PARTS: tuple[Glossary, ...] = (
    GOALS,
    CHARTERS,
    CYCLES,
    DECISIONS,
    EXPERIMENTS,
    PEOPLE,
    POLICIES,
    PULSES,
    RECOGNITIONS,
    SHARED,
    SUBSCRIPTIONS,
)
DOMAIN: Glossary = {name: entry for part in PARTS for name, entry in part.items()}

#: What an entry ends in, where a type alone gives no example.
_EXAMPLE = " e.g. "
_UNITS = {"date-time": "UTC, RFC 3339.", "date": "A day (ISO 8601) in the organisation's time zone."}
_EXAMPLES = {
    "uuid": "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35",
    "date-time": "2026-03-04T09:30:00Z",
    "date": "2026-03-27",
}
_UUID_LENGTH = 36
_DECIMAL = "Exact decimal string."
_NUMBER = "A number or a decimal string."


def describe_properties(
    cls: Any, schema: dict[str, Any], glossaries: Sequence[Glossary], resolve: Resolver, published: str = ""
) -> None:
    """Write into a Struct's schema what each property means; `published` is the name of its component, if it has one.

    A glossary that comes earlier goes before the others, and an entry for the class before one for the name alone.
    """
    if "description" in schema:
        # A docstring's second line is indented before Python 3.13 and not since: what is published must not depend on it.
        schema["description"] = inspect.cleandoc(schema["description"])
    for name, shape in schema.get("properties", {}).items():
        entry = find_entry(cls, name, glossaries, published)
        text, _, example = entry.partition(_EXAMPLE)
        if described := shape.get("description") or text:
            shape["description"] = " ".join([described, *_list_units(shape)])
        found = build_example(shape, example, resolve)
        if found is not None and not shape.get("examples"):
            shape["examples"] = [found]


def find_entry(cls: Any, name: str, glossaries: Sequence[Glossary], published: str = "") -> str:
    """The entry for a field of a class; empty where there is none."""
    keys = list_keys(cls, name, published)
    for key in (*keys[:-1],):
        for glossary in glossaries:
            if key in glossary:
                return glossary[key]
    return next((glossary[name] for glossary in glossaries if name in glossary), "")


def list_keys(cls: Any, name: str, published: str = "") -> list[str]:
    """The keys under which a field may stand, the narrowest first."""
    keys = [f"{published}.{name}"] if published else []
    tag = cls.__struct_config__.tag
    if isinstance(tag, str):
        keys.append(f"{tag.rpartition('.')[0] or tag}.{name}")
    return [*keys, *(f"{base.__name__}.{name}" for base in cls.__mro__), name]


def build_example(schema: Mapping[str, Any], written: str, resolve: Resolver) -> Any:
    """A value that the schema takes; None where only an object would do, which has its own example."""
    if "$ref" in schema:
        named = resolve(schema["$ref"])
        return build_example(named, written, resolve) if "enum" in named else None
    if "enum" in schema:
        return written if written in schema["enum"] else schema["enum"][0]
    for options in (schema.get("anyOf"), schema.get("oneOf")):
        if options:
            return next((e for o in _in_order(options) if (e := build_example(o, written, resolve)) is not None), None)
    return _build_typed_example(schema, written, resolve)


def _build_typed_example(schema: Mapping[str, Any], written: str, resolve: Resolver) -> Any:
    match schema.get("type"):
        case "string":
            # A text of just 36 characters is an id as a person writes it.
            form = (
                "uuid" if schema.get("minLength") == schema.get("maxLength") == _UUID_LENGTH else schema.get("format")
            )
            return written or _EXAMPLES.get(form or "")
        case "integer":
            return int(written) if written.lstrip("-").isdigit() else None
        case "number":
            return _parse_number(written)
        case "boolean":
            return False
        case "array":
            if written.startswith("["):
                return json.loads(written)
            item = build_example(schema.get("items", {}), written, resolve)
            return None if item is None else [item]
        case "object":
            return json.loads(written) if written.startswith("{") else None
        case _:
            # Any JSON at all.
            return written or None


def _in_order(options: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Numbers before texts: what may be written as either is best written as a number."""
    yield from (option for option in options if option.get("type") in ("integer", "number"))
    yield from (option for option in options if option.get("type") not in ("integer", "number", "null"))


def _parse_number(written: str) -> float | int | None:
    try:
        return json.loads(written) if written else None
    except ValueError:
        return None


def _list_units(schema: Mapping[str, Any]) -> list[str]:
    """What the type itself says about unit and zone."""
    options = [schema, *schema.get("anyOf", ()), schema.get("items", {})]
    kinds = {option.get("type") for option in options}
    units = [_UNITS[form] for option in options if (form := option.get("format", "")) in _UNITS]
    if {"number", "string"} <= kinds:
        units.append(_NUMBER)
    elif any(option.get("pattern", "").startswith(("^-?[0-9]", "^[0-9](")) for option in options):
        units.append(_DECIMAL)
    return units[:1]
