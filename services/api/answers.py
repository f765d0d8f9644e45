"""What goes out: bytes, status and headers. ETags are strong: equal tags mean equal bytes."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from litestar import Response

JSON = "application/json"

_encoder = msgspec.json.Encoder()


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: dict[str, str] = {}


class LitestarResponse(Response[Any]):
    """Turns an `Answer` into Litestar's response; anything else is encoded as JSON."""

    def __init__(self, content: Any, **options: Any) -> None:
        if isinstance(content, HttpResponse):
            options["status_code"] = content.status
            options["media_type"] = content.media_type
            options["headers"] = {**(options.get("headers") or {}), **content.headers}
            content = content.body
        super().__init__(content, **options)


def encode(value: Any) -> bytes:
    """Compact JSON of Structs and plain data."""
    return _encoder.encode(value)


def content_etag(body: bytes) -> str:
    """A strong ETag from the bytes themselves."""
    digest = hashlib.sha256(body).digest()[:18]
    return f'"{base64.urlsafe_b64encode(digest).decode()}"'


def version_etag(version: int) -> str:
    """The strong ETag of a stream's current state: what `If-Match` takes."""
    return f'"v{version}"'


def not_modified(if_none_match: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names this tag. Comparison is weak, as RFC 9110 (13.1.2) asks here."""
    if if_none_match is None:
        return False
    names = {name.strip().removeprefix("W/") for name in if_none_match.split(",")}
    return "*" in names or tag in names


def json_response(
    value: Any, *, if_none_match: str | None = None, tag: str | None = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A 200 with its strong ETag, or the 304 that says the asker has these bytes already."""
    return response_with_etag(encode(value), if_none_match=if_none_match, tag=tag, headers=headers)


def response_with_etag(
    body: bytes,
    *,
    if_none_match: str | None = None,
    tag: str | None = None,
    media_type: str = JSON,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Bytes with their strong ETag, or the 304 for them."""
    tag = tag or content_etag(body)
    told = {**(headers or {}), "ETag": tag}
    if not_modified(if_none_match, tag):
        return HttpResponse(body=b"", status=304, media_type=media_type, headers=told)
    return HttpResponse(body=body, media_type=media_type, headers=told)
