"""Events of all streams, the latest first: whose act, which stream, which type, why, and on which days.

A question walks back in business time, by the narrowest index that it has, and looks at so many events and no more:
what it has not found by then, its next page goes on to look for. So a page costs the same however long the log is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from domain.text import compose, decompose
from projections.as_of import AsOf
from projections.database.database import Database, to_id
from projections.database.paging import Cursor, decode_cursor, encode_cursor, query_digest_of
from projections.database.sql import in_clause, without_nul
from projections.database.tables import END_OF_TIME
from projections.history.history import HistoryEntry, render_rows
from projections.sight import Sight

#: Events that a page looks at, step by step: most pages are full after the first.
STEPS = (1_000, 4_000, 15_000)
#: A search for more types than these walks through all events.
_MAX_WALKED_TYPES = 6
#: Latest before earliest; of one instant, what was recorded later.
_ORDER = "ORDER BY occurred_at DESC, position DESC"


class EventSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which events; what is not named does not narrow."""

    #: Whose act it was, who recorded it, or whose own stream it is of.
    person: UUID | None = None
    stream: UUID | None = None
    types: tuple[str, ...] = ()
    #: Codes of reasons.
    reasons: tuple[str, ...] = ()
    #: Each in the words of the reason; the case of ASCII letters does not count.
    words: tuple[str, ...] = ()
    #: Days of business time in the organisation's zone, inclusive.
    first: date | None = None
    last: date | None = None
    position: int | None = None


class FoundEvent(HistoryEntry, frozen=True, kw_only=True):
    """One event in plain words, and of which stream it is."""

    kind: str
    stream: UUID
    #: The event itself.
    data: dict[str, Any]


class FoundEvents(msgspec.Struct, frozen=True, kw_only=True):
    """A page of them, the latest first; `next` is null where there are no more."""

    events: list[FoundEvent]
    next: str | None


class EventKey(NamedTuple):
    """Where an event stands in the order of a search, and of which stream it is."""

    occurred_at: int
    position: int
    kind: str
    stream_id: UUID


#: Those of these events that may be shown.
ShownFilter = Callable[[Sequence[EventKey]], Iterable[EventKey]]
_Place = tuple[int, int]
#: Days beyond which there is nothing.
_EARLIEST, _LATEST = date(1900, 1, 1), date(9998, 12, 31)


def search_events(  # noqa: PLR0913 - what, as of when, for whom, and which page of it
    database: Database,
    as_of: AsOf,
    wanted: EventSearch,
    *,
    sight: Sight,
    shown: ShownFilter | None,
    walks_all: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> FoundEvents:
    """A page of what is found. Later pages see the same moment as the first.

    `shown` reduces what is found to what may be seen; None: all of it. `walks_all`: every event is looked at, and not
    those of the person or type alone, so that where a page ends says nothing of a hidden one.
    Raises `InvalidField` for a cursor that another question gave.
    """
    digest = query_digest_of(str(as_of.organisation_id), wanted)
    place = (_last_micros(as_of, wanted), END_OF_TIME)
    if cursor is not None:
        given = decode_cursor(cursor, digest, number=True)
        as_of = msgspec.structs.replace(as_of, at=from_micros(given.at), known_position=given.known)
        place = (int(given.key), UUID(given.id).int)
    keys, end = _find_keys(_Walk(database, as_of, wanted, walks_all=walks_all), place, limit, shown)
    return FoundEvents(
        events=_load_events(database, as_of, keys, sight),
        next=None if end is None else _encode_place(as_of, digest, end),
    )


def _encode_place(as_of: AsOf, digest: str, place: _Place) -> str:
    at, known = to_micros(as_of.at), as_of.known_position
    return encode_cursor(Cursor(at=at, known=known, query_digest=digest, key=place[0], id=str(UUID(int=place[1]))))


def _find_keys(
    walk: _Walk, place: _Place, limit: int, shown: ShownFilter | None
) -> tuple[list[EventKey], _Place | None]:
    """The keys of the page, and where the next one begins."""
    found: list[EventKey] = []
    # The sight of each stream is looked up: for who does not see everything one step is enough.
    for step in STEPS if shown is None else STEPS[:1]:
        keys, end = walk.look(place, step, limit + 1)
        found += keys if shown is None else shown(keys)
        if len(found) > limit:
            return found[:limit], found[limit - 1][:2]
        if end is None:
            return found, None
        place = end
    return found, place


class _Walk:
    """Steps back in time through the events of one search."""

    def __init__(self, database: Database, as_of: AsOf, wanted: EventSearch, *, walks_all: bool) -> None:
        self._database = database
        self._arms, self._filters, self._params = _build_conditions(wanted, walks_all=walks_all)
        self._params |= as_of.params | {"since": _first_micros(as_of, wanted)}

    def look(self, place: _Place, step: int, limit: int) -> tuple[list[EventKey], _Place | None]:
        """What is found in the next `step` events of each arm, and up to where all were looked at; None: to the end.

        Where there are more than `limit`, it is the first of them.
        """
        params = {**self._params, "before_at": place[0], "before": place[1], "step": step, "rows": limit}
        questions = [(_FIND.format(arm=arm, filters=self._filters), params) for arm in self._arms]
        questions += [(_END.format(arm=arm), {**params, "skipped": step - 1}) for arm in self._arms]
        answers = self._database.query_many(questions)
        ends = [(row.occurred_at, row.position) for rows in answers[len(self._arms) :] for row in rows]
        end = max(ends, default=None)
        keys = {
            EventKey(row.occurred_at, row.position, row.kind, to_id(row.stream_id))
            for rows in answers[: len(self._arms)]
            for row in rows
        }
        # Another arm has events between its end and what was found further back.
        found = sorted((key for key in keys if end is None or key[:2] >= end), reverse=True)
        return found[:limit], end


_KNOWN = """
organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known AND occurred_at >= :since
  AND (occurred_at, position) < (:before_at, :before) AND {arm}
"""
_FIND = f"""
SELECT occurred_at, position, kind, stream_id FROM (
  SELECT occurred_at, position, kind, stream_id, type, reason, actor, on_behalf_of FROM history
  WHERE {_KNOWN} {_ORDER} LIMIT :step
) AS looked_at WHERE {{filters}} {_ORDER} LIMIT :rows
"""
_END = f"SELECT occurred_at, position FROM history WHERE {_KNOWN} {_ORDER} LIMIT 1 OFFSET :skipped"


def _build_conditions(wanted: EventSearch, *, walks_all: bool) -> tuple[list[str], str, dict[str, Any]]:
    """By which conditions it walks, each with an index of its own; what its events must fulfil; and the values."""
    filters: list[str] = ["1 = 1"]
    params: dict[str, Any] = {}
    by_person = ["actor = :person", "on_behalf_of = :person", "stream_id = :person"]
    if wanted.person is not None:
        filters.append(f"({' OR '.join(by_person)})")
        params["person"] = str(wanted.person)
    if wanted.stream is not None:
        filters.append("stream_id = :stream")
        params["stream"] = str(wanted.stream)
    if wanted.position is not None:
        filters.append("position = :only")
        params["only"] = wanted.position
    types, values = in_clause("type", wanted.types)
    if wanted.types:
        filters.append(f"type IN ({types})")
        params |= values
    if wanted.reasons:
        codes = [f'{{"code":{msgspec.json.encode(code).decode()}%' for code in wanted.reasons]
        filters.append(f"({' OR '.join(f'reason LIKE :code_{n}' for n, _ in enumerate(codes))})")
        params |= {f"code_{n}": code for n, code in enumerate(codes)}
    for number, word in enumerate(wanted.words):
        # What was written stands as it was sent: composed or not.
        forms = dict.fromkeys((compose(word), decompose(word)))
        either = [f"LOWER(reason) LIKE :word_{number}_{form} ESCAPE '\\'" for form, _ in enumerate(forms)]
        filters.append(f"({' OR '.join(either)})")
        params |= {f"word_{number}_{form}": f'%"text":"%{_escape(each)}%' for form, each in enumerate(forms)}
    if wanted.position is not None:
        arms = ["position = :only"]
    elif wanted.stream is not None:
        arms = ["stream_id = :stream"]
    elif walks_all:
        arms = ["1 = 1"]
    elif wanted.person is not None:
        arms = by_person
    elif 0 < len(wanted.types) <= _MAX_WALKED_TYPES:
        arms = [f"type = :{name}" for name in values]
    else:
        arms = ["1 = 1"]
    return arms, " AND ".join(filters), params


def _escape(word: str) -> str:
    """As it stands in JSON, in lower case, with nothing that LIKE takes for another thing."""
    text = msgspec.json.encode(without_nul(word)).decode()[1:-1]
    lower = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    return lower.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _first_micros(as_of: AsOf, wanted: EventSearch) -> int:
    if wanted.first is None or wanted.first < _EARLIEST:
        return -END_OF_TIME
    return to_micros(datetime.combine(wanted.first, time(), as_of.tzinfo))


def _last_micros(as_of: AsOf, wanted: EventSearch) -> int:
    if wanted.last is None or wanted.last > _LATEST:
        return to_micros(as_of.at)
    return to_micros(datetime.combine(wanted.last + timedelta(days=1), time(), as_of.tzinfo)) - 1


def _load_events(database: Database, as_of: AsOf, keys: Sequence[EventKey], sight: Sight) -> list[FoundEvent]:
    """These events in plain words, in their order; without what may not be seen of their streams."""
    if not keys:
        return []
    marks, values = in_clause("position", [key.position for key in keys])
    params = {name: int(value) for name, value in values.items()} | {"organisation_id": str(as_of.organisation_id)}
    sql = f"SELECT * FROM history WHERE organisation_id = :organisation_id AND position IN ({marks}) {_ORDER}"
    return [
        FoundEvent(
            kind=stored.kind,
            stream=to_id(stored.stream_id),
            data=msgspec.json.decode(stored.data),
            **{name: getattr(entry, name) for name in HistoryEntry.__struct_fields__},
        )
        for stored, entry in render_rows(database, as_of, database.query(sql, params), sight)
    ]
