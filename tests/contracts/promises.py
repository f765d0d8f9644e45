"""What the published contracts promise, one line each, so that a contract only ever grows.

`in` is what a request may contain, `out` what a response contains, `event` what an event contains. `promises.txt` keeps
every line that was ever published: a line that the code no longer keeps is a broken promise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "promises.txt"
#: Lines of `promises.txt` that were never true: what they said may be left out was always refused.
CORRECTED = Path(__file__).parent / "corrections.txt"
_REF = "#/components/schemas/"
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})
_BOUNDS = _UPPER | {"minimum", "exclusiveMinimum", "minLength", "minItems", "pattern"}


def kept_promises() -> set[str]:
    """Every line that was ever published, and was true."""
    return set(KEPT.read_text().splitlines()) - corrected_promises()


def corrected_promises() -> set[str]:
    """Lines that were published and never true; a comment above them says why."""
    return {line for line in CORRECTED.read_text().splitlines() if line and not line.startswith("#")}


def promises(contracts: Mapping[str, str]) -> set[str]:
    """The lines of these contracts (path below `tests/contracts` -> text)."""
    lines: set[str] = set()
    for path, text in contracts.items():
        document = json.loads(text)
        if path == "openapi.json":
            lines.update(_api(document))
        elif path.startswith("marts/"):
            lines.update(_mart(document))
        else:
            tag = path.removeprefix("events/").removesuffix(".json")
            lines.update(_schema(document, f"event {tag}", document, set()))
    return lines


def _mart(schema: Mapping[str, Any]) -> set[str]:
    """A mart's columns with their types, its key, and what is always there: none of it is taken back."""
    name = schema["title"]
    lines = {f"mart {name} key {' '.join(schema['x-key'])}"}
    for column, said in schema["properties"].items():
        kinds = [kind for kind in _kinds_of(said) if kind != "null"]
        lines.add(f"mart {name}.{column} {' '.join([*kinds, said.get('format', '')]).strip() or 'any'}")
        if "null" not in _kinds_of(said) and kinds:
            lines.add(f"mart {name}.{column} present")
    return lines


def _kinds_of(said: Mapping[str, Any]) -> list[str]:
    kinds = said.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def broken(kept: Iterable[str], current: Iterable[str]) -> list[str]:
    """The promises that are no longer kept: removed, or narrowed for requests."""
    before, after = set(kept), set(current)
    gone = [line for line in before - after if not (_is_widened(line, _limits(after)) or _is_null_no_more(line, after))]
    places = {line.partition(" type ")[0] for line in before if " type " in line}
    bounds = _limits(before)
    new = [line for line in after - before if line.startswith("in ")]
    required = [line for line in new if line.endswith(" required") and line.rpartition(".")[0] in places]
    # A known field that nothing says may be left out was needed all along.
    required = [line for line in required if line.removesuffix(" required") not in before or _optional(line) in before]
    bounded = [line for line in new if (b := _bound_of(line)) and b[0] in places and b[:2] not in bounds]
    return sorted({*gone, *required, *bounded})


def _optional(line: str) -> str:
    """The line that says of a required field that it may be left out."""
    return line.removesuffix(" required") + " optional"


def _is_null_no_more(line: str, after: set[str]) -> bool:
    """Whether a field of a response that may be missing is no longer said to be null as well."""
    place, _, kind = line.rpartition(" type ")
    return line.startswith("out ") and kind == "null" and place in after


def _bound_of(line: str) -> tuple[str, str, Any] | None:
    place, separator, rest = line.partition(" bound ")
    if not separator:
        return None
    name, _, value = rest.partition(" ")
    return place, name, json.loads(value)


def _limits(lines: Iterable[str]) -> dict[tuple[str, str], Any]:
    return {bound[:2]: bound[2] for line in lines if (bound := _bound_of(line)) is not None}


def _is_widened(line: str, limits: Mapping[tuple[str, str], Any]) -> bool:
    """Whether a bound is gone or wider now."""
    bound = _bound_of(line)
    if bound is None:
        return False
    place, name, value = bound
    now = limits.get((place, name))
    if now is None:
        return True
    if name == "pattern":
        return False
    return bool(now >= value if name in _UPPER else now <= value)


def _api(document: dict[str, Any]) -> Iterator[str]:
    done: set[str] = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method.upper()} {path}"
            yield place
            yield f"{place} is {operation['operationId']}"
            for given in operation["parameters"]:
                parameter = _resolve(given, document)
                name = f"in {place} {parameter['in']}.{parameter['name']}"
                yield f"{name} {'required' if parameter.get('required') else 'optional'}"
                yield from _schema(parameter["schema"], name, document, done)
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                yield from _schema(content.get("schema", {}), f"in {place} {media}", document, done)
            for status, response in operation["responses"].items():
                yield f"{place} answers {status}"
                for media, content in response.get("content", {}).items():
                    yield from _schema(content.get("schema", {}), f"out {place} {status} {media}", document, done)


def _resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    found: Any = document
    for step in schema["$ref"].removeprefix("#/").split("/") if "$ref" in schema else ():
        found = found[step]
    return schema if found is document else found


def _schema(schema: dict[str, Any], place: str, document: dict[str, Any], done: set[str]) -> Iterator[str]:
    """The lines of one schema. A component has its own place; an event's definitions stand where they are used."""
    ref = schema.get("$ref")
    if ref is not None:
        if ref.startswith(_REF):
            name = ref.removeprefix(_REF)
            yield f"{place} is {name}"
            place = f"{place.partition(' ')[0]} {name}"
            if place in done:
                return
            done.add(place)
        yield from _schema(_resolve(schema, document), place, document, done)
        return
    types = schema.get("type", [])
    for kind in [types] if isinstance(types, str) else types:
        yield f"{place} type {kind}"
    for value in schema.get("enum", ()):
        yield f"{place} value {json.dumps(value)}"
    for name in _BOUNDS & schema.keys():
        yield f"{place} bound {name} {json.dumps(schema[name])}"
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _schema(option, place, document, done)
    if isinstance(schema.get("items"), dict):
        yield from _schema(schema["items"], f"{place}[]", document, done)
    for number, part in enumerate(schema.get("prefixItems", ())):
        yield from _schema(part, f"{place}[{number}]", document, done)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _schema(schema["additionalProperties"], f"{place}{{}}", document, done)
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        inner = f"{place}.{name}"
        yield inner
        if name in required or place.startswith("in "):
            yield f"{inner} {'required' if name in required else 'optional'}"
        yield from _schema(part, inner, document, done)
