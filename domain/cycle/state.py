"""What a cycle is at one moment: running or closed, each with just what its acts and its review need."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.cycle import events as e
from domain.cycle.acts import GoalEnding
from domain.index import NOT_INDEXED, IndexEntry
from domain.scope import Scope


class GoalInCycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of the cycle, and what was said to become of it; the last word counts."""

    goal: UUID
    included_at: datetime
    how: GoalEnding | None = None
    settled_at: datetime | None = None


class Improvement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something agreed to be done better; `id` stays the same in every cycle that it is carried into."""

    id: UUID
    text: str
    owner: UUID
    due: date
    state: Literal["open", "done", "dropped"] = "open"
    #: It came along from the cycle before.
    carried: bool = False
    ended_at: datetime | None = None


class Learning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt in this cycle; `id` is its event."""

    id: UUID
    text: str
    goal: UUID | None = None


class _Cycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Shared by both states."""

    id: UUID
    version: int
    name: str
    of: Scope
    starts: date
    ends: date
    purpose: e.PurposeVersion
    to_team: str
    to_clients: str
    to_organisation: str
    to_stakeholders: str = ""
    to_society: str = ""
    ref: str | None = None
    follows: UUID | None = None
    opened_at: datetime
    #: Business time of the last event.
    last_at: datetime
    goals: tuple[GoalInCycle, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    #: What the cycle before had learnt.
    learned: tuple[e.Lesson, ...] = ()
    learnings: tuple[Learning, ...] = ()
    #: Members who have reflected, each once, in that order; their words are in the history.
    reflected: tuple[UUID, ...] = ()
    reflections: int = 0
    contributions: int = 0

    def find_goal(self, goal: UUID) -> GoalInCycle | None:
        """The goal as this cycle holds it; None: it is not in it."""
        return next((held for held in self.goals if held.goal == goal), None)

    def find_improvement(self, improvement: UUID) -> Improvement | None:
        return next((held for held in self.improvements if held.id == improvement), None)


class Running(_Cycle, frozen=True, kw_only=True, tag="open"):
    """Opened and not closed."""


class Closed(_Cycle, frozen=True, kw_only=True, tag="closed"):
    """Looked back upon and left; nothing is said in it any more."""

    closed_at: datetime
    #: How each of its goals stood then.
    at_close: tuple[e.GoalAtClose, ...] = ()


Cycle = Running | Closed


def index_entry(cycle: Cycle | None) -> IndexEntry:
    """Where the ledger finds a cycle: while it is open, under the charter whose purpose it restates.

    Closed, under the cycle that it followed, which nothing else follows from then on.
    """
    match cycle:
        case Running():
            return IndexEntry(listed_under=cycle.purpose.charter)
        case Closed(follows=UUID()):
            return IndexEntry(listed_under=cycle.follows)
    return NOT_INDEXED
