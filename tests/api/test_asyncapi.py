"""What is sent is as `/asyncapi.json` says, and so is what it says of a deprecated type."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from domain.registry import DEPRECATIONS, Deprecation
from services.api.app import ROUTES
from services.api.asyncapi import build_asyncapi_document
from tests.api.app_under_test import ApiApp, create_active_goal


def test_what_the_feed_sends_is_a_batch_of_the_document(app: ApiApp) -> None:
    # given
    create_active_goal(app)
    document = app.client.get("/asyncapi.json").json()
    assert "3.0.0" == document["asyncapi"]
    schemas = {"components": {"schemas": document["components"]["schemas"]}}

    # then
    for event in app.as_member("stella").get_ok("/v1/events?limit=1000"):
        schema = {"$ref": f"#/components/schemas/CloudEvent.{event['type']}", **schemas}
        jsonschema.Draft7Validator(schema).validate(event)


@pytest.fixture
def deprecated(monkeypatch: pytest.MonkeyPatch) -> Deprecation:
    """`team.created.v1` gives way to another type."""
    found = Deprecation(since=date(2026, 1, 1), sunset=date(2027, 1, 1), successor="team.renamed.v1")
    monkeypatch.setitem(DEPRECATIONS, "team.created.v1", found)
    return found


def test_a_deprecated_type_says_so_wherever_it_is_sent_or_described(app: ApiApp, deprecated: Deprecation) -> None:
    # when
    events = app.as_member("stella").get_ok("/v1/events?types=team.*&limit=2")

    # then in the envelope, by CloudEvents' own names for it
    attributes: dict[str, Any] = {name: value for name, value in events[0].items() if name.startswith("deprecat")}
    assert {
        "deprecated": True,
        "deprecationfrom": "2026-01-01T00:00:00.000000Z",
        "deprecationsunset": "2027-01-01T00:00:00.000000Z",
        "deprecationmigration": f"{app.runtime.settings.base_url}/v1/schemas/team.renamed.v1",
    } == attributes
    JSONFormat().read(CloudEvent, json.dumps(events[0]).encode())
    message = build_asyncapi_document(ROUTES)["components"]["messages"]["team.created.v1"]
    assert (
        "Deprecated since 2026-01-01, recorded until 2027-01-01: see team.renamed.v1."
        == message["tags"][0]["description"]
    )


def test_a_type_that_is_not_deprecated_says_nothing(app: ApiApp) -> None:
    create_active_goal(app)

    for event in app.as_member("stella").get_ok("/v1/events?limit=1000"):
        assert not any(name.startswith("deprecat") for name in event)
    for kind in app.client.get("/v1/event-types").json()["event_types"]:
        assert {"type", "description", "dataschema"} == set(kind)
