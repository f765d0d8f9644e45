"""Models of charters. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.shared import PurposeConsequence
from plimsoll_client.models.shared_bodies import Reason


class Acknowledgement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member has read this version and stands by it."""

    at: datetime
    member: UUID


class Breach(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event at which a non-negotiable was not kept, until a repair talk closes it. Its id is its event's."""

    about: UUID
    at: datetime
    by: UUID | None
    id: UUID
    non_negotiable: UUID
    ref: str | None
    text: str
    version: int


class CharterList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The organisation's own charter first, then the teams'."""

    charters: list[CharterSummary]


class CharterSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charter. `position` and `events` come after an act."""

    breaches: list[Breach] | None = None
    breaches_repaired: int | None = None
    events: list[UUID] | None = None
    freedoms: list[FreedomSummary]
    id: UUID
    in_force: bool
    in_force_since: datetime | None = None
    linked_goals: LinkedGoals | None = None
    minutes_a_week: dict[str, float]
    non_negotiables: list[NonNegotiableSummary]
    persons: str | None = None
    position: int | None = None
    proposals: list[ProposalSummary]
    purpose: Purpose | None = None
    reviewed_at: datetime | None = None
    rituals: list[RitualSummary]
    team: UUID | None = None
    version: int


class FreedomSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided by those whose charter it is."""

    anchored: bool
    id: UUID
    purpose_version: int
    ref: str | None = None
    since: datetime
    text: str


class LinkedGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The live goals that serve this purpose, and how many of their owners have affirmed it since it was revised."""

    affirmed: int
    links: int
    purpose_version: int
    unaffirmed: int
    until: datetime | None


class NonNegotiableSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation and, for those whose charter it is, how many stand by its words, and who."""

    acknowledged: list[Acknowledgement] | None = None
    acknowledgements: int | None = None
    decision: UUID | None = None
    id: UUID
    ref: str | None = None
    since: datetime
    text: str
    version: int


class ProposalSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose that has been proposed: `id` is what `adopt-purpose` names as its `proposal`."""

    by: UUID | None
    id: UUID
    reason: Reason | None = None
    ref: str | None = None
    until: date
    why: PurposeText


class Purpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The purpose in force."""

    decision: UUID | None
    proposal: UUID
    since: datetime
    version: int
    why: PurposeText


class PurposeConsequences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every version of a purpose, the newest first, and what its revisions caused."""

    charter: UUID
    downstream: list[PurposeConsequence]
    more: bool
    versions: list[UpstreamPurpose]


class PurposeText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the work matters, and to whom."""

    text: str
    to_clients: str
    to_organisation: str
    to_society: str
    to_stakeholders: str
    to_team: str


class RitualSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual and what it asks of each, in minutes a week."""

    cadence_days: int
    id: UUID
    minutes: int
    minutes_a_week: float
    mode: str
    name: str
    ref: str | None = None
    since: datetime


class UpstreamPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a purpose, as it was adopted."""

    at: datetime
    decided: UUID | None
    decision: UUID | None
    event_id: UUID
    team: UUID | None
    text: str
    version: int
    words: str
