"""The headers of every answer: its own, its body's, those that keep browsers in check, the request's id and rate."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from services.api.answers import HttpResponse

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
