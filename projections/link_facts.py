"""Links between goals and purposes as causes run along them: what was said of each, what moved above and below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import msgspec

from domain.goal.state import Goal
from projections.database import Database, Row
from projections.drift_evidence import MaterialChange, fact_rows
from projections.lens import AsOf

#: What caused a thing is told through at most so many steps, up or down.
MAX_DEPTH = 5
#: At most so many entries are told, up or down.
MAX_ENTRIES = 200

#: What says that one thing led to another: its proposal names the event, or says what set it off.
CausedBy = Literal["causation", "trigger"]


class LinkStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What an act below said about one link; instants in microseconds UTC."""

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

    def because(self, above: Iterable[MaterialChange]) -> tuple[MaterialChange, CausedBy] | None:
        """Which of these events above led to it: the one it names, else the last one before it was said."""
        told = list(above)
        for material in told:
            if self.cause is not None and material.event_id == self.cause:
                return material, "causation"
        earlier = [material for material in told if material.at <= self.said_at]
        if earlier and self.trigger == ("purpose" if self.purpose else "parent"):
            return earlier[-1], "trigger"
        return None


def statements_by_parent(database: Database, as_of: AsOf, parents: Iterable[UUID]) -> dict[UUID, list[LinkStatement]]:
    """What was said about the links to these goals and charters, by parent, oldest first."""
    return _said(fact_rows(database, as_of, "supporters", parents), "parent")


def statements_by_goal(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, list[LinkStatement]]:
    """What was said about the links of these goals, by goal, oldest first."""
    return _said(fact_rows(database, as_of, "supported", goals), "goal")


def _said(rows: Iterable[Row], key: str) -> dict[UUID, list[LinkStatement]]:
    found: dict[UUID, list[LinkStatement]] = {}
    for row in rows:
        said = LinkStatement(
            goal=UUID(row.stream_id),
            parent=UUID(row.parent),
            purpose=row.purpose == 1,
            event_id=UUID(row.event_id),
            at=row.occurred_at,
            affirmed=row.affirmed == 1,
            how=row.how,
            trigger=row.trigger,
            cause=UUID(row.cause) if row.cause else None,
            said_at=row.occurred_at if row.said_at is None else row.said_at,
        )
        found.setdefault(getattr(said, key), []).append(said)
    return found


def material_changes(database: Database, as_of: AsOf, streams: Iterable[UUID]) -> dict[UUID, list[MaterialChange]]:
    """When these goals changed materially or ended, and these charters' purposes were revised; oldest first."""
    found: dict[UUID, list[MaterialChange]] = {}
    for row in fact_rows(database, as_of, "material", streams):
        found.setdefault(UUID(row.stream_id), []).append(MaterialChange(UUID(row.event_id), row.occurred_at, row.what))
    return found


_GOAL: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)


def goals_by_id(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, Goal]:
    """These goals as the lens shows them; an id that is no goal's is left out."""
    return {UUID(row.stream_id): _GOAL.decode(row.body) for row in fact_rows(database, as_of, "states", goals)}


def ended(material: Iterable[MaterialChange]) -> MaterialChange | None:
    """The end of a goal among what happened to it."""
    return next((m for m in material if m.what.startswith("ended:")), None)
