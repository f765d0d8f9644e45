"""What one lens shows of the facts behind drift: judgements, pauses, moves, links, and what became of their parents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TypeVar
from uuid import UUID

import msgspec

from domain.goal.state import Promised
from domain.member import Member
from domain.quantities import to_fraction
from projections.database import Database, Query, Row, named_statements
from projections.lens import AsOf


class Judgement(msgspec.Struct, frozen=True):
    """The last human judgement about a goal; microseconds UTC."""

    event_id: UUID
    at: int


class PauseFact(msgspec.Struct, frozen=True):
    """A pause agreed at `at` (microseconds UTC), or, without days, its early end."""

    at: int
    paused_from: date | None
    resume_on: date | None


class Move(msgspec.Struct, frozen=True):
    """An accepted change of a due date (days) or target (units)."""

    event_id: UUID
    field: str
    moved: Fraction
    negotiated: bool


class Link(msgspec.Struct, frozen=True):
    """A goal or purpose that is supported, and when that was last said; microseconds UTC."""

    parent: UUID
    event_id: UUID
    at: int
    #: The parent is a charter: its purpose is served.
    purpose: bool = False


class MaterialChange(msgspec.Struct, frozen=True):
    """A material change of a goal, its end, or the revision of a purpose; microseconds UTC."""

    event_id: UUID
    at: int
    what: str


class SupportedGoal(msgspec.Struct, frozen=True):
    """A supported goal as far as a sentence needs it."""

    title: str
    owner: UUID | None
    state: str


class DriftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one lens shows about the goals asked for; by goal, lists in log order."""

    judged: dict[UUID, Judgement]
    pauses: dict[UUID, list[PauseFact]]
    moves: dict[UUID, list[Move]]
    links: dict[UUID, list[Link]]
    #: By parent.
    material: dict[UUID, list[MaterialChange]]
    parents: dict[UUID, SupportedGoal]
    #: Present and departed owners.
    owners: dict[UUID, Member]


def load_facts(database: Database, as_of: AsOf, goals: Sequence[Promised]) -> DriftFacts:
    """The facts behind these goals, their parents and their owners."""
    own = sorted({str(goal.id) for goal in goals})
    owners = sorted({str(goal.owner) for goal in goals})
    of = {**dict.fromkeys(("judged", "pauses", "moves", "links"), own), "owners": owners}
    rows = _together(database, as_of, of)
    links = _listed(rows["links"], _link)
    parents = sorted({str(link.parent) for held in links.values() for link in held})
    rows |= _together(database, as_of, dict.fromkeys(("material", "parents"), parents))
    return DriftFacts(
        judged={UUID(r.stream_id): Judgement(UUID(r.event_id), r.occurred_at) for r in rows["judged"]},
        pauses=_listed(rows["pauses"], lambda r: PauseFact(r.occurred_at, _day(r.paused_from), _day(r.resume_on))),
        moves=_listed(
            rows["moves"], lambda r: Move(UUID(r.event_id), r.field, to_fraction(r.moved), r.negotiated == 1)
        ),
        links=links,
        material=_listed(rows["material"], lambda r: MaterialChange(UUID(r.event_id), r.occurred_at, r.what)),
        parents={UUID(row.stream_id): _parent(row) for row in rows["parents"]},
        owners={UUID(r.stream_id): _MEMBER.decode(r.body) for r in rows["owners"]},
    )


def links_at(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, list[Link]]:
    """What each of these goals supports, by goal."""
    return _listed(fact_rows(database, as_of, "links", goals), _link)


def parents_at(database: Database, as_of: AsOf, ids: Iterable[UUID]) -> dict[UUID, SupportedGoal]:
    """These goals by their titles, owners and states; an id that is no goal's is left out."""
    return {UUID(row.stream_id): _parent(row) for row in fact_rows(database, as_of, "parents", ids)}


def all_links(database: Database, as_of: AsOf) -> tuple[dict[UUID, list[Link]], dict[UUID, SupportedGoal]]:
    """Every goal's links, and every goal: for chains so long that asking level by level would take more."""
    rows = {}
    for name in ("links", "parents"):
        sql = named_statements("drift")[name].replace(_OF_IDS, "")
        rows[name] = database.query(sql, as_of.params)
    return _listed(rows["links"], _link), {UUID(row.stream_id): _parent(row) for row in rows["parents"]}


def _link(row: Row) -> Link:
    return Link(UUID(row.parent), UUID(row.event_id), row.occurred_at, row.purpose == 1)


def _parent(row: Row) -> SupportedGoal:
    return SupportedGoal(row.title, UUID(row.owner) if row.owner else None, row.state)


#: How a statement of `sql/drift.sql` says that it is about some goals.
_OF_IDS = " AND stream_id IN (:ids)"
#: Ids in one statement: few enough for any database's limit of parameters.
_SLICE = 400


def fact_rows(database: Database, as_of: AsOf, name: str, ids: Iterable[UUID]) -> list[Row]:
    """The rows of one statement of `sql/drift.sql` for these ids."""
    return _together(database, as_of, {name: sorted(map(str, set(ids)))})[name]


def _together(database: Database, as_of: AsOf, of: Mapping[str, Sequence[str]]) -> dict[str, list[Row]]:
    """The rows of several statements, each for its ids, by name.

    A stream's rows stay together: each id is in one slice only.
    """
    names, questions = list[str](), list[Query]()
    for name, ids in of.items():
        for start in range(0, len(ids), _SLICE):
            part = {f"id_{n}": value for n, value in enumerate(ids[start : start + _SLICE])}
            sql = named_statements("drift")[name].replace(":ids", ", ".join(f":{key}" for key in part))
            names.append(name)
            questions.append((sql, {**as_of.params, **part}))
    found: dict[str, list[Row]] = {name: [] for name in of}
    for name, rows in zip(names, database.query_many(questions) if questions else (), strict=True):
        found[name] += rows
    return found


_MEMBER = msgspec.json.Decoder(Member)
T = TypeVar("T")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _listed(rows: list[Row], made: Callable[[Row], T]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = {}
    for row in rows:
        found.setdefault(UUID(row.stream_id), []).append(made(row))
    return found
