"""Responses, and the headers that every one has: for its body, for browsers, the request's id and its rate."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Any

import msgspec

from domain.instants import encode_json, encode_json_parts, to_micros
from services.api.http.entity_tags import parse_entity_tags

JSON = "application/json"
HeaderPairs = list[tuple[bytes, bytes]]

#: A page runs scripts of this server and nothing else runs at all.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
#: Responses are one viewer's, and never run as anything but their media type.
DEFAULT_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "vary": "Authorization",
    "cache-control": "private, no-cache",
}
_DEFAULT_PAIRS = tuple((name.encode(), value.encode()) for name, value in DEFAULT_HEADERS.items())
_DEFAULT_NAMES = frozenset(name for name, _ in _DEFAULT_PAIRS)
_NOT_MODIFIED = 304
#: What of a body is given to the connection at a time.
_PART_BYTES = 65_536
#: What no header's value may hold: it could end the header, and begin another.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns: a whole response, which sends itself as an ASGI application."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: dict[str, str] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.header_pairs()})
        body = self.body
        if len(body) > _PART_BYTES:
            # 25 MB given to a socket at once are 20 ms in which the event loop answers no other request.
            for start in range(0, len(body) - _PART_BYTES, _PART_BYTES):
                part = body[start : start + _PART_BYTES]
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await asyncio.sleep(0)
            body = body[(len(body) - 1) // _PART_BYTES * _PART_BYTES :]
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def header_pairs(self) -> HeaderPairs:
        """Its own headers, names in lower case; raises RuntimeError for what no header may hold."""
        pairs = []
        for name, value in self.headers.items():
            if _CONTROL.search(value):
                raise RuntimeError(f"the header {name} holds a control character")
            pairs.append((name.lower().encode("latin-1"), value.encode("latin-1")))
        pairs.append((b"content-type", _content_type(self.media_type)))
        if self.status != _NOT_MODIFIED:
            pairs.append((b"content-length", b"%d" % len(self.body)))
        return pairs


class StreamResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response whose body is sent as it arises. It may end without its last part, which closes the connection."""

    #: Sends the parts of the body, each by `await send_part(data)`; the last one follows when it returns True.
    produce: Callable[[Any, Callable[[bytes], Awaitable[None]]], Awaitable[bool]]
    #: What it occupies until its end.
    resources: AsyncExitStack
    media_type: str
    status: int = 200
    headers: dict[str, str] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self.resources:
            await self._send(scope, receive, send)

    async def _send(self, scope: Any, receive: Any, send: Any) -> None:
        head = HttpResponse(body=b"", status=self.status, media_type=self.media_type, headers=self.headers)
        pairs = [pair for pair in head.header_pairs() if pair[0] != b"content-length"]

        async def send_part(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await send({"type": "http.response.start", "status": self.status, "headers": pairs})
        if scope["state"]["request"].is_head or await self.produce(receive, send_part):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class DelegatedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response that another ASGI application makes."""

    application: Callable[[Any, Any, Any], Awaitable[None]]
    #: What it occupies until its end.
    resources: AsyncExitStack

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self.resources:
            await self.application(scope, receive, send)


#: Compact JSON of Structs and plain data, instants in one form.
encode = encode_json


def encode_large(value: Any) -> bytes:
    """The bytes of `encode`, of a value that may be large: encoded in parts, so that other threads run in between."""
    # Joining 25 MB was a copy in one step of 20 ms; `BytesIO` hands its buffer over.
    written = BytesIO()
    for part in encode_json_parts(value):
        written.write(part)
    return written.getvalue()


def compute_content_etag(body: bytes) -> str:
    """A strong ETag from the bytes themselves."""
    digest = hashlib.sha256(body).digest()[:18]
    return f'"{base64.urlsafe_b64encode(digest).decode()}"'


def format_version_etag(version: int, clock_at: datetime | None = None) -> str:
    """The strong ETag of a stream's current state, which `If-Match` takes; `clock_at`: what it depends on too."""
    return f'"v{version}"' if clock_at is None else f'"v{version}.{to_micros(clock_at)}"'


def json_response(value: Any, *, tag: str | None = None, headers: dict[str, str] | None = None) -> HttpResponse:
    """A 200 with its strong ETag."""
    return response_with_etag(encode(value), tag=tag, headers=headers)


def response_with_etag(
    body: bytes, *, tag: str | None = None, media_type: str = JSON, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Bytes with their strong ETag."""
    all_headers = {**(headers or {}), "ETag": tag or compute_content_etag(body)}
    return HttpResponse(body=body, media_type=media_type, headers=all_headers)


Response = HttpResponse | StreamResponse | DelegatedResponse


def revalidate(response: Response, if_none_match: str | None) -> Response:
    """The answer of a GET, or the 304 that says its sender has these bytes already (RFC 9110, 13.1.2).

    An `If-None-Match` that is no list of tags is as none.
    """
    tag = response.headers.get("ETag") if isinstance(response, HttpResponse) else None
    given = parse_entity_tags(if_none_match) if if_none_match is not None and tag is not None else None
    if given is None or tag is None or not given.matches_weakly(tag):
        return response
    return msgspec.structs.replace(response, body=b"", status=_NOT_MODIFIED)


def with_default_headers(
    pairs: Iterable[tuple[bytes, bytes]], request_id: str, rate: dict[str, str], allowed: str | None
) -> HeaderPairs:
    """A response's headers with those that every response has, unless it has them itself.

    `allowed`: the value of `Allow`, in place of the one that it has.
    """
    headers = list(pairs)
    names = {name for name, _ in headers}
    if allowed is not None and b"allow" in names:
        headers = [(name, allowed.encode() if name == b"allow" else value) for name, value in headers]
    if names.isdisjoint(_DEFAULT_NAMES):
        headers += _DEFAULT_PAIRS
    else:
        headers += [pair for pair in _DEFAULT_PAIRS if pair[0] not in names]
    headers.append((b"x-request-id", request_id.encode()))
    for name, value in rate.items():
        key = name.lower().encode()
        if key not in names:
            headers.append((key, value.encode()))
    return headers


@lru_cache(maxsize=64)
def _content_type(media_type: str) -> bytes:
    is_text = media_type.startswith("text/") and "charset" not in media_type
    return f"{media_type}{'; charset=utf-8' if is_text else ''}".encode()
