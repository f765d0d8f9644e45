"""The reference says something: each field, parameter, operation and component has words, and valid examples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from domain.glossary.words import DOMAIN, PARTS, find_entry, list_keys
from domain.registry import EVENTS, event_schema
from projections.glossary import REPORTS
from services.api.app import ROUTES, encode_openapi_document
from services.api.component_names import component_name, published_classes
from services.api.components import GLOSSARIES
from services.api.glossary import API
from services.api.http.problems import Problem

MIN_WORDS = 3
Schema = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Schema:
    found: Schema = json.loads(encode_openapi_document())
    return found


def operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def properties(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Every property of the components and of the published event schemas."""
    for name, component in document["components"]["schemas"].items():
        for field, schema in component.get("properties", {}).items():
            yield f"{name}.{field}", schema
    for tag, event in EVENTS.items():
        for name, part in event_schema(event)["$defs"].items():
            for field, schema in part.get("properties", {}).items():
                yield f"{tag} {name}.{field}", schema


def says_something(name: str, words: str) -> bool:
    """Whether these are words of their own: more than the name, said again."""
    said = {word.strip(".,:;()").lower() for word in words.split()}
    return len(words.split()) >= MIN_WORDS and not said <= set(name.lower().split("_"))


def test_each_field_has_words(document: Schema) -> None:
    assert [] == [
        place
        for place, schema in properties(document)
        if not says_something(place.rpartition(".")[2], schema.get("description", ""))
    ]


def is_made_of_objects(schema: Schema) -> bool:
    """Whether each value is an object of a component, which has an example of its own."""
    options = [o for key in ("anyOf", "oneOf") for o in schema.get(key, ()) if o != {"type": "null"}]
    options += [schema[key] for key in ("items", "additionalProperties") if schema.get(key)]
    return "$ref" in schema or any(map(is_made_of_objects, options))


def test_each_field_has_an_example_or_is_made_of_objects_that_have(document: Schema) -> None:
    assert [] == [
        place for place, schema in properties(document) if not schema.get("examples") and not is_made_of_objects(schema)
    ]


def test_each_component_has_words_and_each_object_an_example(document: Schema) -> None:
    components = document["components"]["schemas"]

    assert [] == [name for name, c in components.items() if not says_something(name, c.get("description", ""))]
    assert [] == [name for name, c in components.items() if c.get("properties") and not c.get("examples")]


def test_each_operation_parameter_and_header_has_words(document: Schema) -> None:
    components = document["components"]
    parameters = {
        f"{place} {given['name']}": given
        for place, operation in operations(document)
        for given in operation["parameters"]
        if "name" in given
    } | components["parameters"]
    wordless = [place for place, o in operations(document) if not says_something(o["operationId"], o["summary"])]
    wordless += [name for name, p in parameters.items() if not says_something(p["name"], p.get("description", ""))]
    wordless += [name for name, h in components["headers"].items() if not says_something(name, h["description"])]

    assert [] == wordless
    assert [] == [name for name, p in parameters.items() if not p["schema"].get("examples")]


def test_each_example_is_valid(document: Schema) -> None:
    components = document["components"]
    wrong = []
    for name, component in components["schemas"].items():
        places = {"": component} | {
            f"/properties/{field}": part for field, part in component.get("properties", {}).items()
        }
        for place, schema in places.items():
            reference = f"#/components/schemas/{name}{place}"
            validator = Draft202012Validator(
                {"components": components, "$ref": reference}, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            wrong += [(reference, e) for e in schema.get("examples", ()) if not validator.is_valid(e)]

    assert [] == wrong


def test_each_example_of_an_event_or_parameter_is_valid(document: Schema) -> None:
    wrong = []
    for tag, event in EVENTS.items():
        schema = event_schema(event)
        for name, part in schema["$defs"].items():
            for field, inner in part.get("properties", {}).items():
                validator = Draft202012Validator({**inner, "$defs": schema["$defs"]})
                wrong += [(tag, name, field) for e in inner.get("examples", ()) if not validator.is_valid(e)]
    for place, operation in operations(document):
        for given in operation["parameters"]:
            validator = Draft202012Validator(given.get("schema", {}))
            wrong += [
                (place, given["name"], "")
                for e in given.get("schema", {}).get("examples", ())
                if not validator.is_valid(e)
            ]

    assert [] == wrong


def test_each_entry_of_a_glossary_is_used_and_none_stands_twice() -> None:
    types = [t for r in ROUTES for t in (r.operation.query, r.operation.body, r.operation.answer, r.operation.refusal)]
    used: set[tuple[int, str]] = set()
    for cls in published_classes([Problem, *(t for t in types if t is not None)]):
        if hasattr(cls, "__struct_config__"):
            glossaries = GLOSSARIES[cls.__module__.partition(".")[0]]
            names = [field.encode_name for field in msgspec.structs.fields(cls)]
            for field in filter(None, [*names, cls.__struct_config__.tag_field]):
                name = component_name(cls)
                entry = find_entry(cls, field, glossaries, name)
                keys = list_keys(cls, field, name)
                used |= {(id(g), key) for g in glossaries for key in keys if g.get(key) == entry}

    assert [] == [key for glossary in (API, REPORTS, DOMAIN) for key in glossary if (id(glossary), key) not in used]
    assert [] == [key for key, number in Counter(key for part in PARTS for key in part).items() if number > 1]
