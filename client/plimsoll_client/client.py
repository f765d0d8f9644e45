"""The clients: the same requests, sent with or without an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx

from plimsoll_client.request import Request, Response
from plimsoll_client.sending import RetryPolicy, send_steps

T = TypeVar("T")

#: Seconds: more than the longest poll that a server allows by default.
DEFAULT_TIMEOUT = 60.0


class Client:
    """Sends requests with one API key; safe to share among threads."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: RetryPolicy | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.url = url
        self._key = key
        self._retries = retries or RetryPolicy()
        self._http = httpx.Client(timeout=timeout, transport=transport)
        self._sleep = sleep

    def send(self, request: Request[T]) -> T:
        """The answer. Raises ProblemError for a refusal, and Unreachable where none came."""
        return self.exchange(request).answer

    def exchange(self, request: Request[T]) -> Response[T]:
        """The answer with its headers."""
        steps = send_steps(self.url, self._key, self._retries, request)
        step = next(steps)
        while True:
            outcome: httpx.Response | httpx.TransportError | None = None
            if isinstance(step, float):
                self._sleep(step)
            else:
                try:
                    outcome = self._http.send(step)
                except httpx.TransportError as error:
                    outcome = error
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                response: Response[T] = done.value
                return response

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """Sends requests with one API key on an event loop."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: RetryPolicy | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self._key = key
        self._retries = retries or RetryPolicy()
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport)

    async def send(self, request: Request[T]) -> T:
        """The answer. Raises ProblemError for a refusal, and Unreachable where none came."""
        return (await self.exchange(request)).answer

    async def exchange(self, request: Request[T]) -> Response[T]:
        """The answer with its headers."""
        steps = send_steps(self.url, self._key, self._retries, request)
        step = next(steps)
        while True:
            outcome: httpx.Response | httpx.TransportError | None = None
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                try:
                    outcome = await self._http.send(step)
                except httpx.TransportError as error:
                    outcome = error
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                response: Response[T] = done.value
                return response

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
