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
from domain.quantities import exact
from projections.database import Database, Question, Row, statements
from projections.lens import Lens


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


class Material(msgspec.Struct, frozen=True):
    """A material change of a goal, its end, or the revision of a purpose; microseconds UTC."""

    event_id: UUID
    at: int
    what: str


class Parent(msgspec.Struct, frozen=True):
    """A supported goal as far as a sentence needs it."""

    title: str
    owner: UUID | None
    state: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one lens shows about the goals asked for; by goal, lists in log order."""

    judged: dict[UUID, Judgement]
    pauses: dict[UUID, list[PauseFact]]
    moves: dict[UUID, list[Move]]
    links: dict[UUID, list[Link]]
    #: By parent.
    material: dict[UUID, list[Material]]
    parents: dict[UUID, Parent]
    #: Present and departed owners.
    owners: dict[UUID, Member]


def facts_at(database: Database, lens: Lens, goals: Sequence[Promised]) -> Facts:
    """The facts behind these goals, their parents and their owners."""
    own = sorted({str(goal.id) for goal in goals})
    owners = sorted({str(goal.owner) for goal in goals})
    of = {**dict.fromkeys(("judged", "pauses", "moves", "links"), own), "owners": owners}
    rows = _together(database, lens, of)
    links = _listed(rows["links"], _link)
    parents = sorted({str(link.parent) for held in links.values() for link in held})
    rows |= _together(database, lens, dict.fromkeys(("material", "parents"), parents))
    return Facts(
        judged={UUID(r.stream_id): Judgement(UUID(r.event_id), r.occurred_at) for r in rows["judged"]},
        pauses=_listed(rows["pauses"], lambda r: PauseFact(r.occurred_at, _day(r.paused_from), _day(r.resume_on))),
        moves=_listed(rows["moves"], lambda r: Move(UUID(r.event_id), r.field, exact(r.moved), r.negotiated == 1)),
        links=links,
        material=_listed(rows["material"], lambda r: Material(UUID(r.event_id), r.occurred_at, r.what)),
        parents={UUID(row.stream_id): _parent(row) for row in rows["parents"]},
        owners={UUID(r.stream_id): _MEMBER.decode(r.body) for r in rows["owners"]},
    )


def links_at(database: Database, lens: Lens, goals: Iterable[UUID]) -> dict[UUID, list[Link]]:
    """What each of these goals supports, by goal."""
    return _listed(fact_rows(database, lens, "links", goals), _link)


def parents_at(database: Database, lens: Lens, ids: Iterable[UUID]) -> dict[UUID, Parent]:
    """These goals by their titles, owners and states; an id that is no goal's is left out."""
    return {UUID(row.stream_id): _parent(row) for row in fact_rows(database, lens, "parents", ids)}


def everything_at(database: Database, lens: Lens) -> tuple[dict[UUID, list[Link]], dict[UUID, Parent]]:
    """Every goal's links, and every goal: for chains so long that asking level by level would take more."""
    rows = {}
    for name in ("links", "parents"):
        sql = statements("drift")[name].replace(_OF_IDS, "")
        rows[name] = database.query(sql, lens.params)
    return _listed(rows["links"], _link), {UUID(row.stream_id): _parent(row) for row in rows["parents"]}


def _link(row: Row) -> Link:
    return Link(UUID(row.parent), UUID(row.event_id), row.occurred_at, row.purpose == 1)


def _parent(row: Row) -> Parent:
    return Parent(row.title, UUID(row.owner) if row.owner else None, row.state)


#: How a statement of `sql/drift.sql` says that it is about some goals.
_OF_IDS = " AND stream_id IN (:ids)"
#: Ids in one statement: few enough for any database's limit of parameters.
_SLICE = 400


def fact_rows(database: Database, lens: Lens, name: str, ids: Iterable[UUID]) -> list[Row]:
    """The rows of one statement of `sql/drift.sql` for these ids."""
    return _together(database, lens, {name: sorted(map(str, set(ids)))})[name]


def _together(database: Database, lens: Lens, of: Mapping[str, Sequence[str]]) -> dict[str, list[Row]]:
    """The rows of several statements, each for its ids, by name.

    A stream's rows stay together: each id is in one slice only.
    """
    names, questions = list[str](), list[Question]()
    for name, ids in of.items():
        for start in range(0, len(ids), _SLICE):
            part = {f"id_{n}": value for n, value in enumerate(ids[start : start + _SLICE])}
            sql = statements("drift")[name].replace(":ids", ", ".join(f":{key}" for key in part))
            names.append(name)
            questions.append((sql, {**lens.params, **part}))
    found: dict[str, list[Row]] = {name: [] for name in of}
    for name, rows in zip(names, database.together(questions) if questions else (), strict=True):
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
