"""Requests and answers as the client types them, retries, and errors that say what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, get_type_hints

import httpx
import msgspec
import pytest

from plimsoll_client import AsyncClient, Client, ProblemError, RetryPolicy, Unreachable, models, requests
from plimsoll_client.request import Request
from tests.client.conftest import Served
from tests.contracts.__main__ import openapi_document
from tests.contracts.client_source import HOME, client_modules, list_generated

STRUCTS = [
    cls
    for cls in vars(models).values()
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct) and cls.__module__.startswith(models.__name__)
]
OPERATIONS = [
    found for found in vars(requests).values() if getattr(found, "__module__", "").startswith(requests.__name__)
]


def test_the_generated_modules_are_those_of_the_api() -> None:
    document = msgspec.json.decode(openapi_document()["openapi.json"])

    modules = client_modules(document)
    assert list_generated() == modules.keys(), "python -m tests.contracts write"
    for path, text in modules.items():
        assert (HOME / path).read_text() == text, "python -m tests.contracts write"


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
def test_every_model_can_be_decoded(cls: type[msgspec.Struct]) -> None:
    msgspec.json.Decoder(cls)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_the_answer_of_every_operation_can_be_decoded(operation: Callable[..., Request[Any]]) -> None:
    hints = get_type_hints(operation, sys.modules[operation.__module__].__dict__)
    [answer] = hints["return"].__args__
    if answer not in (bytes, type(None), Any):
        msgspec.json.Decoder(answer)


def test_reads_are_answered_as_they_are_typed(client: Client) -> None:
    me = client.send(requests.who_am_i())
    goals = client.send(requests.list_goals(limit=3, sort="due"))
    goal = client.send(requests.get_goal("task-000001"))
    why = client.send(requests.why_is_it("task-000004", field="due"))
    history = client.send(requests.get_goal_history("task-000001"))
    loads = client.send(requests.overload_report(team="team-0000"))
    drift = client.send(requests.drift_report(as_of="2026-09-01"))

    assert "stella" == client.send(requests.get_member(me.member)).ref
    assert 3 == len(goals.goals)
    assert isinstance(goal.goal, models.PromisedGoal | models.EndedGoal)
    assert why.chain or why.value
    assert "goal.offered.v1" == history.entries[0].type
    assert {"load_ratio"} <= {figure.name for figure in loads.figures}
    assert drift.figures


def test_a_command_is_answered_with_what_it_made_and_where(client: Client) -> None:
    offer = models.BeginOffer(
        title="Write the client",
        owner="stella",
        sponsor="m00000",
        team="team-0000",
        terms=models.OpeningTerms(
            outcome="A client that cannot miss an event",
            measure=models.MeasureInput(kind="binary"),
            conditions=["it is tested"],
            start=date(2026, 12, 1),
            due=date(2026, 12, 20),
            priority="useful",
        ),
        reason=models.Reason(code="new_need", text="integrations ask for it"),
    )
    made = client.exchange(requests.begin_goal(offer))
    seen = client.send(requests.list_goals(q="Write the client", after_position=made.position))

    assert (201, 1) == (made.status, made.answer.version)
    assert ['"v1"', [made.answer.id]] == [made.etag, [goal.id for goal in seen.goals]]


def test_a_refusal_names_its_rule_and_what_would_be_allowed(client: Client) -> None:
    live = client.send(requests.list_goals(state=["active"], limit=1)).goals[0].id
    with pytest.raises(ProblemError) as refused:
        client.send(requests.goal_check_in(live, models.CheckIn(note="hello")))

    assert (403, "not_a_party") == (refused.value.status, refused.value.code)
    assert "release_departed" in refused.value.problem.allowed


def test_an_async_client_sends_the_same_requests(served: Served, client: Client) -> None:
    async def ask() -> models.GoalList:
        async with AsyncClient(served.url, served.key) as opened:
            return await opened.send(requests.list_goals(limit=2))

    assert client.send(requests.list_goals(limit=2)).goals == asyncio.run(ask()).goals


# --- what goes wrong on the way --------------------------------------------------------------------------------------


class Server:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self._answers = list(answers)

    def client(self, **options: Any) -> Client:
        transport = httpx.MockTransport(self._answer)
        return Client("https://host/plimsoll/", "plim_x", transport=transport, sleep=self.pauses.append, **options)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


DONE = httpx.Response(200, json={"member": "0" * 32, "scopes": [], "roles": [], "teams": [], "leads": []})
BUSY = httpx.Response(503, json={"code": "overloaded", "status": 503}, headers={"Retry-After": "3"})


def test_a_command_is_repeated_with_its_key_until_it_is_answered() -> None:
    server = Server(BUSY, httpx.ReadTimeout("late"), httpx.Response(204))

    path = "/v1/goals/a%2Fb/withdraw"
    server.client().send(Request(method="POST", path=path, headers={"Idempotency-Key": "k"}))

    assert ["k"] * 3 == [request.headers["idempotency-key"] for request in server.requests]
    assert {"/plimsoll/v1/goals/a%2Fb/withdraw"} == {request.url.raw_path.decode() for request in server.requests}
    assert server.pauses[0] >= 3.0
    assert 0.1 <= server.pauses[1] <= 0.4


def test_a_reference_is_one_segment_of_the_path_whatever_it_holds() -> None:
    assert "/v1/goals/a%2Fb%20c%3F%23%25/check-in" == requests.goal_check_in("a/b c?#%").path


def test_every_command_that_takes_a_key_has_one_of_its_own() -> None:
    first, second = (requests.goal_check_in("g", models.CheckIn(note="x")) for _ in range(2))

    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]
    assert first.may_be_repeated


def test_a_refusal_is_not_repeated() -> None:
    for status, code in ((422, "invalid_field"), (409, "act_not_allowed")):
        server = Server(httpx.Response(status, json={"code": code}))
        with pytest.raises(ProblemError):
            server.client().send(requests.goal_check_in("g", models.CheckIn(note="x")))
        assert 1 == len(server.requests)


def test_a_request_without_a_key_that_changes_something_is_sent_once() -> None:
    server = Server(httpx.ConnectError("away"))

    with pytest.raises(Unreachable, match="https://host/plimsoll/ does not answer: away"):
        server.client().send(Request(method="POST", path="/v1/keys"))
    assert 1 == len(server.requests)


def test_attempts_end_and_the_last_error_is_raised() -> None:
    server = Server(*[BUSY] * 3)

    with pytest.raises(ProblemError, match="503 overloaded"):
        server.client(retries=RetryPolicy(attempts=3)).send(requests.who_am_i())
    assert (3, 2) == (len(server.requests), len(server.pauses))


def test_an_answer_that_is_none_of_this_api_is_said_to_be_none() -> None:
    with pytest.raises(Unreachable, match="did not answer as this API does"):
        Server(httpx.Response(200, html="<p>Sign in</p>")).client().send(requests.who_am_i())
    with pytest.raises(ProblemError, match="502"):
        Server(httpx.Response(502, text="Bad gateway")).client(retries=RetryPolicy(attempts=1)).send(
            requests.who_am_i()
        )
