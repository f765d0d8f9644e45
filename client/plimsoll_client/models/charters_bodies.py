"""Models of charters_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID
from msgspec import UNSET, Struct, UnsetType

from plimsoll_client.models.shared_bodies import Reason


class Acknowledge(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member has read this version of a non-negotiable and stands by it."""

    do: Literal["acknowledge"] | UnsetType = UNSET
    member: str | UnsetType | None = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    version: int


class AdoptNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One more standing expectation: by the lead, or by a decision."""

    decision: str | UnsetType | None = UNSET
    do: Literal["adopt_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class AdoptPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proposal becomes the purpose: by a decision, or by the lead once its time-box is over."""

    decision: str | UnsetType | None = UNSET
    do: Literal["adopt_purpose"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    proposal: str
    reason: Reason | UnsetType | None = UNSET


class AgreeRepair(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The repair talk was held; what was agreed closes the breach."""

    breach: str
    do: Literal["agree_repair"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class BreachTopic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event: what it happened to, and its id (by default the last thing that happened there)."""

    charter: str | UnsetType | None = UNSET
    cycle: str | UnsetType | None = UNSET
    decision: str | UnsetType | None = UNSET
    event: UUID | UnsetType | None = UNSET
    goal: str | UnsetType | None = UNSET


class ChangeRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another name, mode, cadence or length."""

    cadence_days: int | UnsetType | None = UNSET
    do: Literal["change_ritual"] | UnsetType = UNSET
    minutes: int | UnsetType | None = UNSET
    mode: Literal["async", "sync"] | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str


class EndRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual is held no more."""

    do: Literal["end_ritual"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str


class GrantFreedom(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The team decides this for itself, in the service of the purpose; again: anchored anew."""

    do: Literal["grant_freedom"] | UnsetType = UNSET
    freedom: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    purpose_version: int | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class ProposePurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member says why the work matters; where there is a purpose already, with the reason to revise it."""

    do: Literal["propose_purpose"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    until: date | UnsetType | None = UNSET


class PutInForce(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From now on there are always 3 to 5 non-negotiables."""

    do: Literal["put_in_force"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class RaiseBreach(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A non-negotiable was not kept at some event: about what happened, not about a person."""

    about: BreachTopic
    do: Literal["raise_breach"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    text: str


class RetireNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation stands no longer."""

    do: Literal["retire_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class ReviewCharter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The charter was looked at as a whole, and still holds."""

    do: Literal["review"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class ReviseNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New words for a standing expectation: a new version, which everybody acknowledges anew."""

    decision: str | UnsetType | None = UNSET
    do: Literal["revise_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class SetRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A recurring check-in, standup or async update."""

    cadence_days: int
    do: Literal["set_ritual"] | UnsetType = UNSET
    minutes: int
    mode: Literal["async", "sync"]
    name: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str | UnsetType | None = UNSET


class SetSight(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Narrow who sees figures of the team's members; widened again up to what the roles allow, with a reason."""

    do: Literal["set_sight"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    persons: Literal["lead", "member", "stewards"]
    reason: Reason | UnsetType | None = UNSET


class WithdrawFreedom(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A freedom is taken back, with the reason."""

    do: Literal["withdraw_freedom"] | UnsetType = UNSET
    freedom: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
