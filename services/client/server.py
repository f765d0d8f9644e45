"""One server over HTTP: its answers as data, and what goes wrong in one line.

The standard library's client: `httpx` takes 0.3 s of processor to import, three times the rest of `plimsoll me` (0033).
"""

from __future__ import annotations

import hmac
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from services.client.saved_settings import require_key
from services.console import CommandFailed
from services.settings import ClientSettings, variable_name
from services.version import read_version

#: Longer than a server waits for its store (`PLIMSOLL_STORE_WAIT_S`).
_TIMEOUT_S = 60.0
#: Times that a command is sent at most: it has an idempotency key, so that a second time is the first.
_MAX_ATTEMPTS = 3
_MAX_RETRY_WAIT_S = 5.0
#: No answer of ours is as long.
_MAX_ANSWER_BYTES = 256 * 1024 * 1024
#: Values of `allowed` that one line names.
_MAX_ALLOWED = 20
_UNAUTHENTICATED, _FIRST_ERROR, _FIRST_REDIRECT = 401, 400, 300
_RETRIED_CODES = frozenset({"unavailable", "overloaded", "stopping", "not_caught_up", "busy"})


class Refused(CommandFailed):
    """The server's problem (RFC 9457), in one line."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class NoAnswer(CommandFailed):
    """The server was not reached, or its answer got lost."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _RefuseRedirects(HTTPRedirectHandler):
    """A redirect is an answer: following one would send the key to another server."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Server:
    """The server of the settings. Raises SettingsError where they have no key."""

    def __init__(self, settings: ClientSettings, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self.url = settings.url.rstrip("/")
        self._key = require_key(settings)
        self._headers = {
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json, text/plain;q=0.9, text/csv;q=0.9",
            "User-Agent": f"plimsoll/{read_version()}",
        }
        self._opener = build_opener(_RefuseRedirects)

    def sign(self, content: bytes) -> bytes:
        """A signature (HMAC-SHA256) that nothing without this key can make."""
        return hmac.digest(self._key.encode(), b"plimsoll preview\0" + content, "sha256")

    def get(self, path: str, *needed: str, **query: Any) -> Any:
        """The JSON object of a GET; parameters that are None, False or empty are left out.

        Raises CommandFailed where a `needed` field is missing: then it is no answer of ours.
        """
        return self._decode(self.get_answer(path, **query), needed)

    def get_answer(self, path: str, **query: Any) -> Answer:
        """The answer to a GET, whatever its form. Raises Refused or NoAnswer."""
        given = {name: _to_parameter(value) for name, value in query.items() if _is_given(value)}
        target = f"{path}?{urlencode(given, doseq=True)}" if given else path
        return self._send_until_answered(Request(self.url + target, headers=self._headers))  # noqa: S310 - http or https

    def post(self, path: str, body: Mapping[str, Any], *needed: str, identity: str = "", if_match: str = "") -> Any:
        """The JSON object of a POST; with an `identity` (`Idempotency-Key`) it is sent again when an answer is lost."""
        headers = {**self._headers, "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": identity} if identity else {}
        headers |= {"If-Match": if_match} if if_match else {}
        request = Request(self.url + path, msgspec.json.encode(body), headers)  # noqa: S310 - http or https, by pattern
        return self._decode(self._send_until_answered(request, again=bool(identity)), needed)

    def post_without_key(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON object of a POST that does not say who sends it, once and over a connection of its own."""
        headers = {name: value for name, value in self._headers.items() if name != "Authorization"}
        headers |= {"Content-Type": "application/json"}
        request = Request(self.url + path, msgspec.json.encode(body), headers)  # noqa: S310 - http or https, by pattern
        return self._decode(self._send_until_answered(request, again=False), ())

    def _send_until_answered(self, request: Request, *, again: bool = True) -> Answer:
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            last = attempt == _MAX_ATTEMPTS or not again
            try:
                answer = self.exchange(request)
                self._require_success(answer)
            except Refused as refused:
                if last or refused.code not in _RETRIED_CODES:
                    raise
                time.sleep(_parse_wait(answer.headers.get("Retry-After")))
            except NoAnswer as lost:
                # A server that is away has lost nothing: no reason to wait.
                if last or isinstance(lost.__cause__, ConnectionRefusedError | socket.gaierror | ssl.SSLError):
                    raise
            else:
                return answer
        raise AssertionError("the last attempt returns or raises")

    def exchange(self, request: Request) -> Answer:
        """Send one request once. Raises NoAnswer."""
        try:
            try:
                response = self._opener.open(request, timeout=self._timeout_s)
            except HTTPError as error:
                response = error
            with response:
                return Answer(response.status, response.headers, response.read(_MAX_ANSWER_BYTES))
        except URLError as error:
            cause = error.reason if isinstance(error.reason, OSError) else error
            raise NoAnswer(self._describe_failure(cause)) from cause
        except (OSError, HTTPException) as error:
            raise NoAnswer(self._describe_failure(error)) from error

    def _describe_failure(self, error: Exception) -> str:
        match error:
            case TimeoutError():
                return f"{self.url} did not answer within {self._timeout_s:.0f} s"
            case ConnectionRefusedError():
                why = "nothing listens there"
            case socket.gaierror():
                why = f"no host is called {urlsplit(self.url).hostname}"
            case ssl.SSLCertVerificationError():
                why = f"its certificate is not valid here ({error.verify_message})"
            case ssl.SSLError():
                why = f"it does not speak TLS ({error.reason or error})"
            case HTTPException():
                why = "it does not speak HTTP"
            case OSError():
                why = error.strerror or str(error)
            case _:
                why = str(error)
        return f"cannot reach {self.url}: {why}; is the server running, and {variable_name('url')} right?"

    def _require_success(self, answer: Answer) -> None:
        if answer.status < _FIRST_REDIRECT:
            return
        if answer.status < _FIRST_ERROR:
            raise CommandFailed(
                f"{self.url} leads on to {answer.headers.get('Location', 'another place')}: "
                f"set {variable_name('url')} to where the server is"
            )
        problem = _parse_problem(answer.body)
        if problem is None:
            raise self._not_plimsoll(answer)
        if answer.status == _UNAUTHENTICATED:
            raise Refused(
                problem["code"],
                f"{self.url} does not take this key: it is one of another server, or revoked, or expired; "
                f"see {variable_name('key')} and {variable_name('url')}",
            )
        raise Refused(problem["code"], describe_problem(problem))

    def _decode(self, answer: Answer, needed: Sequence[str]) -> Any:
        try:
            found = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise self._not_plimsoll(answer) from None
        if not found.keys() >= set(needed):
            raise self._not_plimsoll(answer)
        return found

    def _not_plimsoll(self, answer: Answer) -> CommandFailed:
        media = answer.headers.get("Content-Type", "no type").partition(";")[0]
        return CommandFailed(
            f"{self.url} does not answer as Plimsoll does (status {answer.status}, {media}): "
            f"is {variable_name('url')} right?"
        )


def quote_segment(text: str) -> str:
    """A reference as one segment of a path."""
    return quote(text, safe="")


def describe_problem(problem: Mapping[str, Any]) -> str:
    """A problem in one line: what it says, of which field, and what would be allowed."""
    words = str(problem.get("detail") or problem.get("title") or problem["code"])
    errors = [error for error in problem.get("errors", ()) if isinstance(error, dict)]
    if len(errors) == 1:
        words = f"{str(errors[0].get('pointer', '')).strip('/').replace('/', '.')}: {errors[0].get('detail', words)}"
    elif errors:
        words += ": " + "; ".join(f"{error.get('pointer')}: {error.get('detail')}" for error in errors)
    allowed = [str(each) for each in problem.get("allowed", ())]
    if allowed:
        more = f", and {len(allowed) - _MAX_ALLOWED} more" if len(allowed) > _MAX_ALLOWED else ""
        words += f" (allowed: {', '.join(allowed[:_MAX_ALLOWED])}{more})"
    return words


def _parse_problem(body: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("code"), str) else None


def _is_given(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [], ())


def _to_parameter(value: Any) -> Any:
    return "true" if value is True else value


def _parse_wait(seconds: str | None) -> float:
    return min(float(seconds), _MAX_RETRY_WAIT_S) if seconds is not None and seconds.isdecimal() else 1.0
