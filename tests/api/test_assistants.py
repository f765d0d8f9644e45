"""An assistant's tools at `/mcp` ask the server as their key may: rates, sight and scopes are those of its requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.api.http.problems import ProblemError
from services.api.routes.assistants import require_origin
from tests.api.app_under_test import ApiApp, create_active_goal


def call_tool(app: ApiApp, person: str, tool: str, **arguments: Any) -> Any:
    """The answer of a tool, asked without a session or a handshake."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    return app.as_member(person).post("/mcp", call, headers={"Accept": "application/json, text/event-stream"})


def test_a_tools_requests_are_requests_of_its_key(serve_app: Callable[..., ApiApp]) -> None:
    # given a rate of six requests a minute, and a tool that makes one request besides its own
    app = serve_app(rate_limit_per_minute=6)

    answers = [call_tool(app, "ana", "inbox") for _ in range(3)]

    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert "Nothing waits for you." == answers[-1].json()["result"]["content"][0]["text"]
    assert 429 == call_tool(app, "ana", "inbox").status_code
    assert 200 == call_tool(app, "sam", "inbox").status_code
    metrics = app.as_member("stella").get("/metrics").text
    assert 'route="/v1/me/inbox"' in metrics
    assert 'route="/mcp"' in metrics


def test_a_rate_that_ends_within_a_tool_is_its_failure(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(rate_limit_per_minute=1)

    answer = call_tool(app, "ana", "inbox")

    assert 200 == answer.status_code
    assert answer.json()["result"]["isError"]
    assert "1 requests a minute" in answer.json()["result"]["content"][0]["text"]


def test_each_key_sees_its_own_through_the_same_tools(app: ApiApp) -> None:
    create_active_goal(app, ref="close-the-books")

    seen = {person: call_tool(app, person, "get_goal", goal="close-the-books").json() for person in ("ana", "ned")}

    assert "close-the-books" in seen["ana"]["result"]["content"][0]["text"]
    assert "a team that you are not in" in seen["ned"]["result"]["content"][0]["text"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(body_limit_bytes=2000)

    answer = call_tool(app, "ana", "get_goal", goal="g" * 3000)

    assert (413, "body_too_large") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("origin", "base_url"),
    [
        (None, "https://goals.example"),
        ("https://goals.example", "https://goals.example"),
        ("https://goals.example", "https://goals.example:443/behind/a/proxy"),
        ("http://localhost:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://localhost:8000"),
    ],
)
def test_a_page_of_the_servers_own_origin_may_call(origin: str | None, base_url: str) -> None:
    require_origin(origin, base_url)


@pytest.mark.parametrize(
    ("origin", "base_url"),
    [
        ("null", "https://goals.example"),
        ("", "https://goals.example"),
        ("http://goals.example", "https://goals.example"),
        ("https://goals.example.evil.example", "https://goals.example"),
        ("https://localhost", "https://goals.example"),
        ("http://localhost:8001", "http://127.0.0.1:8000"),
        ("https://goals.example:99999", "https://goals.example"),
    ],
)
def test_a_page_of_another_origin_may_not(origin: str, base_url: str) -> None:
    with pytest.raises(ProblemError, match="another origin"):
        require_origin(origin, base_url)
