"""Required means required: what the OpenAPI document says a body must have is refused where it is missing or null."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from services.api.app import encode_openapi_document
from tests.api.app_under_test import ApiApp, offer

OPENINGS = {"offer": ("BeginOffer", "ana"), "request": ("BeginRequest", "sam")}
#: Where the value is in the body, beside the fields that the component itself requires.
TERMS = ("conditions", "due")


def required_fields(component: str) -> list[str]:
    shape: dict[str, Any] = json.loads(encode_openapi_document())["components"]["schemas"][component]
    return list(shape["required"])


def test_the_document_requires_what_a_goal_cannot_begin_without() -> None:
    assert ["title"] == required_fields("BeginDraft")
    assert ["title", "sponsor", "terms"] == required_fields("BeginOffer")
    assert ["title", "owner", "terms"] == required_fields("BeginRequest")
    assert list(TERMS) == required_fields("OpeningTerms")
    assert ["answers"] == required_fields("AcceptGoal")


@pytest.mark.parametrize("begun", OPENINGS)
@pytest.mark.parametrize("written", ["missing", "null"])
def test_a_goal_does_not_begin_without_a_required_field(app: ApiApp, begun: str, written: str) -> None:
    # given
    component, person = OPENINGS[begun]
    whole = {**offer(), "do": begun}
    before = app.count_events()
    places = [(field,) for field in required_fields(component)] + [("terms", field) for field in TERMS]
    for place in places:
        body = copy.deepcopy(whole)
        inner = body if len(place) == 1 else body["terms"]
        inner[place[-1]] = None
        if written == "missing":
            del inner[place[-1]]

        # when
        response = app.as_member(person).post("/v1/goals", body)

        # then
        assert (422, "invalid_field") == (response.status_code, response.json()["code"]), place
        assert ["/" + "/".join(place)] == [error["pointer"] for error in response.json()["errors"]]
    assert before == app.count_events()
    assert 201 == app.as_member(person).post("/v1/goals", whole).status_code


def test_a_draft_says_the_rest_for_the_request_that_it_becomes(app: ApiApp) -> None:
    drafted = app.as_member("sam").post_ok("/v1/goals", {**offer(ref="from-draft"), "do": "draft"})

    requested = app.as_member("sam").post_ok(
        "/v1/goals/from-draft/request", {"reason": {"code": "new_need", "text": "the quarter begins"}}
    )

    assert ("draft", "requested") == (drafted["state"], requested["state"])
