"""What rows of the overload views are read as: promises, commitments, declarations, reversals and trade-offs."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from uuid import UUID

import msgspec

from domain.load import Commitment
from domain.member.member import Absence, Capacity
from projections.database.database import Row, to_id, to_optional_id
from projections.overload.availability import Declaration
from projections.overload.pairing import TradeOffFact

_IDS_DECODER = msgspec.json.Decoder(tuple[UUID, ...])


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that had given way and is back."""

    event: UUID
    #: Microseconds UTC, the log position of the event, and the day that it is in the organisation's zone.
    at: int
    position: int
    day: date
    owner: UUID
    goal: UUID
    #: Event id of the deferral taken back, or `drop`: any drop of the goal by the same owner.
    giving: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a goal's measure."""

    event: UUID
    day: date
    value: Fraction


class WindowPromise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of the window; `sources` is JSON: the events that say what it began as."""

    event: UUID
    #: Microseconds UTC.
    at: int
    was_imposed: bool
    sources: str
    team: UUID | None
    owner: UUID


class HeldCommitment(msgspec.Struct, frozen=True, gc=False):
    """What the load at an act needs of a `PromiseFact`."""

    commitment: Commitment
    team: UUID | None = None


HELD_DECODER = msgspec.json.Decoder(HeldCommitment)


def to_declaration(row: Row) -> Declaration:
    capacity = absence = None
    if row.kind == "capacity":
        capacity = Capacity(hours_per_week=row.hours_per_week, from_=date.fromisoformat(row.first))
    elif row.kind == "absence":
        absence = Absence(from_=date.fromisoformat(row.first), to=date.fromisoformat(row.last))
    corrects = to_optional_id(row.corrects)
    return Declaration(to_id(row.event_id), row.occurred_at, row.log_position, capacity, absence, corrects)


def decode_sources(body: str) -> tuple[UUID, ...]:
    """The events of a fact's `sources`."""
    return _IDS_DECODER.decode(body)


def to_trade_off(row: Row, day: date) -> TradeOffFact:
    return TradeOffFact(
        event=to_id(row.event_id),
        goal=to_id(row.stream_id),
        owner=to_id(row.owner),
        team=to_optional_id(row.team),
        kinds=frozenset(row.kinds.split()),
        at=row.occurred_at,
        position=row.log_position,
        day=day,
        before=row.before,
        after=row.after,
        paid_for=_IDS_DECODER.decode(row.paid_for) if row.paid_for != "[]" else (),
        priority=row.priority,
        old_due=date.fromisoformat(row.old_due),
        new_due=date.fromisoformat(row.new_due),
        sources=row.sources,
    )
