"""Where a list goes on: a cursor pins the moment that its first page saw, so that no write shifts a later one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.errors import InvalidField
from domain.references import as_uuid
from projections.database.database import Database, Row

#: Rows of the longest page.
MAX_PAGE_SIZE = 200


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page, and what was asked."""

    #: Business time (microseconds UTC) and log position of the first page.
    at: int
    known: int
    #: Digest of filters and sort: a cursor is good for the list that it came from.
    query_digest: str
    key: str | int
    id: str


def query_digest_of(*asked: object) -> str:
    """The digest that tells one list's query from another's."""
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
    if "\x00" in str(cursor.key) or str(as_uuid(cursor.id)) != cursor.id:
        # No list gave it, and PostgreSQL cannot even compare it with what it has.
        raise InvalidField("this is not a cursor that a list gave", pointer="/cursor")
    if cursor.query_digest != question or isinstance(cursor.key, int) is not number:
        raise InvalidField("this cursor came from a list with other filters or order", pointer="/cursor")
    if not all(-(2**63) <= n < 2**63 for n in (cursor.at, cursor.known, cursor.key) if isinstance(n, int)):
        raise InvalidField("this is not a cursor that a list gave", pointer="/cursor")
    return cursor


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is sorted by, ties by `stream_id`."""

    #: An SQL expression; the statement selects it `AS sort_key`.
    key: str
    descending: bool
    #: Whether the key is a number; else a text.
    number: bool

    @property
    def direction(self) -> str:
        """ASC or DESC."""
        return "DESC" if self.descending else "ASC"


def query_page(
    database: Database,
    statement: Callable[[str], str],
    params: Mapping[str, Any],
    order: Order,
    *,
    question: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """One page of rows, and the cursor of the next one; None: these were the last.

    `statement` is given the condition that rows of this page fulfil; it binds `:rows`, selects `sort_key` and
    `stream_id`, and sorts by both. Later pages see the same moment (`:at`, `:known`) as the first.
    Raises `InvalidField` for a limit outside 1..200, or a cursor that another question gave.
    """
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise InvalidField(f"limit must be within 1..{MAX_PAGE_SIZE}", pointer="/limit")
    after = decode_cursor(cursor, question, number=order.number) if cursor else None
    condition, bound = "1 = 1", {**params, "rows": limit + 1}
    if after is not None:
        condition = f"({order.key}, stream_id) {'<' if order.descending else '>'} (:key, :id)"
        bound |= {"at": after.at, "known": after.known, "key": after.key, "id": after.id}
    rows = database.query(statement(condition), bound)
    page = rows[:limit]
    if len(rows) <= limit:
        return page, None
    last = page[-1]
    return page, encode_cursor(Cursor(bound["at"], bound["known"], question, last.sort_key, last.stream_id))
