"""Links between goals and purposes, along which causes run: statements about each, changes above and below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from domain.goal.state import Goal
from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import (
    Database,
    IdTable,
    Row,
    group_by_stream,
    named_statements,
    query_by_ids,
    to_id,
    to_optional_id,
)

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
#: Causes are followed through at most so many steps, up or down.
MAX_DEPTH = 5
#: At most so many entries are listed, up or down.
MAX_ENTRIES = 200

#: How a cause is known: the proposal names the event, or states its trigger.
CausedBy = Literal["causation", "trigger"]


class Link(msgspec.Struct, frozen=True):
    """A goal or purpose that is supported, and when that was last stated; microseconds UTC."""

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


class Unaffirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose parent moved on after its owner last affirmed it."""

    link: Link
    #: What happened to the parent since, in log order of time; never empty.
    since: list[MaterialChange]
    #: From the first of it until `as_of`.
    days: Fraction
    #: By when its owner is to affirm, renegotiate or unlink.
    until: datetime
    overdue: bool


class LinkStatement(msgspec.Struct, frozen=True, kw_only=True):
    """An act's statement about one link; instants in microseconds UTC."""

    goal: UUID
    parent: UUID
    #: The parent is a charter.
    purpose: bool
    event_id: UUID
    at: int
    #: Whether the goal supports the parent from then on.
    affirmed: bool
    how: Literal["promised", "affirmed", "renegotiated", "unlinked"]
    trigger: str | None
    cause: UUID | None
    #: When a renegotiation was proposed; of any other act when it happened.
    said_at: int

    def find_cause(self, above: Iterable[MaterialChange]) -> tuple[MaterialChange, CausedBy] | None:
        """Which of these events above led to it: the one it names, else the last one before it."""
        changes = list(above)
        for material in changes:
            if self.cause is not None and material.event_id == self.cause:
                return material, "causation"
        earlier = [material for material in changes if material.at <= self.said_at]
        if earlier and self.trigger == ("purpose" if self.purpose else "parent"):
            return earlier[-1], "trigger"
        return None


def load_statements_by_parent(
    database: Database, as_of: AsOf, parents: Iterable[UUID]
) -> dict[UUID, list[LinkStatement]]:
    """The statements about links to these goals and charters, by parent, oldest first."""
    return _group_statements(query_facts(database, as_of, "supporters", parents), "parent")


def load_statements_by_goal(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, list[LinkStatement]]:
    """The statements about links of these goals, by goal, oldest first."""
    return _group_statements(query_facts(database, as_of, "supported", goals), "goal")


def _group_statements(rows: Iterable[Row], key: str) -> dict[UUID, list[LinkStatement]]:
    statements: dict[UUID, list[LinkStatement]] = {}
    for row in rows:
        statement = LinkStatement(
            goal=to_id(row.stream_id),
            parent=to_id(row.parent),
            purpose=row.purpose == 1,
            event_id=to_id(row.event_id),
            at=row.occurred_at,
            affirmed=row.affirmed == 1,
            how=row.how,
            trigger=row.trigger,
            cause=to_optional_id(row.cause),
            said_at=row.occurred_at if row.said_at is None else row.said_at,
        )
        statements.setdefault(getattr(statement, key), []).append(statement)
    return statements


def load_material_changes(database: Database, as_of: AsOf, streams: Iterable[UUID]) -> dict[UUID, list[MaterialChange]]:
    """When these goals changed materially or ended, and these charters' purposes were revised; oldest first."""
    changes: dict[UUID, list[MaterialChange]] = {}
    for row in query_facts(database, as_of, "material", streams):
        changes.setdefault(to_id(row.stream_id), []).append(
            MaterialChange(to_id(row.event_id), row.occurred_at, row.what)
        )
    return changes


_GOAL: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)


def load_goals_by_id(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, Goal]:
    """These goals as `as_of` shows them; an id that is no goal's is left out."""
    return {to_id(row.stream_id): _GOAL.decode(row.body) for row in query_facts(database, as_of, "states", goals)}


def find_end_of_goal(material: Iterable[MaterialChange]) -> MaterialChange | None:
    """The end of a goal among what happened to it."""
    return next((m for m in material if m.what.startswith("ended:")), None)


def find_unaffirmed_link(link: Link, material: Iterable[MaterialChange], as_of: AsOf) -> Unaffirmed | None:
    """The link where its parent (`material` is what happened to it) moved on after it was affirmed; else None.

    A change at the very instant of the affirmation came before it. The window is the policy's `unaffirmed_days`.
    """
    since = [m for m in material if m.at > link.at]
    if not since:
        return None
    days = Fraction(to_micros(as_of.at) - since[0].at, _DAY // _MICROSECOND)
    until = from_micros(since[0].at) + timedelta(days=as_of.policy.policy.unaffirmed_days)
    return Unaffirmed(link=link, since=since, days=days, until=until, overdue=as_of.at > until)


def links_at(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, list[Link]]:
    """What each of these goals supports, by goal."""
    return group_links(select_standing_links(query_facts(database, as_of, "links", goals)))


def group_links(standing: Iterable[Row]) -> dict[UUID, list[Link]]:
    """What each goal supports, from the rows of links that stand, by goal."""
    ids = IdTable()
    return group_by_stream(
        standing, lambda row: Link(ids[row.parent], to_id(row.event_id), row.occurred_at, row.purpose == 1)
    )


def select_standing_links(rows: Iterable[Row]) -> list[Row]:
    """Of all that was said about each link, oldest first, the last, where the goal still supports the parent."""
    last = {(row.stream_id, row.parent): row for row in rows}
    return [row for row in last.values() if row.affirmed == 1]


def parents_at(database: Database, as_of: AsOf, ids: Iterable[UUID]) -> dict[UUID, SupportedGoal]:
    """These goals by their titles, owners and states; an id that is no goal's is left out."""
    return {to_id(row.stream_id): to_supported_goal(row) for row in query_facts(database, as_of, "parents", ids)}


def load_all_links(database: Database, as_of: AsOf) -> tuple[dict[UUID, list[Link]], dict[UUID, SupportedGoal]]:
    """Every goal's links, and every goal: for chains so long that asking level by level would take more."""
    parents = database.query(named_statements("drift")["parents"].replace(_IDS_CONDITION, ""), as_of.params)
    called = {to_id(row.stream_id): to_supported_goal(row) for row in parents}
    return group_links(load_standing_links(database, as_of)), called


def load_standing_links(database: Database, as_of: AsOf) -> list[Row]:
    """The rows of every link that stands, of every goal."""
    sql = named_statements("drift")["links"].replace(_IDS_CONDITION, "")
    return select_standing_links(database.query(sql, as_of.params))


def to_supported_goal(row: Row) -> SupportedGoal:
    return SupportedGoal(row.title, to_optional_id(row.owner), row.state)


#: The predicate of `sql/drift.sql` that selects some goals.
_IDS_CONDITION = " AND stream_id IN (:ids)"


def query_facts(database: Database, as_of: AsOf, name: str, ids: Iterable[UUID]) -> list[Row]:
    """The rows of one statement of `sql/drift.sql` for these ids."""
    return query_by_ids(database, "drift", {name: sorted(map(str, set(ids)))}, as_of.params)[name]
