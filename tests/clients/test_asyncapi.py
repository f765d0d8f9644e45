"""`/asyncapi.json` by AsyncAPI's own schema, and what is really sent by its schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from domain.registry import EVENTS
from services.api.app import ROUTES, encode_asyncapi_document
from services.api.asyncapi import build_asyncapi_document
from tests.conftest import skip_or_fail

#: Of the package `@asyncapi/specs`, which AsyncAPI's own parser validates by.
SCHEMA = Path(__file__).parent / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(encode_asyncapi_document())


def list_references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str):
            yield ref
        for part in node.values():
            yield from list_references(part)
    elif isinstance(node, list):
        for part in node:
            yield from list_references(part)


def resolve(document: Any, ref: str) -> Any:
    node = document
    for step in ref.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_document_is_as_asyncapi_says(document: Any) -> None:
    if not SCHEMA.exists():
        skip_or_fail("needs AsyncAPI's schema: npm ci --prefix tests/clients")
    schema = json.loads(SCHEMA.read_text())

    errors = list(jsonschema.Draft7Validator(schema).iter_errors(document))

    assert [] == [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors]


def test_what_the_document_names_is_in_it(document: Any) -> None:
    references = set(list_references(document))

    assert references
    for ref in references:
        assert resolve(document, ref), ref


def test_every_type_is_a_message_of_the_stream_with_words_and_a_schema_of_its_own(document: Any) -> None:
    messages = document["channels"]["stream"]["messages"]

    assert sorted(EVENTS) == sorted(messages)
    for tag in EVENTS:
        message = resolve(document, messages[tag]["$ref"])
        payload = resolve(document, message["payload"]["$ref"])
        assert (tag, tag) == (message["name"], payload["properties"]["type"]["const"])
        assert message["summary"]


def test_each_field_of_each_events_data_has_words(document: Any) -> None:
    schemas = document["components"]["schemas"]

    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, shape in schema.get("properties", {}).items()
        if "description" not in shape and "$ref" not in shape and field not in ("type", "data")
    ]

    assert [] == silent


def test_every_channel_is_a_route_that_there_is() -> None:
    paths = {route.path for route in ROUTES}

    for routes in (ROUTES, [route for route in ROUTES if route.path != "/v1/subscriptions"]):
        channels = build_asyncapi_document(routes)["channels"]
        assert {channel["address"] for channel in channels.values()} - {None} <= paths
        assert ("webhooks" in channels) == any(route.path == "/v1/subscriptions" for route in routes)
