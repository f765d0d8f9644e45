"""A charter's state, and how a charter and its parts are named.

There is one charter per team and one for the organisation; its first act begins it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from domain.personal import Value
from domain.reasons import Reason
from domain.references import as_uuid, name_based_id, resolve_stream_id
from domain.scope import ORGANISATION, Scope
from domain.text import compose, decompose

MIN_NON_NEGOTIABLES, MAX_NON_NEGOTIABLES = 3, 5

Mode = Literal["sync", "async"]
#: Who sees figures of a member of the team: whom the roles let (lead, stewards, auditors), the lead and the member, or
#: the member alone.
PersonSight = Literal["stewards", "lead", "member"]


def charter_id(organisation_id: UUID, team_id: UUID | None) -> UUID:
    """The stream of a team's charter, or (None) of the organisation's."""
    return uuid5(organisation_id, f"charter:{team_id or ORGANISATION}")


def resolve_charter_id(organisation_id: UUID, ref: str) -> UUID:
    """The charter that a team's id or reference, or the word `organisation`, names; it need not have begun."""
    return charter_id(organisation_id, None if ref == ORGANISATION else resolve_stream_id(organisation_id, "team", ref))


def part_id(charter: UUID, part: str, ref: str, there: Collection[UUID] = ()) -> UUID:
    """The id of a non-negotiable, freedom or ritual of one charter, by itself or by the source's own name for it.

    `there`: the ids of those that there are; one that began before references were composed keeps its id.
    """
    identity = as_uuid(ref)
    if identity is not None:
        return identity
    composed = name_based_id(charter, part, compose(ref))
    if ref.isascii() or composed in there:
        return composed
    former = (name_based_id(charter, part, spelling) for spelling in (ref, decompose(ref)))
    return next((each for each in former if each in there), composed)


class DecisionSubject(Value, frozen=True, kw_only=True):
    """What of a charter a decision is about: one purpose proposal, or one non-negotiable (perhaps a coming one)."""

    charter: UUID
    proposal: UUID | None = None
    non_negotiable: UUID | None = None


class PurposeText(msgspec.Struct, frozen=True, kw_only=True):
    """Why the work matters, and to whom."""

    text: str
    to_team: str
    to_clients: str
    to_organisation: str
    to_stakeholders: str = ""
    to_society: str = ""


class PurposeProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose that has been proposed and neither adopted nor overtaken; its id is its event's."""

    id: UUID
    why: PurposeText
    by: UUID | None
    #: Last day of the time-box, in the organisation's zone: until its end only a decision adopts.
    until: date
    ref: str | None = None
    reason: Reason | None = None


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """The purpose in force."""

    version: int
    why: PurposeText
    #: Since when this version; links affirmed before a *revision* are unaffirmed from then on.
    since: datetime
    proposal: UUID
    decision: UUID | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """A member has read this version and stands by it."""

    member: UUID
    at: datetime


class NonNegotiable(msgspec.Struct, frozen=True, kw_only=True):
    """A standing expectation, in its current version."""

    id: UUID
    version: int
    text: str
    #: Since when this version.
    since: datetime
    ref: str | None = None
    decision: UUID | None = None
    #: Of this version, in the order in which they came.
    acknowledged: tuple[Acknowledgement, ...] = ()
    retired_at: datetime | None = None


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """An event at which a non-negotiable was not kept, until a repair talk closes it. Its id is its event's."""

    id: UUID
    non_negotiable: UUID
    version: int
    #: The event that it is about.
    about: UUID
    text: str
    by: UUID | None
    at: datetime
    ref: str | None = None


class Freedom(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is decided by the team itself, and the purpose version that it serves."""

    id: UUID
    text: str
    purpose_version: int
    since: datetime
    ref: str | None = None


class Ritual(msgspec.Struct, frozen=True, kw_only=True):
    """A recurring check-in, standup or update."""

    id: UUID
    name: str
    mode: Mode
    cadence_days: int
    minutes: int
    since: datetime
    #: The event that last set or changed it.
    event: UUID
    ref: str | None = None


class Charter(msgspec.Struct, frozen=True, kw_only=True):
    """A charter's state."""

    id: UUID
    of: Scope
    purpose: Purpose | None = None
    #: Open ones, in the order in which they came.
    proposals: tuple[PurposeProposal, ...] = ()
    in_force_since: datetime | None = None
    #: Also the retired ones: what was adopted once keeps its name.
    non_negotiables: tuple[NonNegotiable, ...] = ()
    freedoms: tuple[Freedom, ...] = ()
    rituals: tuple[Ritual, ...] = ()
    #: To whom it narrows the figures of the team's members.
    persons: PersonSight = "stewards"
    #: Those that await a repair talk; the others are in the history.
    breaches: tuple[Breach, ...] = ()
    breaches_repaired: int = 0
    #: Decisions that have adopted something here: each does so once.
    decisions: tuple[UUID, ...] = ()
    #: When it was last looked at as a whole: reviewed, put in force, or a purpose or non-negotiable changed.
    reviewed_at: datetime | None = None
    #: The last act that is no mere fact; none is recorded before it.
    moved_at: datetime | None = None

    @property
    def non_negotiables_in_force(self) -> tuple[NonNegotiable, ...]:
        """The non-negotiables in force (or to come into force with the charter)."""
        return tuple(n for n in self.non_negotiables if n.retired_at is None)
