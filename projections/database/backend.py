"""What the two databases share: rows, what can go wrong, and what can be asked of a session and a transaction."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from msgspec import convert

from projections.database.tables import Dialect, Table, TableWrite

Params = Mapping[str, Any]
#: A reading statement and its parameters.
Query = tuple[str, Params]

#: Rows that are fetched at a time where there may be many.
PAGE_SIZE = 2_000
#: How long a statement waits for a lock or a free connection, seconds.
LOCK_TIMEOUT_S = 10.0


class DatabaseUnavailable(Exception):  # noqa: N818 - a state of the world, named like the ledger's
    """The database cannot be reached, or did not answer in time; nothing was written. Trying again is right."""


class WriteRefused(Exception):  # noqa: N818 - named after what happened
    """The database does not accept these values; trying again is pointless."""


class Row(tuple[Any, ...]):
    """One row: `row.column`, `row["column"]` or `row[0]`."""

    __slots__ = ()
    _places: ClassVar[dict[str, int]] = {}

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self._places[key] if isinstance(key, str) else key)

    def as_dict(self) -> dict[str, Any]:
        """Column name -> value."""
        return dict(zip(self._places, self, strict=True))


@lru_cache(maxsize=512)
def row_class(columns: tuple[str, ...]) -> type[Row]:
    """The rows of a statement with these columns. A report reads hundreds of thousands of them."""
    # The getters of a named tuple are written in C: a tenth of the time that `__getattr__` takes.
    named: Any = namedtuple("Row", list(columns), rename=True)  # type: ignore[misc]  # noqa: PYI024 - known when it has run
    places = {name: place for place, name in enumerate(columns)}
    return type("Row", (Row, named), {"__slots__": (), "__new__": tuple.__new__, "_places": places})


def to_id(text: str) -> UUID:
    """The id that a column spells."""
    # In C: a tenth of the time that `UUID` takes.
    return convert(text, UUID)


class IdTable(dict[str, UUID]):
    """The ids that columns spell, each made once: the same object is found in a dictionary without being compared."""

    def __missing__(self, text: str) -> UUID:
        made = self[text] = to_id(text)
        return made


def to_optional_id(text: str | None) -> UUID | None:
    """The id that a column spells; None where it is empty."""
    return convert(text, UUID) if text else None


class Backend(Protocol):
    """What differs between the two."""

    dialect: Dialect

    def session(self) -> AbstractContextManager[Session]: ...
    def transaction(self) -> AbstractContextManager[Transaction]: ...
    def try_write(self, expected: TableWrite, parts: Sequence[TableWrite]) -> bool: ...
    def query(self, sql: str, params: Params) -> list[Row]: ...
    def query_many(self, questions: Sequence[Query]) -> list[list[Row]]: ...
    def iterate(self, sql: str, params: Params) -> Iterator[list[Row]]: ...
    def copy_csv(self, sql: str, params: Params) -> Iterator[bytes]: ...
    def count_connections(self) -> tuple[int, int]: ...
    def close(self) -> None: ...


class Session(Protocol):
    """One connection for a while: several transactions that share temporary tables."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def create_temporary_table(self, table: Table) -> None:
        """Create an empty table that only this session sees, and that ends with it."""


class Transaction(Protocol):
    """One write transaction: all of it is kept, or nothing."""

    #: The end of a SELECT that locks its rows until the end of the transaction.
    for_update: str

    def execute(self, sql: str, params: Params = ...) -> int:
        """Run one statement; the number of rows it touched."""

    def query(self, sql: str, params: Params = ...) -> list[Row]: ...

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows that are not there yet, the fastest way there is. Values in the order of the table's columns."""

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, or replace those of the same key. No key may come twice."""

    def write(self, parts: Sequence[TableWrite]) -> None:
        """Write to several tables at once. A row that was to be ended and is not there is written as it should be."""

    def copy(self, table: Table, select: str) -> None:
        """Add the rows of a query, or replace those of the same key. The query must have a WHERE of its own."""

    def lock_migrations(self) -> None:
        """Wait until no other process migrates; held until the end of the transaction."""
