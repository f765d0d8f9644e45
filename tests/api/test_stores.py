"""The same API on PostgreSQL with Redis: text that only one store would refuse, limits shared between processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from httpx import Response
from litestar.testing import TestClient

from services.api.auth.rate_limits import RateLimits
from services.api.http.problems import ProblemError
from services.api.pipeline import HttpPipeline
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import START, TickingClock, offer, open_client, why


class StewardClient:
    """A founded organisation on PostgreSQL and its steward."""

    def __init__(self, runtime: Runtime, client: TestClient[HttpPipeline], key: str) -> None:
        self.runtime = runtime
        self._client = client
        self._key = key

    def send(self, method: str, path: str, **how: object) -> Response:
        response: Response = self._client.request(method, path, headers={"Authorization": f"Bearer {self._key}"}, **how)  # type: ignore[arg-type]
        self.runtime.engine.catch_up()
        return response


@pytest.fixture
def steward(postgres_url: str, redis_url: str) -> Iterator[StewardClient]:
    settings = Settings(database_url=postgres_url, redis_url=redis_url)
    with Runtime(settings, clock=TickingClock(START - timedelta(days=1))) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        runtime.engine.catch_up()
        with open_client(runtime) as client:
            yield StewardClient(runtime, client, key)


def test_the_journey_runs_on_postgresql_and_redis(steward: StewardClient) -> None:
    # given
    assert 200 == steward.send("GET", "/readyz").status_code
    offered = steward.send("POST", "/v1/goals", json=offer("stella", "stella", ref="a", team=None)).json()
    assert "active" == offered["state"]

    # when
    body = {"changes": {"due": "2026-04-10"}, "reason": why()}
    changed = steward.send("POST", "/v1/goals/a/propose-change", json=body)

    assert [] == steward.send("POST", "/v1/affirmations", json={"goals": ["a"]}).json()["refused"]

    # then a self-set change is accepted in the same command
    assert (200, "2026-04-10") == (changed.status_code, changed.json()["due"])
    position = changed.json()["position"]
    assert "2026-04-10" == steward.send("GET", f"/v1/goals/a/why?field=due&after_position={position}").json()["value"]
    for path in (
        "/v1/goals?q=goal",
        "/v1/reports/overload",
        "/v1/reports/drift",
        "/v1/reports/support",
        "/v1/me/inbox",
        "/v1/events",
        "/v1/members",
        "/metrics",
    ):
        assert 200 == steward.send("GET", path).status_code, path


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\u0001b", "\u202e", "\ufffe", "\U0010ffff", "e\u0301", "''; --", "%s %(a)s :a {}", "\\", "😀" * 50],
)
def test_any_text_is_kept_as_it_was_or_refused(steward: StewardClient, text: str) -> None:
    response = steward.send("POST", "/v1/goals", json=offer("stella", "stella", title=text, team=None))

    if text in ("a\x00b", "a\x01b", "\u202e"):
        assert 422 == response.status_code
    else:
        assert (201, text) == (response.status_code, response.json()["title"])
        assert [text] == [goal["title"] for goal in steward.send("GET", "/v1/goals").json()["goals"]]
        assert 200 == steward.send("GET", "/v1/goals", params={"q": text}).status_code


def consume(limits: RateLimits, times: int = 1) -> list[dict[str, str]]:
    async def take() -> list[dict[str, str]]:
        return [await limits.consume("key:a") for _ in range(times)]

    return asyncio.run(take())


def test_processes_share_one_rate(redis_url: str) -> None:
    one, two = RateLimits(3, redis_url), RateLimits(3, redis_url)
    for limits in (one, two, one):
        consume(limits)

    with pytest.raises(ProblemError, match="requests a minute"):
        consume(two)


def test_processes_that_take_portions_of_a_rate_never_pass_it_together(redis_url: str) -> None:
    processes = [RateLimits(5_000, redis_url) for _ in range(2)]

    passed = 0
    for limits in processes:
        with contextlib.suppress(ProblemError):
            for _ in range(5_000):
                passed += len(consume(limits))

    assert 5_000 == passed


def test_a_redis_that_is_away_stops_nobody() -> None:
    limits = RateLimits(2, "redis://127.0.0.1:1/0")

    assert '"default";r=1' in consume(limits)[0]["RateLimit"]
    consume(limits)
    with pytest.raises(ProblemError, match="requests a minute"):
        consume(limits)


def test_an_api_with_its_redis_away_is_not_ready(steward: StewardClient) -> None:
    settings = msgspec.structs.replace(steward.runtime.settings, redis_url="redis://127.0.0.1:1/0")
    with Runtime(settings) as runtime, open_client(runtime) as client:
        response = client.get("/readyz")

    assert (503, "not_ready") == (response.status_code, response.json()["code"])
    assert "broker: unavailable" in response.json()["detail"]
