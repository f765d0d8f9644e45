"""A request to the API, before it is sent: what the functions of `plimsoll_client.requests` build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

import msgspec

T = TypeVar("T")
_IDEMPOTENCY_KEY = "Idempotency-Key"


class Request(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One request, and the type of its answer."""

    method: str
    #: With the server's path prefix left out: `/v1/...`.
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    #: What a success is decoded as; `bytes`: it is handed over as it came; None: it has no body.
    answer: Any = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice does the same as sending it once."""
        return self.method == "GET" or _IDEMPOTENCY_KEY in self.headers


class Response(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An answer with its headers."""

    answer: T
    status: int
    #: Names in lower case.
    headers: Mapping[str, str]

    @property
    def position(self) -> int | None:
        """The organisation's log position that the answer is of: `after_position` of a read that must see it."""
        text = self.headers.get("plimsoll-position")
        return int(text) if text else None

    @property
    def etag(self) -> str | None:
        """The version, for `if_match`."""
        return self.headers.get("etag")


def build_command(  # noqa: PLR0913 - the parts of a command
    path: str,
    answer: Any,  # noqa: ANN401 - a type, of any kind
    body: Any,  # noqa: ANN401 - a Struct, or a union of them
    idempotency_key: str | None = None,
    if_match: str | None = None,
    **path_values: object,
) -> Request[Any]:
    """The request of an act: a POST that may be sent again, as it has an `Idempotency-Key`."""
    header = {_IDEMPOTENCY_KEY: idempotency_key, "If-Match": if_match}
    return build_request("POST", path, answer, path_values=path_values, header=header, body=body)


def build_request(  # noqa: PLR0913 - the parts of a request
    method: str,
    path: str,
    answer: Any,  # noqa: ANN401 - a type, of any kind
    *,
    path_values: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    header: Mapping[str, object] | None = None,
    body: msgspec.Struct | bytes | Any = None,  # noqa: ANN401 - a Struct, or a union of them
    media: str = "application/json",
) -> Request[Any]:
    """The request; a command that may have an `Idempotency-Key` gets one, so that it can be sent again."""
    headers = {name: str(value) for name, value in (header or {}).items() if value is not None}
    if header is not None and _IDEMPOTENCY_KEY in header:
        headers.setdefault(_IDEMPOTENCY_KEY, str(uuid4()))
    content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
    if content is not None:
        headers["Content-Type"] = media
    return Request(
        method=method,
        path=path.format_map({name: quote(str(value), safe="") for name, value in (path_values or {}).items()}),
        query=tuple((name, text) for name, value in (query or {}).items() for text in _texts(value)),
        headers=headers,
        body=content,
        answer=answer,
    )


def _texts(value: object) -> list[str]:
    """A parameter's value as it stands in an address: lists repeat the name, None is left out."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, datetime):
        return [value.isoformat()]
    return [value.isoformat() if isinstance(value, date) else str(value)]
