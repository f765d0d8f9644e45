"""What the service says of itself: alive, ready, metrics, its document and documentation, headers, silence in logs."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from jsonschema import Draft202012Validator

from domain.errors import Refusal
from services.api import pipeline
from services.api.app import create_app, litestar, router
from services.api.http.problems import PROBLEM_DEFINITIONS
from services.logs import RequestLog
from tests.api.app_under_test import ApiApp, create_active_goal, offer


def test_it_is_alive_and_ready(app: ApiApp) -> None:
    assert {"status": "alive"} == app.client.get("/livez").json()
    ready = app.client.get("/readyz")
    assert (200, "ready", 0) == (ready.status_code, ready.json()["status"], ready.json()["lag"])


def test_it_says_when_it_is_not_ready(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app()
    app.runtime.ledger.close()

    response = app.client.get("/readyz")

    assert (503, "not_ready") == (response.status_code, response.json()["code"])
    assert 200 == app.client.get("/livez").status_code


def test_it_is_not_ready_while_its_views_are_further_behind_than_allowed(serve_app: Callable[..., ApiApp]) -> None:
    # given
    app = serve_app(lag_limit_s=60, lag_limit_events=3)
    headers = {"Authorization": f"Bearer {app.keys['acme']['stella']}"}
    create = {"name": "New", "lead": "stella"}
    app.client.post("/v1/teams", json={**create, "ref": "new"}, headers=headers)

    # when it is little and short, long, and much
    short = app.client.get("/readyz")
    app.clock.now += timedelta(seconds=90)
    late = app.client.get("/readyz")
    figures = app.client.get("/metrics").text
    app.runtime.engine.catch_up()
    for number in range(4):
        app.client.post("/v1/teams", json={**create, "ref": f"new{number}"}, headers=headers)
    much = app.client.get("/readyz")

    # then
    assert (200, 1) == (short.status_code, short.json()["lag"])
    assert 1 > short.json()["lag_seconds"]
    assert (503, "not_ready") == (late.status_code, late.json()["code"])
    assert "1 events and 90 s behind, more than 3 events and 60 s" in late.json()["detail"]
    assert re.search(r'plimsoll_projection_lag_seconds{projection="goals"} 90\.', figures)
    assert "plimsoll_projection_lag_limit_seconds 60.0" in figures
    assert 503 == much.status_code
    assert "4 events" in much.json()["detail"]


def test_it_is_not_ready_while_a_view_is_empty(serve_app: Callable[..., ApiApp]) -> None:
    # given views that begin anew, beside a log that was written a moment ago
    app = serve_app(lag_limit_s=10**9, lag_limit_events=10**9)
    events = app.count_events()
    app.runtime.database.migrate(())
    with app.runtime.database.transaction() as transaction:
        transaction.execute("UPDATE projection_checkpoints SET log_position = 0, applied = 0 WHERE name = 'goals'")

    # when
    response = app.client.get("/readyz")

    # then
    assert 503 == response.status_code
    assert f"views: empty: it has followed none of {events} events yet" in response.json()["detail"]


def test_metrics_count_by_route_and_name_nobody(app: ApiApp) -> None:
    goal = create_active_goal(app)
    app.as_member("ana").get(f"/v1/goals/{goal}")
    app.client.get("/nothing/here")

    text = app.client.get("/metrics").text

    assert 'plimsoll_http_requests_total{method="GET",route="/v1/goals/{goal}",status="200"} 1.0' in text
    assert 'plimsoll_projection_missing_events{projection="goals"} 0.0' in text
    assert goal not in text
    assert "/nothing/here" not in text


@pytest.mark.parametrize("begin", ["/", "/docs"])
def test_the_documentation_is_served_by_us_alone(app: ApiApp, begin: str) -> None:
    page = app.client.get(begin)
    assert "text/html; charset=utf-8" == page.headers["Content-Type"]
    linked = set(re.findall(r'(?:src|href)="([^"]+)"', page.text)) - {"data:,"}

    for path in linked:
        assert path.startswith("/"), path
        assert 200 == app.client.get(path).status_code, path
    for asset in ("/", "/docs", "/docs.js", "/docs.css"):
        assert not re.search(r"https?://", app.client.get(asset).text), asset


@pytest.mark.parametrize("path", ["/docs", "/livez", "/v1/goals", "/nothing"])
def test_every_answer_carries_the_headers_that_keep_it_in_its_place(app: ApiApp, path: str) -> None:
    headers = app.client.get(path).headers

    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Request-Id"]
    assert "Authorization" == headers["Vary"]


def test_a_request_id_is_taken_over_unless_it_is_none(app: ApiApp) -> None:
    assert "abc-1" == app.client.get("/livez", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"]
    assert "a b" != app.client.get("/livez", headers={"X-Request-Id": "a b"}).headers["X-Request-Id"]


def wait_for_lines(lines: list[Any], number: int) -> None:
    """Wait for log lines: a request is logged after its answer has left."""
    until = time.monotonic() + 10
    while len(lines) < number and time.monotonic() < until:
        time.sleep(0.005)


def test_no_log_line_holds_a_body_a_key_or_a_query(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another test of this process may have sent the lines of requests past structlog.
    monkeypatch.setattr(pipeline, "request_log", RequestLog())
    with structlog.testing.capture_logs() as lines:
        app.as_member("ana").post_ok("/v1/goals", offer(title="a private matter"))
        app.as_member("ana").get("/v1/goals?q=private")
        app.as_member("ana").post("/v1/goals", {"title": "private", "surprise": "private"})
        app.as_member("stella").get("/v1/reports/overload?member=ana")
        wait_for_lines(lines, 5)

    assert 5 == len(lines)
    told = json.dumps(lines)
    assert "private" not in told
    assert app.keys["acme"]["ana"] not in told
    assert {"person_level.read", "request"} == {line["event"] for line in lines}


def test_every_refusal_of_the_domain_has_a_status_and_a_page(app: ApiApp) -> None:
    def below(kind: type[Refusal]) -> set[type[Refusal]]:
        return {kind} | {found for child in kind.__subclasses__() for found in below(child)}

    documented = {problem["code"] for problem in app.client.get("/problems").json()["problems"]}

    assert [] == sorted(refusal.code for refusal in below(Refusal) if refusal.code not in PROBLEM_DEFINITIONS)
    assert set(PROBLEM_DEFINITIONS) == documented


def test_the_page_of_a_problem_says_what_happened_and_what_to_do(app: ApiApp) -> None:
    page = app.client.get("/problems/version_conflict").json()

    assert "The stream has moved on from the version you named." == page["title"]
    assert "Read again, look at what changed, and decide anew." == page["remedy"]


def test_every_type_of_event_says_what_happened(app: ApiApp) -> None:
    told = {kind["type"]: kind["description"] for kind in app.client.get("/v1/event-types").json()["event_types"]}

    assert "The owner promised: the goal is active." == told["goal.promised.v1"]
    assert [] == [tag for tag, description in told.items() if len(description.split()) < 3]


# --- the document ----------------------------------------------------------------------------------------------------


@pytest.fixture
def document(app: ApiApp) -> dict[str, Any]:
    found: dict[str, Any] = app.client.get("/openapi.json").json()
    return found


def test_first_requests_without_a_route_load_litestar_once(app: ApiApp) -> None:
    loads = []

    def load() -> Any:
        loads.append(1)
        time.sleep(0.05)
        return litestar()

    served = pipeline.HttpPipeline(router(), load, create_app(app.runtime).state)

    async def ask() -> int:
        sent = list[Any]()

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/nowhere", "query_string": b"", "headers": []}
        await served(scope, receive, send)
        return int(sent[0]["status"])

    async def ask_at_once() -> list[int]:
        return await asyncio.gather(*(ask() for _ in range(5)))

    assert [404] * 5 == asyncio.run(ask_at_once())
    assert [1] == loads


def test_every_route_is_in_the_document(document: dict[str, Any]) -> None:
    routes = {
        (method, str(route.path_format))
        for route in litestar().routes
        for method in getattr(route, "methods", [])
        if method != "OPTIONS"
    }
    # Its messages are those of the Model Context Protocol, which has a document of its own.
    routes -= {("POST", "/mcp")}
    # Pages are for persons, and answer to no key.
    routes = {(method, path) for method, path in routes if not path.startswith("/console")}

    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert routes == described


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    for ref in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        found: Any = document
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        assert found, ref


def test_bodies_take_no_unknown_field_and_unions_say_what_tells_them_apart(document: dict[str, Any]) -> None:
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]

    assert bodies
    for schema in bodies:
        options = schema.get("oneOf", [schema])
        assert len(options) == 1 or schema["discriminator"]["propertyName"] == "do"
        for option in options:
            shape = document["components"]["schemas"][option["$ref"].split("/")[-1]]
            assert shape["additionalProperties"] is False
            Draft202012Validator.check_schema(shape)


def test_every_operation_tells_its_problems(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            failures = {status: r for status, r in operation["responses"].items() if status >= "400"}
            assert {"400", "500"} <= set(failures)
            for response in failures.values():
                schema = response["content"]["application/problem+json"]["schema"]
                options = [option["$ref"] for option in schema.get("anyOf", [schema])]
                assert "#/components/schemas/Problem" in options


def test_an_error_is_as_the_document_says(app: ApiApp, document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}

    for response in (app.client.get("/v1/goals"), app.as_member("ana").post("/v1/goals", {"do": "offer", "x": 1})):
        Draft202012Validator(schema).validate(response.json())


def test_the_document_names_operations_once(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(ids) == len(set(ids))


def test_the_page_on_the_api_names_every_problem_and_route(document: dict[str, Any]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()

    assert [] == [code for code in PROBLEM_DEFINITIONS if f"`{code}`" not in page]
    plain = [
        path
        for path in document["paths"]
        if not re.fullmatch(
            r"/v1/(charters|cycles|decisions|experiments|goals|members|recognitions|teams)/\{\w+\}/[a-z-]+", path
        )
    ]
    assert [] == [path for path in plain if path not in page]
