"""Whether versions of an event's schema are compatible both ways (FULL), each with all before it (TRANSITIVE).

*Backward*: a reader by the newer schema can read what was recorded by the older one. *Forward*: a reader by the older
one can read what is recorded by the newer one. Objects are open, so that fields may be added, each of which may be
missing; one that refused unknown fields could not gain any.

`event-schemas.ndjson` keeps every schema that was ever published, words and examples apart, in the order in which they
were. Lines are added by `python -m tests.contracts write` and never edited: a change that does not pass is another
version of the type's tag.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

VERSIONS = Path(__file__).parent / "event-schemas.ndjson"
#: What says nothing about which documents are valid.
_ANNOTATIONS = frozenset({"default", "deprecated", "description", "discriminator", "examples", "format", "title"})
_COMPOUND = frozenset({"properties", "required", "items", "anyOf", "oneOf", "additionalProperties", "prefixItems"})


def to_normal_form(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """The schema without annotations, each reference replaced by what it names."""
    if isinstance(schema, list):
        return [to_normal_form(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    known = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        return to_normal_form(known[schema["$ref"].rpartition("/")[2]], known)
    found = {}
    for name, part in schema.items():
        if name == "properties":
            found[name] = {field: to_normal_form(shape, known) for field, shape in part.items()}
        elif name not in _ANNOTATIONS and not name.startswith("$"):
            found[name] = to_normal_form(part, known)
    return found


def find_incompatibilities(older: Any, newer: Any, place: str = "data") -> list[str]:
    """What a reader of either schema could not read of the other's documents, in words; both in their normal form."""
    return list(_compare(older, newer, place))


def _compare(older: Any, newer: Any, place: str) -> Iterator[str]:
    if not isinstance(older, dict) or not isinstance(newer, dict):
        if older != newer:
            yield f"{place}: {older} became {newer}"
        return
    for name in sorted((older.keys() | newer.keys()) - _COMPOUND):
        before, after = _as_set(older.get(name)), _as_set(newer.get(name))
        if before != after:
            yield f"{place}: {name} {older.get(name)} became {newer.get(name)}"
    yield from _compare_options(older, newer, place)
    yield from _compare_fields(older, newer, place)
    if "items" in older or "items" in newer:
        yield from _compare(older.get("items"), newer.get("items"), f"{place}[]")
    if older.get("prefixItems") != newer.get("prefixItems"):
        yield f"{place}: its items changed"


def _as_set(value: Any) -> Any:
    return frozenset(map(str, value)) if isinstance(value, list) else value


def _compare_options(older: dict[str, Any], newer: dict[str, Any], place: str) -> Iterator[str]:
    before, after = _list_options(older), _list_options(newer)
    for name in sorted(before.keys() ^ after.keys()):
        yield f"{place}: the option {name} was {'taken away' if name in before else 'added'}"
    for name in before.keys() & after.keys():
        yield from _compare(before[name], after[name], place)


def _list_options(schema: dict[str, Any]) -> dict[str, Any]:
    """The members of a union by what tells them apart: the tag, or the type."""
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    found = {}
    for number, option in enumerate(options):
        tag = option.get("properties", {}).get("type", {}).get("enum")
        name = f"`{tag[0]}`" if tag else str(option.get("type", f"number {number}"))
        found[name if name not in found else f"{name} {number}"] = option
    return found


def _compare_fields(older: dict[str, Any], newer: dict[str, Any], place: str) -> Iterator[str]:
    before, after = older.get("properties", {}), newer.get("properties", {})
    needed_before, needed_after = set(older.get("required", ())), set(newer.get("required", ()))
    is_closed = older.get("additionalProperties") is False
    for field in before:
        inner = f"{place}.{field}"
        if field not in after:
            yield f"{inner} was taken away"
            continue
        if (field in needed_before) != (field in needed_after):
            yield f"{inner} became {'required' if field in needed_after else 'optional'}"
        yield from _compare(before[field], after[field], inner)
    for field in after.keys() - before.keys():
        if field in needed_after:
            yield f"{place}.{field} was added and is required"
        if is_closed:
            yield f"{place}.{field} was added to a value that refuses unknown fields"
    extra_before, extra_after = older.get("additionalProperties"), newer.get("additionalProperties")
    if isinstance(extra_before, dict) and isinstance(extra_after, dict):
        yield from _compare(extra_before, extra_after, f"{place}{{}}")
    elif extra_before != extra_after:
        yield f"{place}: other fields were {extra_before}, became {extra_after}"


# --- every version that was published --------------------------------------------------------------------------------


def read_versions(path: Path = VERSIONS) -> dict[str, list[Any]]:
    """Tag -> its schemas in their normal form, the first one first."""
    found: dict[str, list[Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        version = json.loads(line)
        found.setdefault(version["type"], []).append(version["schema"])
    return found


def add_versions(contracts: Mapping[str, str], path: Path = VERSIONS) -> None:
    """Append the schemas of these contracts (path below `tests/contracts` -> text) that are not the last ones kept."""
    kept = read_versions(path)
    with path.open("a") as file:
        for tag, schema in current_schemas(contracts).items():
            if kept.get(tag, [None])[-1] != schema:
                file.write(json.dumps({"type": tag, "schema": schema}, sort_keys=True, ensure_ascii=False) + "\n")


def current_schemas(contracts: Mapping[str, str]) -> dict[str, Any]:
    """Tag -> its schema in its normal form."""
    return {
        path.removeprefix("events/").removesuffix(".json"): to_normal_form(json.loads(text))
        for path, text in sorted(contracts.items())
        if path.startswith("events/")
    }


def find_broken_versions(versions: Mapping[str, list[Any]]) -> list[str]:
    """What is not compatible between any two versions of a type."""
    return [
        f"{tag}: {words}"
        for tag, schemas in versions.items()
        for older, newer in combinations(schemas, 2)
        for words in find_incompatibilities(older, newer)
    ]
