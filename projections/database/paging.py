"""Where a list goes on: a cursor pins the moment that its first page saw, so that no write shifts a later one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

import msgspec

from domain.errors import InvalidField
from domain.references import as_uuid

#: Rows of the longest page.
MAX_PAGE_SIZE = 200
#: Of a list that is not paged.
ALL_ROWS = 2**31


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

    def terms(self, *, is_computed: bool = False) -> str:
        """What ORDER BY takes; `is_computed`: no index has it so, and rows are found by what they fulfil."""
        key = f"{f'COALESCE({self.key}, {self.key})' if is_computed else self.key} {self.direction}"
        # An id twice would be sorted, although the index has it in order.
        return key if self.key == "stream_id" else f"{key}, stream_id {self.direction}"


#: A list whose cursor is the last id of the page before.
ORDER_BY_ID = Order(key="stream_id", descending=False, number=False)


class RowSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a table of versions: rows that fulfil `where` and, where any is named, one of the others."""

    table: str
    where: Sequence[str] = ()
    #: Conditions by each of which an index has rows in the order of the list.
    any_of: Sequence[str] = ()
    #: Conditions that few rows fulfil, however large the organisation is: an index finds them, and they are sorted.
    few_of: Sequence[str] = ()
    #: The body of a row `v`.
    body: str = "v.body"


def page_sql(selection: RowSelection, predicates: Sequence[str], order: Order, *conditions: str) -> str:
    """The statement of one page: `sort_key`, `stream_id` and `body` of its rows, `:rows` at most.

    Each part finds so many rows by an index of its own, keys alone, and the page is the first of them all: it costs
    with the page, and not with what the organisation has. `predicates`: `AsOf.disjoint_predicates`.
    """
    latest, *others = predicates
    one_of = " OR ".join(f"({part})" for part in (*selection.any_of, *selection.few_of)) or "1 = 1"
    everything = not selection.any_of and not selection.few_of
    found = [(latest, part, order.terms()) for part in (["1 = 1"] if everything else selection.any_of)]
    found += [(latest, part, order.terms(is_computed=True)) for part in selection.few_of]
    found += [(predicate, f"({one_of})", order.terms(is_computed=True)) for predicate in others]
    parts = [
        f"SELECT * FROM (SELECT {order.key} AS sort_key, stream_id, version, known_from FROM {selection.table}"
        f" WHERE {' AND '.join([predicate, part, *selection.where, *conditions])}"
        f" ORDER BY {terms} LIMIT :rows) AS part_{number}"
        for number, (predicate, part, terms) in enumerate(found)
    ]
    by = f"sort_key {order.direction}, {{}}stream_id {order.direction}"
    return (
        # UNION: a row may fulfil several of the conditions. Bodies are read of the page's rows alone.
        f"SELECT p.sort_key, v.stream_id, {selection.body} AS body"
        f" FROM (SELECT * FROM ({' UNION '.join(parts)}) AS parts ORDER BY {by.format('')} LIMIT :rows) AS p"
        f" JOIN {selection.table} AS v ON v.organisation_id = :organisation_id AND v.stream_id = p.stream_id"
        f" AND v.version = p.version AND v.known_from = p.known_from ORDER BY p.{by.format('p.')}"
    )
