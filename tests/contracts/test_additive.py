"""A published contract only grows: what was promised once is kept, and requests are never narrowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from domain.registry import EVENTS
from services.api.app import ROUTES, encode_openapi_document
from services.api.component_names import COMPONENT_NAMES, component_name, published_classes
from tests.contracts.__main__ import build_contracts
from tests.contracts.promises import KEPT, broken, corrected_promises, kept_promises, promises

Document = dict[str, Any]


@pytest.fixture(scope="module")
def api() -> str:
    return encode_openapi_document().decode()


@cache
def promises_of_api() -> set[str]:
    """What the OpenAPI document alone promises."""
    return promises({"openapi.json": encode_openapi_document().decode()})


@cache
def promises_of_code() -> set[str]:
    """What all contracts that the code makes promise: two seconds of processor time."""
    return promises(build_contracts())


def changed(api: str, change: Callable[[Document], object]) -> list[str]:
    """The promises that this change of the OpenAPI document would break."""
    document = json.loads(api)
    change(document)
    return broken(promises_of_api(), promises({"openapi.json": json.dumps(document)}))


def schemas(document: Document) -> Document:
    found: Document = document["components"]["schemas"]
    return found


def test_every_promise_that_was_ever_published_is_kept() -> None:
    assert [] == broken(kept_promises(), promises_of_code())


def test_every_promise_of_the_code_is_kept_from_now_on() -> None:
    assert set() == promises_of_code() - kept_promises()


def test_a_correction_is_a_published_line_that_the_code_does_not_keep() -> None:
    published = set(KEPT.read_text().splitlines())

    assert set() == corrected_promises() - published
    assert set() == corrected_promises() & promises_of_code()


REMOVALS: dict[str, tuple[Callable[[Document], object], str]] = {
    "a path": (lambda d: d["paths"].pop("/v1/me"), "GET /v1/me"),
    "a method": (lambda d: d["paths"]["/v1/goals"].pop("get"), "GET /v1/goals"),
    "a parameter": (
        lambda d: d["paths"]["/v1/goals"]["get"]["parameters"].pop(4),
        "in GET /v1/goals query.team optional",
    ),
    "a property of a response": (
        lambda d: schemas(d)["GoalSummary"]["properties"].pop("due"),
        "out GoalSummary.due",
    ),
    "a property of a request": (lambda d: schemas(d)["CheckIn"]["properties"].pop("note"), "in CheckIn.note"),
    "a value of an enumeration": (
        lambda d: schemas(d)["ReasonCode"]["enum"].remove("new_need"),
        'in ReasonCode value "new_need"',
    ),
    "a field that may be left out": (
        lambda d: schemas(d)["CheckIn"].update(required=["note"]),
        "in CheckIn.note optional",
    ),
    "a field that is always there": (
        lambda d: schemas(d)["GoalView"]["required"].remove("version"),
        "out GoalView.version required",
    ),
    "room in a text": (
        lambda d: schemas(d)["CreateKey"]["properties"]["name"].update(maxLength=10),
        "in CreateKey.name bound maxLength 200",
    ),
    "a bound that was not there": (
        lambda d: schemas(d)["CreateKey"]["properties"]["name"].update(minLength=1),
        "in CreateKey.name bound minLength 1",
    ),
    "a new field that requests must have": (
        lambda d: schemas(d)["CreateKey"].update(
            properties={**schemas(d)["CreateKey"]["properties"], "why": {"type": "string"}},
            required=[*schemas(d)["CreateKey"]["required"], "why"],
        ),
        "in CreateKey.why required",
    ),
}


@pytest.mark.parametrize("planted", REMOVALS)
def test_what_is_removed_or_narrowed_is_reported(api: str, planted: str) -> None:
    change, line = REMOVALS[planted]

    assert line in changed(api, change)


def test_what_is_added_or_widened_breaks_nothing(api: str) -> None:
    def add(document: Document) -> None:
        document["paths"]["/v1/new"] = document["paths"]["/v1/me"]
        schemas(document)["CreateKey"]["properties"]["name"]["maxLength"] = 500
        schemas(document)["CreateKey"]["properties"]["why"] = {"type": "string"}
        schemas(document)["GoalSummary"]["properties"]["why"] = {"type": "string"}
        schemas(document)["ReasonCode"]["enum"].append("another")

    assert [] == changed(api, add)


def test_a_field_that_an_event_loses_is_reported() -> None:
    event = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"note": {"type": "string"}}}}}
    without = {"$ref": "#/$defs/B", "$defs": {"B": {"type": "object", "properties": {}}}}

    before, after = (promises({"events/goal.a.json": json.dumps(schema)}) for schema in (event, without))

    assert ["event goal.a.note", "event goal.a.note type string"] == broken(before, after)


def is_event(cls: Any) -> bool:
    """Whether it is named after its tag."""
    return cls in EVENTS.values()


def test_every_published_class_has_a_component_name_of_its_own() -> None:
    operations = [route.operation for route in ROUTES]
    types = [t for o in operations for t in (o.body, o.answer, o.refusal) if t is not None]
    published = published_classes(types)
    unnamed = [cls for cls in published if not (is_event(cls) or cls.__name__ in COMPONENT_NAMES[cls.__module__])]
    names = [component_name(cls) for cls in published]

    assert [] == unnamed
    assert sorted(set(names)) == sorted(names)


def test_every_component_name_is_some_class_of_the_document(api: str) -> None:
    listed = {name for names in COMPONENT_NAMES.values() for name in names.values()}
    listed |= {component_name(event) for event in EVENTS.values()}

    assert listed == set(schemas(json.loads(api)))
