"""The headers of every answer: its own, its body's, those that keep browsers in check, the request's id and rate."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
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


Pairs = list[tuple[bytes, bytes]]

#: The documentation page runs its own script and nothing else runs at all.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
#: Answers are one viewer's, and never run as anything but what they say they are.
DEFAULT_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": _POLICY,
    "vary": "Authorization",
    "cache-control": "private, no-cache",
}
_NOT_MODIFIED = 304
#: What no header's value may hold: it could end the header, and begin another.
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class _Shape(msgspec.Struct, frozen=True):
    """What the answers have in common that have these headers and this media type."""

    names: tuple[str, ...]
    content_type: str
    always: str


def encode_headers(answer: HttpResponse, request_id: str, rate: dict[str, str] | None) -> bytes:
    """The answer's header lines as they are sent, each with its end.

    Raises RuntimeError for what no header may hold.
    """
    told = answer.headers
    shape = _shape(tuple(told), answer.media_type)
    lines = ""
    for name, value in zip(shape.names, told.values(), strict=True):
        if _UNFIT.search(value):
            raise RuntimeError(f"the header {name} holds a control character")
        lines += f"{name}: {value}\r\n"
    length = "" if answer.status == _NOT_MODIFIED else f"content-length: {len(answer.body)}\r\n"
    lines = f"{lines}{shape.content_type}{length}{shape.always}x-request-id: {request_id}\r\n"
    if rate:
        for name, value in rate.items():
            small = name.lower()
            if small not in shape.names:
                lines += f"{small}: {value}\r\n"
    return lines.encode("latin-1")


def split_headers(head: bytes) -> Pairs:
    """Header lines as ASGI has them, for a server that takes nothing else."""
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in lines]


def add_default_headers(headers: Pairs, request_id: str, rate: dict[str, str] | None, allowed: str | None) -> Pairs:
    """The headers of an answer that Litestar made, with those that every answer has.

    `allowed`: the methods of its route; Litestar's own answer to OPTIONS knows only the one that was registered first.
    """
    names = {name.lower().decode("latin-1") for name, _ in headers}
    if allowed and "allow" in names:
        headers = [(name, allowed.encode() if name.lower() == b"allow" else value) for name, value in headers]
    more = {
        **DEFAULT_HEADERS,
        "x-request-id": request_id,
        **{name.lower(): value for name, value in (rate or {}).items()},
    }
    return headers + [(name.encode(), value.encode()) for name, value in more.items() if name not in names]


@lru_cache(maxsize=1024)
def _shape(names: tuple[str, ...], media_type: str) -> _Shape:
    small = tuple(name.lower() for name in names)
    # Texts are UTF-8, and say so.
    text = media_type.startswith("text/") and "charset" not in media_type
    content_type = f"content-type: {media_type}{'; charset=utf-8' if text else ''}\r\n"
    always = "".join(f"{name}: {value}\r\n" for name, value in DEFAULT_HEADERS.items() if name not in small)
    return _Shape(small, content_type, always)
