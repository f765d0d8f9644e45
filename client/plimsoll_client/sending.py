"""How a request is sent: headers, retries, errors. `Client` and `AsyncClient` do the input and output."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any, TypeVar

import httpx
import msgspec

from plimsoll_client.errors import ProblemDetails, ProblemError, Unreachable
from plimsoll_client.request import Request, Response

T = TypeVar("T")

#: What is worth another attempt: too much at once, a conflict of writers, a server that is away or starting.
_RETRIED = frozenset({409, 429, 502, 503, 504})
_MEDIA_TYPES = "application/json, application/problem+json, */*;q=0.5"
USER_AGENT = "plimsoll-client"


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a request that may be repeated is sent again."""

    attempts: int = 5
    #: Seconds before the second attempt; doubled for each further one, with jitter.
    first_pause: float = 0.2
    longest_pause: float = 10.0

    def pause_after(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after the attempt of this number (1, 2, ...), no less than the server asks for."""
        most: float = min(self.longest_pause, self.first_pause * 2 ** (attempt - 1))
        return max(retry_after or 0.0, most * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


#: Steps of sending: a request to send (answered by its response, or the error in its place), or seconds to pause.
Steps = Generator["httpx.Request | float", "httpx.Response | httpx.TransportError | None", T]


def send_steps(base_url: str, key: str, policy: RetryPolicy, request: Request[Any]) -> Steps[Response[Any]]:
    """Send until there is an answer. Raises ProblemError and Unreachable."""
    for attempt in range(1, policy.attempts + 1):
        outcome = yield _build(base_url, key, request)
        is_last = attempt == policy.attempts or not request.may_be_repeated
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return _decode(request, outcome)
            error = _read_problem(outcome)
            retry_after = error.retry_after
            # A conflict that no repetition mends has no Retry-After.
            if is_last or outcome.status_code not in _RETRIED or (outcome.status_code == 409 and retry_after is None):  # noqa: PLR2004
                raise error
        else:
            retry_after = None
            if is_last:
                raise Unreachable(f"{base_url} does not answer: {outcome}") from outcome
        yield policy.pause_after(attempt, retry_after)
    raise AssertionError("the last attempt returns or raises")


def _build(base_url: str, key: str, request: Request[Any]) -> httpx.Request:
    headers = {"Authorization": f"Bearer {key}", "Accept": _MEDIA_TYPES, "User-Agent": USER_AGENT, **request.headers}
    address = f"{base_url.rstrip('/')}{request.path}"
    return httpx.Request(request.method, address, params=list(request.query), headers=headers, content=request.body)


def _decode(request: Request[Any], response: httpx.Response) -> Response[Any]:
    answer: Any = None
    if request.answer is bytes:
        answer = response.content
    elif request.answer is not None:
        try:
            answer = msgspec.json.decode(response.content, type=request.answer)
        except msgspec.MsgspecError as error:
            raise Unreachable(f"{request.path} did not answer as this API does: {error}") from error
    return Response(answer=answer, status=response.status_code, headers=dict(response.headers))


def _read_problem(response: httpx.Response) -> ProblemError:
    try:
        problem = msgspec.json.decode(response.content, type=ProblemDetails)
    except msgspec.MsgspecError:
        # A proxy in between has spoken.
        problem = ProblemDetails(title=response.reason_phrase, status=response.status_code)
    text = response.headers.get("retry-after", "")
    return ProblemError(response.status_code, problem, float(text) if text.isdigit() else None)
