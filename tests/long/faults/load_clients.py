"""Clients that insist: every command has a key, and is sent again with it until it is answered for good."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

#: Commands of one client, and seconds between them: every load is bounded.
MAX_COMMANDS_PER_CLIENT = 4000
PAUSE_S = 0.01
#: How long one command is insisted on: longer than any of these days.
RETRY_TIMEOUT_S = 400
#: Before the same is asked again.
RETRY_DELAY_S = 0.2


@dataclass(frozen=True)
class Attempt:
    """One request: status 0 where the connection ended, or patience did, without an answer."""

    key: str
    status: int
    code: str
    began: float
    took: float
    #: The client's own end of the connection.
    port: int
    #: The organisation's position after it; 0 where it was not acknowledged.
    position: int = 0
    replayed: bool = False

    @property
    def is_acknowledged(self) -> bool:
        return self.status in (200, 201)

    @property
    def ended_at(self) -> float:
        return self.began + self.took


class RetryingClient(threading.Thread):
    """One client with two keys in turn: checking in on a goal that others share, and letting somebody join."""

    def __init__(
        self,
        name: str,
        base: tuple[str, int],
        keys: tuple[str, str],
        goal: str,
        stopping: threading.Event,
        patience: float = 20.0,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.base = base
        #: Seconds between two commands.
        self.pause_s = PAUSE_S
        self._owner_key, self._steward_key = keys
        self._goal = goal
        self._stopping = stopping
        self._timeout = patience
        self.log: list[Attempt] = []
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for number in range(MAX_COMMANDS_PER_CLIENT):
            if self._stopping.is_set():
                break
            self._send_with_retries(f"{self.name}-{number}", number)
            time.sleep(self.pause_s)
        self._disconnect()

    def _send_with_retries(self, key: str, number: int) -> None:
        if number % 2:
            path, body, bearer = "/v1/members", {"name": key}, self._steward_key
        else:
            path, body, bearer = f"/v1/goals/{self._goal}/check-in", {"note": key}, self._owner_key
        # Also once it is stopped: what is under way is seen to its end, and that end has a limit.
        deadline = time.monotonic() + RETRY_TIMEOUT_S
        while time.monotonic() < deadline:
            attempt = self._send_once(key, path, body, bearer)
            self.log.append(attempt)
            if attempt.status not in (0, 503):
                return
            time.sleep(RETRY_DELAY_S)

    def _send_once(self, key: str, path: str, body: dict[str, Any], bearer: str) -> Attempt:
        headers = {
            "Authorization": f"Bearer {bearer}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        began, port = time.monotonic(), 0
        try:
            connection = self._connect()
            port = connection.sock.getsockname()[1]
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._disconnect()
            return Attempt(key, 0, type(error).__name__, began, time.monotonic() - began, port)
        took = time.monotonic() - began
        code = str(json.loads(told).get("code", "")) if answer.status >= 400 else ""
        position = int(answer.headers.get("Plimsoll-Position", 0)) if answer.status < 400 else 0
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Attempt(key, answer.status, code, began, took, port, position, replayed)

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None or self._connection.sock is None:
            self._connection = http.client.HTTPConnection(*self.base, timeout=self._timeout)
            self._connection.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None


class FeedReader(threading.Thread):
    """Follows the organisation's feed by position, through whatever happens to the servers."""

    def __init__(self, base: tuple[str, int], key: str, stopping: threading.Event) -> None:
        super().__init__(name="tail", daemon=True)
        self._base = base
        self._key = key
        self._stopping = stopping
        self.seen: list[dict[str, Any]] = []
        #: What a reader must never see.
        self.faults: list[str] = []
        #: Pulls that were not answered with a page.
        self.refused = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            self.pull(timeout=1)

    def finish(self, head: int) -> None:
        """Read on to a position, once the thread has ended."""
        deadline = time.monotonic() + 60
        while len(self.seen) < head and time.monotonic() < deadline:
            self.pull(timeout=0)

    def pull(self, *, timeout: int) -> None:
        after = int(self.seen[-1]["sequence"]) if self.seen else 0
        connection = http.client.HTTPConnection(*self._base, timeout=20)
        try:
            path = f"/v1/events?after={after}&limit=500&timeout={timeout}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._key}"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.refused += 1
            time.sleep(RETRY_DELAY_S)
            return
        finally:
            connection.close()
        if answer.status != 200:
            self.refused += 1
            if answer.status != 503:
                self.faults.append(f"{answer.status} after {after}: {told}")
            time.sleep(RETRY_DELAY_S)
            return
        numbers = [int(event["sequence"]) for event in told]
        if numbers != list(range(after + 1, after + 1 + len(numbers))):
            self.faults.append(f"after {after} came {numbers[:5]} ... {numbers[-5:]}")
        self.seen.extend(told)


@contextmanager
def run_clients(stopping: threading.Event, sailors: list[RetryingClient], *others: threading.Thread) -> Iterator[None]:
    """All of them at work for as long as the block; they end what is under way before they leave."""
    crew = [*sailors, *others]
    for each in crew:
        each.start()
    try:
        yield
    finally:
        stopping.set()
        for each in crew:
            each.join(RETRY_TIMEOUT_S + 60)
    assert not any(each.is_alive() for each in crew), "a client never came back"
