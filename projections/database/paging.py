"""Where a list goes on: a cursor pins the moment that its first page saw, so that no write shifts a later one."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from domain.errors import InvalidField


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page, and what was asked."""

    #: Business time (microseconds UTC) and log position of the first page.
    at: int
    known: int
    #: Digest of filters and sort: a cursor is good for the list that it came from.
    query_digest: str
    key: str | int
    id: str


def digest(*asked: object) -> str:
    """What tells one list's question from another's."""
    return hashlib.sha256(msgspec.json.encode(list(asked))).hexdigest()[:16]


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as a client carries it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str, question: str, *, number: bool) -> Cursor:
    """The cursor that a list of this question gave, its key a number or a text; raises `InvalidField` for any other."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(raw, type=Cursor)
    except (ValueError, msgspec.DecodeError):
        raise InvalidField("this is not a cursor that a list gave", pointer="/cursor") from None
    if "\x00" in f"{cursor.key}{cursor.id}":
        # No list gave it, and PostgreSQL's text cannot even be asked about it.
        raise InvalidField("this is not a cursor that a list gave", pointer="/cursor")
    if cursor.query_digest != question or isinstance(cursor.key, int) is not number:
        raise InvalidField("this cursor came from a list with other filters or order", pointer="/cursor")
    if not all(-(2**63) <= n < 2**63 for n in (cursor.at, cursor.known, cursor.key) if isinstance(n, int)):
        raise InvalidField("this is not a cursor that a list gave", pointer="/cursor")
    return cursor
