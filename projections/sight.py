"""What sentences and lists may say to the one who asks: names of streams, and entries of their histories.

Whatever makes a sentence, or lists names, takes a `Sight` and asks it; none decides by itself who may read a title. The
rules are in `services.visibility`; `EVERYTHING` is for those from whom nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from projections.as_of import AsOf
from projections.database.database import Database, query_by_ids


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of a history is made from, the event and its values each as the JSON that is stored."""

    kind: str
    stream_id: str
    version: int
    type: str
    data: str
    before: str
    after: str


class Sight(Protocol):
    """What the one who asks may see of names and histories."""

    def load_names(self, database: Database, as_of: AsOf, ids: Iterable[UUID | str | None]) -> Mapping[str, str]:
        """Id -> how people called it at `as_of`; an id that nothing may be known of is left out."""
        ...

    def redact_entry(self, entry: StoredEntry) -> StoredEntry | None:
        """An entry of a stream that may be seen, reduced; None: not even that it happened."""
        ...


class StreamName(NamedTuple):
    """How a stream of this kind was called."""

    kind: str
    id: str
    name: str


def load_stream_names(database: Database, as_of: AsOf, ids: Iterable[UUID | str | None]) -> list[StreamName]:
    """How people called these at `as_of`: a member's or team's name, a goal's title, else its reference.

    What began later is called as it was at its beginning. An id that nothing was known of is left out.
    """
    wanted = sorted({str(i) for i in ids if i is not None})
    rows = query_by_ids(database, "people", {"names": wanted}, as_of.params)["names"]
    return [StreamName(row.kind, row.id, row.name) for row in rows if row.name]


class _Everything:
    def load_names(self, database: Database, as_of: AsOf, ids: Iterable[UUID | str | None]) -> Mapping[str, str]:
        return {named.id: named.name for named in load_stream_names(database, as_of, ids)}

    def redact_entry(self, entry: StoredEntry) -> StoredEntry | None:
        return entry


#: Nothing is hidden: for operators, and for tests.
EVERYTHING: Sight = _Everything()
