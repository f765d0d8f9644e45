"""What drift is made of: facts derived from one goal's stream alone, each with the event that it is.

Four tables. `drift_clock`: human judgements, pauses and resumptions. `drift_moves`: each accepted change of a due date
or a target. `drift_links`: which goal supports which, and when its owner last said so. `drift_material`: when a goal
changed materially, or ended. A fact never changes; it is believed from its event's log position on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain.envelope import Event, Recorded
from domain.goal import events as e
from domain.goal.evolve import evolve
from domain.goal.state import Ended, Goal, Promised
from domain.member import Member
from domain.quantities import exact, quantity
from domain.terms import Terms
from projections.database import Database, Row, statements
from projections.lens import Lens
from projections.tables import BELIEF, FOREVER, Column, Table
from projections.timeline import micros

_FACT = (
    *BELIEF,
    Column("event_id", "uuid", "The event that is this fact."),
    Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
)

CLOCK = Table(
    name="drift_clock",
    columns=(
        *_FACT,
        Column("kind", "text", "promise, check_in, affirmation or accepted_change (human judgements); resume."),
        Column("paused_from", "date", "First day of the pause that this accepted change agrees.", nullable=True),
        Column("resume_on", "date", "Day on which that pause ends of itself.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="Human judgements about a goal, its pauses and their ends: when was a goal last spoken about.",
)
MOVES = Table(
    name="drift_moves",
    columns=(
        *_FACT,
        Column("field", "text", "due or target."),
        Column("old", "text", "The date or quantity before."),
        Column("new", "text", "The date or quantity after."),
        Column("moved", "text", "New less old: days of a due date, units of a target; a decimal string."),
        Column("negotiated", "integer", "0: retroactive, accepted by the proposer, or under the tolerance; else 1."),
        Column("proposal_id", "uuid", "The proposal or counter that was accepted."),
    ),
    key=("organisation_id", "stream_id", "event_id", "field"),
    comment="Every accepted change of a due date or a target.",
)
LINKS = Table(
    name="drift_links",
    columns=(
        *_FACT,
        Column("parent", "uuid", "The goal that this one supports."),
        Column("affirmed", "integer", "1: promised, affirmed or renegotiated now; 0: supported no more."),
    ),
    key=("organisation_id", "stream_id", "event_id", "parent"),
    comment="When the owner of a goal last said that it supports another.",
)
MATERIAL = Table(
    name="drift_material",
    columns=(
        *_FACT,
        Column("what", "text", "The changed terms, parted by commas; or ended:<state>."),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="When a goal changed materially by an accepted change, or ended.",
)

Rows = dict[str, list[tuple[Any, ...]]]
_Fact = tuple[str, tuple[Any, ...]]
_COMPARED = ("due", "conditions", "supports", "priority")


class DriftFacts:
    """The projection: four tables of facts from one goal's stream."""

    name = "drift"
    version = 1
    kinds = frozenset({"goal"})
    tables = (CLOCK, MOVES, LINKS, MATERIAL)

    def rows(self, stream: Sequence[Recorded], after: int = 0) -> Rows:
        """The facts behind log position `after`, by table."""
        found: Rows = {table.name: [] for table in self.tables}
        goal: Goal | None = None
        for recorded in stream:
            before, goal = goal, evolve(goal, recorded)
            if recorded.log_position <= after:
                continue
            head = (str(recorded.organisation_id), str(recorded.stream_id), recorded.log_position, FOREVER)
            fact = (str(recorded.event_id), micros(recorded.occurred_at))
            for table, values in _facts(before, goal, recorded):
                found[table].append((*head, *fact, *values))
        return found


def _facts(before: Goal | None, goal: Goal | None, recorded: Recorded) -> Iterator[_Fact]:
    if isinstance(goal, Ended) and not isinstance(before, Ended):
        yield MATERIAL.name, (f"ended:{goal.state}",)
    elif isinstance(goal, Promised) and not isinstance(before, Promised):
        yield CLOCK.name, ("promise", None, None)
        yield from _affirmed(goal)
    elif isinstance(before, Promised) and isinstance(goal, Promised):
        tell = _TELLERS.get(type(recorded.data))
        if tell is not None:
            yield from tell(before, goal, recorded.data)


def _affirmed(goal: Promised) -> Iterator[_Fact]:
    for support in goal.terms.supports:
        if support.goal is not None:
            yield LINKS.name, (str(support.goal), 1)


def _judgement(kind: str) -> Callable[[Promised, Promised, Any], Iterator[_Fact]]:
    return lambda _before, _goal, _event: iter([(CLOCK.name, (kind, None, None))])


def _link_affirmed(_before: Promised, goal: Promised, event: e.LinkAffirmed) -> Iterator[_Fact]:
    yield CLOCK.name, ("affirmation", None, None)
    held = set(goal.terms.supports)
    for support in event.supports:
        if support.goal is not None and support in held:
            yield LINKS.name, (str(support.goal), 1)


def _dropped(before: Promised, goal: Promised, _event: Event) -> Iterator[_Fact]:
    kept = {support.goal for support in goal.terms.supports}
    for support in before.terms.supports:
        if support.goal is not None and support.goal not in kept:
            yield LINKS.name, (str(support.goal), 0)


def _accepted(before: Promised, goal: Promised, event: e.ChangeAccepted) -> Iterator[_Fact]:
    """The owner has promised anew: a judgement, and every link of the new terms is affirmed by it."""
    proposal = before.proposal
    if proposal is None:
        return
    pause = proposal.changes.pause
    days = (pause.paused_from.isoformat(), pause.resume_on.isoformat()) if pause else (None, None)
    yield CLOCK.name, ("accepted_change", *days)
    yield from _affirmed(goal)
    yield from _dropped(before, goal, event)
    self_set = before.owner == before.sponsor
    negotiated = 0 if proposal.retroactive or event.self_accepted or self_set else 1
    for field, old, new, moved in _moved(before.terms, goal.terms):
        yield MOVES.name, (field, old, new, moved, negotiated, str(proposal.id))
    what = [*_changed(before, goal), *(["pause"] if pause else [])]
    if what:
        yield MATERIAL.name, (",".join(what),)


def _moved(old: Terms, new: Terms) -> Iterator[tuple[str, str, str, str]]:
    """Field, old, new, and new less old, of the due date and of the target."""
    if old.due != new.due:
        yield "due", old.due.isoformat(), new.due.isoformat(), str((new.due - old.due).days)
    was, is_ = old.measure.target, new.measure.target
    if was is not None and is_ is not None and exact(was) != exact(is_):
        difference = exact(is_) - exact(was)
        yield "target", was, is_, quantity(f"{float(difference):.6f}", "/target")


def _changed(before: Promised, goal: Promised) -> Iterator[str]:
    """Which of the terms that others build on differ: a title, a start or a smaller effort are none of them."""
    old, new = before.terms, goal.terms
    if old.measure.target != new.measure.target:
        yield "target"
    elif old.measure != new.measure:
        yield "measure"
    yield from (name for name in _COMPARED if getattr(old, name) != getattr(new, name))
    if old.effort_hours and new.effort_hours and exact(new.effort_hours) > exact(old.effort_hours):
        yield "effort"
    yield from (role for role in ("owner", "sponsor") if getattr(before, role) != getattr(goal, role))


_TELLERS: dict[type, Callable[[Promised, Promised, Any], Iterator[_Fact]]] = {
    e.CheckedIn: _judgement("check_in"),
    e.Affirmed: _judgement("affirmation"),
    e.LinkAffirmed: _link_affirmed,
    e.Unlinked: _dropped,
    e.Resumed: _judgement("resume"),
    e.ChangeAccepted: _accepted,
}

DRIFT = DriftFacts()


# --- what a lens shows of them ---------------------------------------------------------------------------------------


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
    """A goal that is supported, and when that was last said; microseconds UTC."""

    parent: UUID
    event_id: UUID
    at: int


class Material(msgspec.Struct, frozen=True):
    """A material change of a goal, or its end; microseconds UTC."""

    event_id: UUID
    at: int
    what: str


class Parent(msgspec.Struct, frozen=True):
    """A supported goal as far as a sentence needs it."""

    title: str
    owner: UUID | None


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

    def rows(name: str, ids: Iterable[UUID]) -> list[Row]:
        return list(_rows(database, lens, name, sorted(map(str, set(ids)))))

    own = [goal.id for goal in goals]
    links = _listed(rows("links", own), lambda r: Link(UUID(r.parent), UUID(r.event_id), r.occurred_at))
    parents = {link.parent for held in links.values() for link in held}
    return Facts(
        judged={UUID(r.stream_id): Judgement(UUID(r.event_id), r.occurred_at) for r in rows("judged", own)},
        pauses=_listed(rows("pauses", own), lambda r: PauseFact(r.occurred_at, _day(r.paused_from), _day(r.resume_on))),
        moves=_listed(rows("moves", own), lambda r: Move(UUID(r.event_id), r.field, exact(r.moved), r.negotiated == 1)),
        links=links,
        material=_listed(rows("material", parents), lambda r: Material(UUID(r.event_id), r.occurred_at, r.what)),
        parents={
            UUID(r.stream_id): Parent(r.title, UUID(r.owner) if r.owner else None) for r in rows("parents", parents)
        },
        owners={UUID(r.stream_id): _MEMBER.decode(r.body) for r in rows("owners", (goal.owner for goal in goals))},
    )


#: Ids in one statement: few enough for any database's limit of parameters.
_SLICE = 400


def _rows(database: Database, lens: Lens, name: str, ids: Sequence[str]) -> Iterator[Row]:
    """A stream's rows stay together: each id is in one slice only."""
    for start in range(0, len(ids), _SLICE):
        part = {f"id_{n}": value for n, value in enumerate(ids[start : start + _SLICE])}
        sql = statements("drift")[name].replace(":ids", ", ".join(f":{key}" for key in part))
        yield from database.query(sql, {**lens.params, **part})


_MEMBER = msgspec.json.Decoder(Member)
T = TypeVar("T")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _listed(rows: list[Row], made: Callable[[Row], T]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = {}
    for row in rows:
        found.setdefault(UUID(row.stream_id), []).append(made(row))
    return found
