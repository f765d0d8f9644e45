"""A list may be narrowed by words and references that there are; another one is refused, and never an empty answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import inspect

from services.api.app import ROUTES
from services.api.filters import reference_fields
from services.api.operations import Route
from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.route_walk import create_subscription

#: Texts of a query that are neither words of a vocabulary nor references: times, cursors, what is searched for.
FREE_TEXTS = {"q", "id_prefix", "as_of", "recorded_as_of", "since", "from", "to"}
FREE_TEXTS |= {"cursor", "subject", "source", "epoch", "words"}
#: Of a spreadsheet: names that a file or an organisation has made up, an instant, and how dates are written.
FREE_TEXTS |= {"map", "worksheet", "watermark", "date_format"}
REQUIRED = {"field": "due", "from": "2026-03-01"}
QUERIES = [route for route in ROUTES if msgspec.structs.fields(route.operation.query)]


def unwrap(kind: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a field takes, without what they are wrapped in; of a list those of its items."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from unwrap(inner)
        case inspect.UnionType(types=kinds):
            for each in kinds:
                yield from unwrap(each)
        case inspect.ListType(item_type=item):
            yield from unwrap(item)
        case inspect.NoneType():
            pass
        case _:
            yield kind


def fields_of(route: Route) -> dict[str, list[inspect.Type]]:
    fields = msgspec.structs.fields(route.operation.query)
    return {field.encode_name: list(unwrap(inspect.type_info(field.type))) for field in fields}


@pytest.fixture(scope="module")
def paths(shared_app: ApiApp) -> dict[str, str]:
    """What each parameter of a path can name."""
    shared_app.as_member("lea").post_ok("/v1/charters/core/propose-purpose", {"text": "W", **WHY})
    shared_app.as_member("lea").post_ok("/v1/decisions", {**QUESTION, "ref": "on-call"})
    tried = {"tension": "silent_drift", "hypothesis": "H", "measure": "M", "review_on": "2026-04-20"}
    shared_app.as_member("lea").post_ok("/v1/experiments", {**tried, "team": "core", "ref": "tried"})
    goal = create_active_goal(shared_app)
    said = {"member": "ana", "kind": "relationship", "text": "Thank you.", "goal": goal, "ref": "thanks"}
    shared_app.as_member("sam").post_ok("/v1/recognitions", said)
    shared_app.as_member("stella").post_ok("/v1/pulses", {"team": "core", "closes_on": "2026-03-20", "ref": "spring"})
    found = {
        "pulse": "spring",
        "recognition": "thanks",
        "goal": goal,
        "member": "ana",
        "team": "core",
        "of": "core",
        "decision": "on-call",
        "cycle": "none",
        "experiment": "tried",
    }
    return found | {"mart": "dim_goal", "subscription": create_subscription(shared_app, "stella", "filters")}


WHY = dict.fromkeys(("to_team", "to_clients", "to_organisation"), "W")
QUESTION = {
    "question": "Who is on call?",
    "options": ["One each week", "As now"],
    "status_quo": "o2",
    "deciders": ["lea"],
    "deadline": "2026-03-20T09:00:00Z",
    "fallback": {"rule": "status_quo"},
    "team": "core",
}


def ask(app: ApiApp, route: Route, paths: dict[str, str], **query: str) -> Any:
    required = {name: value for name, value in REQUIRED.items() if name in fields_of(route)}
    path = route.path.format(**paths)
    steward = app.as_member("stella")
    if route.method == "POST":
        headers = {"Content-Type": route.operation.body_media}
        return steward.request("POST", path, params={**required, **query}, content=b"", headers=headers)
    return steward.get(path, params={**required, **query})


@pytest.mark.parametrize("route", QUERIES, ids=lambda route: route.operation.id)
def test_every_text_of_a_query_has_its_words_or_names_what_there_is(route: Route) -> None:
    references = {field.name for field in reference_fields(route.operation.query)}

    texts = {name for name, kinds in fields_of(route).items() if any(isinstance(k, inspect.StrType) for k in kinds)}

    assert set() == texts - references - FREE_TEXTS


@pytest.mark.parametrize("route", QUERIES, ids=lambda route: route.operation.id)
def test_a_wrong_word_is_refused_with_the_words_that_there_are(
    shared_app: ApiApp, paths: dict[str, str], route: Route
) -> None:
    for name, kinds in fields_of(route).items():
        for kind in kinds:
            if isinstance(kind, inspect.StrType):
                continue
            words = [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []
            others = ("wrong", *(word.upper() for word in words), *(f"{word} " for word in words))
            for wrong in (other for other in others if other not in words):
                response = ask(shared_app, route, paths, **{name: wrong})

                assert 422 == response.status_code, (name, wrong, response.text)
                problem = response.json()
                assert ("invalid_field", "query") == (problem["code"], problem["errors"][0]["in"])
                assert name == problem["errors"][0]["pointer"].split("/")[1]
                assert words == problem.get("allowed", [])


@pytest.mark.parametrize("route", QUERIES, ids=lambda route: route.operation.id)
def test_a_reference_to_nothing_is_not_found(shared_app: ApiApp, paths: dict[str, str], route: Route) -> None:
    for field in reference_fields(route.operation.query):
        for wrong in ("nobody-of-that-name", str(uuid4()), "ANA", "core "):
            response = ask(shared_app, route, paths, **{field.name: wrong})

            assert (404, "not_found") == (response.status_code, response.json()["code"]), (field.name, response.text)
            assert [(f"/{field.name}", "query")] == [(e["pointer"], e["in"]) for e in response.json()["errors"]]


@pytest.mark.parametrize(
    "query",
    [
        *("owner=ned", "team=edge", "sponsor=mia", "state=draft", "due_to=2020-01-01", "team=core&owner=ned"),
        *("owner=ana&as_of=2020-01-01", "q=nothing-like-it"),
    ],
)
def test_a_list_that_is_rightly_empty_is_empty(shared_app: ApiApp, paths: dict[str, str], query: str) -> None:
    assert paths
    assert {"goals": [], "next": None} == shared_app.as_member("stella").get_ok(f"/v1/goals?{query}")


def test_the_goals_of_a_purpose_are_listed_before_its_charter_has_begun(app: ApiApp) -> None:
    own, edge = ({"purpose": name} for name in ("organisation", "edge"))
    goal = create_active_goal(app, supports=[own, edge])
    charters = [s["purpose"] for s in app.as_member("ana").get_ok(f"/v1/goals/{goal}")["goal"]["terms"]["supports"]]
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/unlink", {"supports": [edge], "reason": why()})

    found = [app.as_member("ana").get_ok(f"/v1/goals?supports={charter}")["goals"] for charter in charters]

    assert [[goal], []] == [[each["id"] for each in goals] for goals in found]


def test_what_one_may_not_see_is_answered_like_what_is_not_there(app: ApiApp) -> None:
    # given
    hidden = create_active_goal(app, owner="eva", sponsor="ned", team="edge")
    paths = ["/v1/goals?supports={}", "/v1/events?subject=goal/{}", "/v1/events?subject={}"]

    # when
    unseen = [app.as_member("ana").get(path.format(hidden)).json() for path in paths]
    absent = [app.as_member("ana").get(path.format(uuid4())).json() for path in paths]
    seen = [app.as_member("eva").get(path.format(hidden)).status_code for path in paths]

    # then
    assert [200] * 3 == seen
    assert ["not_found"] * 3 == [problem["code"] for problem in unseen]
    assert [{**p, "request_id": ""} for p in absent] == [{**p, "request_id": ""} for p in unseen]


def test_a_subject_of_another_kind_is_refused_with_the_kinds(app: ApiApp) -> None:
    response = app.as_member("ana").get("/v1/events?subject=gaol/x")

    assert 422 == response.status_code
    assert {"goal/...", "member/..."} <= set(response.json()["allowed"])


def test_the_events_of_a_visible_stream_behind_its_last_are_none(app: ApiApp) -> None:
    create_active_goal(app)
    last = app.as_member("stella").get("/v1/events").json()[-1]["sequence"]

    assert [] == app.as_member("stella").get_ok(f"/v1/events?subject=team/core&after={int(last)}")


def test_a_version_that_the_purpose_does_not_have_is_not_found(shared_app: ApiApp, paths: dict[str, str]) -> None:
    response = shared_app.as_member("ana").get(f"/v1/charters/{paths['of']}/consequences?version=7")

    assert (404, "/version") == (response.status_code, response.json()["errors"][0]["pointer"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/goals?due_from=2026-03-27&due_to=2026-03-26", "/due_from"),
        ("/v1/history?from=2026-03-27&to=2026-03-26", "/from"),
    ],
)
def test_days_that_end_before_they_begin_are_refused(shared_app: ApiApp, path: str, field: str) -> None:
    refused = shared_app.as_member("stella").get(path)
    one_day = shared_app.as_member("stella").get(path.replace("03-26", "03-27"))

    assert [422, 200] == [refused.status_code, one_day.status_code]
    assert [field] == [error["pointer"] for error in refused.json()["errors"]]
