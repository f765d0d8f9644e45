"""Responses are what the OpenAPI document says: each field of its type, null where it may be, none undocumented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.api.app import encode_openapi_document
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why

REPORTS = ("overload", "drift", "alignment", "rituals", "support", "decisions", "cycles", "recognition", "reliability")
PATHS = {
    "/v1/me": "/v1/me",
    "/v1/goals": "/v1/goals",
    "/v1/goals/{goal}": "/v1/goals/one",
    "/v1/goals/{goal}/history": "/v1/goals/one/history",
    "/v1/goals/{goal}/why": "/v1/goals/one/why?field=due",
    "/v1/goals/{goal}/links": "/v1/goals/two/links",
    "/v1/goals/{goal}/diff": "/v1/goals/one/diff?from=2026-03-01",
    "/v1/members": "/v1/members",
    "/v1/members/{member}": "/v1/members/ana",
    "/v1/teams": "/v1/teams",
    "/v1/teams/{team}": "/v1/teams/core",
    "/v1/teams/{team}/digest": "/v1/teams/core/digest?names=true",
    "/v1/charters": "/v1/charters",
    "/v1/charters/{of}": "/v1/charters/core",
    "/v1/charters/{of}/consequences": "/v1/charters/core/consequences",
    "/v1/decisions": "/v1/decisions",
    "/v1/decisions/{decision}": "/v1/decisions/who",
    "/v1/policies": "/v1/policies",
    "/v1/me/inbox": "/v1/me/inbox?names=true",
    "/v1/me/calibration": "/v1/me/calibration?explain=true",
    "/v1/me/made-possible": "/v1/me/made-possible?names=true",
    "/v1/events": "/v1/events",
    "/v1/event-types": "/v1/event-types",
    "/problems": "/problems",
    "/problems/{code}": "/problems/refused",
    **{f"/v1/reports/{name}": f"/v1/reports/{name}?explain=true&names=true" for name in REPORTS},
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode_openapi_document())
    return found


def tell_a_story(app: ApiApp) -> None:
    """Goals in several states, with a need, a blocker and a proposed change; a charter and a decision."""
    ana, sam, lea = (app.as_member(person) for person in ("ana", "sam", "lea"))
    create_active_goal(app, ref="one", effort_hours=200)
    create_active_goal(app, ref="two", supports=[{"goal": "one"}])
    ana.post_ok("/v1/goals", {**offer(ref="draft"), "do": "draft"})
    ana.post_ok("/v1/goals", offer(ref="offered"))
    ana.post_ok("/v1/goals/one/raise-blocker", {"blocker": {"text": "no figures yet"}})
    check_in = {"progress": 0.2, "confidence": 0.7, "needs": [{"text": "a review"}], "note": "well"}
    ana.post_ok("/v1/goals/one/check-in", check_in)
    proposed = ana.post_ok("/v1/goals/one/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why()})
    sam.post_ok("/v1/goals/one/accept-change", {"answers": proposed["open"]})
    ana.post_ok("/v1/goals/two/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why()})
    purpose = {"text": "Money back", "to_team": "used", "to_clients": "a day", "to_organisation": "calls"}
    lea.post_ok("/v1/charters/core/propose-purpose", {**purpose, "ref": "why"})
    lea.post_ok("/v1/charters/core/adopt-non-negotiable", {"non_negotiable": "tested", "text": "Nothing untested"})
    ritual = {"ritual": "standup", "name": "Stand-up", "mode": "sync", "cadence_days": 7, "minutes": 15}
    lea.post_ok("/v1/charters/core/set-ritual", ritual)
    question = {"question": "Who is on call?", "options": ["Ana", "Sam"], "deciders": ["ana", "sam"], "team": "core"}
    limits = {"deadline": "2026-03-20T12:00:00Z", "fallback": {"rule": "lead_decides"}}
    lea.post_ok("/v1/decisions", {"do": "open", "ref": "who", **question, **limits})
    ana.post_ok("/v1/decisions/who/consent", {"option": "o1"})


def find_undocumented(value: Any, schema: dict[str, Any], components: dict[str, Any], place: str = "") -> list[str]:
    """Fields of objects that their component does not have."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "properties" in schema and isinstance(value, dict):
        own = [f"{place}/{name}" for name in value.keys() - schema["properties"].keys()]
        inner = [
            found
            for name in value.keys() & schema["properties"].keys()
            for found in find_undocumented(value[name], schema["properties"][name], components, f"{place}/{name}")
        ]
        return own + inner
    if schema.get("type") == "array" and isinstance(value, list):
        return [f for item in value for f in find_undocumented(item, schema["items"], components, f"{place}/0")]
    return []


def test_responses_are_as_documented(app: ApiApp, document: dict[str, Any]) -> None:
    # given
    tell_a_story(app)
    components = document["components"]["schemas"]
    for path, address in PATHS.items():
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        schema = next(media["schema"] for name, media in content.items() if name.endswith("json"))
        for person in ("ana", "stella"):
            # when
            body = app.as_member(person).get_ok(address)

            # then
            errors = Draft202012Validator({"components": document["components"], **schema}).iter_errors(body)
            assert [] == [f"{error.json_path}: {error.message}" for error in errors], address
            assert [] == find_undocumented(body, schema, components), address
