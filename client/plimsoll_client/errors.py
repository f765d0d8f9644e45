"""Errors: problems that the API answers (RFC 9457), and requests without an answer."""

from __future__ import annotations

from typing import Any

import msgspec


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A problem's body; further fields are in `more`."""

    code: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
    #: What would have been allowed.
    allowed: list[Any] = []
    errors: list[dict[str, Any]] = []
    #: Of a command: whether it was recorded, `no` or `unknown`.
    recorded: str | None = None


class PlimsollError(Exception):
    """The base of all errors of this package."""


class Unreachable(PlimsollError):
    """No answer came, or none that is one of this API's; whether a command was recorded is unknown."""


class ProblemError(PlimsollError):
    """The server answered with a problem."""

    def __init__(self, status: int, problem: ProblemDetails, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {problem.code}: {problem.detail or problem.title}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """Which problem it is, such as `version_conflict`; each has a page at `/problems/<code>`."""
        return self.problem.code


class EpochChanged(PlimsollError):
    """The log was restored from a copy since: what was read of it no longer counts, begin anew."""

    def __init__(self, known: str, now: str) -> None:
        super().__init__(f"the log is {now}, no longer {known}: begin at position 0")
        self.known = known
        self.now = now


class InvalidSignature(PlimsollError):
    """A webhook that is not signed with one of the secrets or keys, or is too old."""
