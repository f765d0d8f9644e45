"""What can be said to a charter."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.charter.state import Mode, PersonSight
from domain.personal import Value
from domain.reasons import Reason
from domain.references import Ref
from domain.terms import Text, Title

CadenceDays = Annotated[int, msgspec.Meta(ge=1, le=366)]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=1440)]
VersionNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
#: Said where it applies.
OptionalText = Annotated[str, msgspec.Meta(max_length=2000)]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done to a charter. `of` is whose it is: a team, or `organisation`; the path or row says it already."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True

    #: Fields that only a row of an import may leave out.
    needed: ClassVar[tuple[str, ...]] = ()

    of: Ref | None = None
    reason: Reason | None = None


class ProposePurpose(Act, tag="propose_purpose", frozen=True, kw_only=True):
    """A member says why the work matters; where there is a purpose already, with the reason to revise it."""

    text: Text
    to_team: Text
    to_clients: Text
    to_organisation: Text
    to_stakeholders: OptionalText = ""
    to_society: OptionalText = ""
    #: Last day of the time-box; by default as far ahead as an answer may be promised.
    until: date | None = None
    ref: Ref | None = None


class AdoptPurpose(Act, tag="adopt_purpose", frozen=True, kw_only=True):
    """A proposal becomes the purpose: by a decision, or by the lead once its time-box is over."""

    needed: ClassVar[tuple[str, ...]] = ("proposal",)

    #: The proposal's event id or reference. A row of an import may leave it out: the only open one.
    proposal: Ref | None = None
    decision: Ref | None = None


class AdoptNonNegotiable(Act, tag="adopt_non_negotiable", frozen=True, kw_only=True):
    """One more standing expectation: by the lead, or by a decision."""

    #: Its own name, free of choice; an id is given where there is none.
    non_negotiable: Ref | None = None
    text: Text
    decision: Ref | None = None


class ReviseNonNegotiable(Act, tag="revise_non_negotiable", frozen=True, kw_only=True):
    """New words for a standing expectation: a new version, which everybody acknowledges anew."""

    non_negotiable: Ref
    text: Text
    decision: Ref | None = None


class RetireNonNegotiable(Act, tag="retire_non_negotiable", frozen=True, kw_only=True):
    """A standing expectation stands no longer."""

    non_negotiable: Ref


class PutInForce(Act, tag="put_in_force", frozen=True, kw_only=True):
    """From now on there are always 3 to 5 non-negotiables."""


class Acknowledge(Act, tag="acknowledge", frozen=True, kw_only=True):
    """A member has read this version of a non-negotiable and stands by it."""

    non_negotiable: Ref
    version: VersionNumber
    #: Who acknowledges: only the party itself.
    member: Ref | None = None


class EventReference(Value, frozen=True, kw_only=True):
    """An event: what it happened to, and its id (by default the last thing that happened there)."""

    goal: Ref | None = None
    cycle: Ref | None = None
    decision: Ref | None = None
    charter: Ref | None = None
    event: UUID | None = None


class RaiseBreach(Act, tag="raise_breach", frozen=True, kw_only=True):
    """A non-negotiable was not kept at some event: about what happened, not about a person."""

    non_negotiable: Ref
    about: EventReference
    text: Text
    ref: Ref | None = None


class AgreeRepair(Act, tag="agree_repair", frozen=True, kw_only=True):
    """The repair talk was held; what was agreed closes the breach."""

    needed: ClassVar[tuple[str, ...]] = ("breach",)

    #: The breach's event id or reference. A row of an import may leave it out: the only open one.
    breach: Ref | None = None
    text: Text


class GrantFreedom(Act, tag="grant_freedom", frozen=True, kw_only=True):
    """The team decides this for itself, in the service of the purpose; again: anchored anew."""

    freedom: Ref | None = None
    text: Text
    #: The purpose version that it serves: the current one.
    purpose_version: VersionNumber | None = None


class WithdrawFreedom(Act, tag="withdraw_freedom", frozen=True, kw_only=True):
    """A freedom is taken back, with the reason."""

    freedom: Ref


class SetRitual(Act, tag="set_ritual", frozen=True, kw_only=True):
    """A recurring check-in, standup or async update."""

    ritual: Ref | None = None
    name: Title
    mode: Mode
    cadence_days: CadenceDays
    minutes: Minutes


class ChangeRitual(Act, tag="change_ritual", frozen=True, kw_only=True):
    """Another name, mode, cadence or length."""

    ritual: Ref
    name: Title | None = None
    mode: Mode | None = None
    cadence_days: CadenceDays | None = None
    minutes: Minutes | None = None


class EndRitual(Act, tag="end_ritual", frozen=True, kw_only=True):
    """A ritual is held no more."""

    ritual: Ref


class SetSight(Act, tag="set_sight", frozen=True, kw_only=True):
    """Narrow who sees figures of the team's members; widened again up to what the roles allow, with a reason."""

    persons: PersonSight


class Review(Act, tag="review", frozen=True, kw_only=True):
    """The charter was looked at as a whole, and still holds."""


CharterAct = (
    ProposePurpose
    | AdoptPurpose
    | AdoptNonNegotiable
    | ReviseNonNegotiable
    | RetireNonNegotiable
    | PutInForce
    | Acknowledge
    | RaiseBreach
    | AgreeRepair
    | GrantFreedom
    | WithdrawFreedom
    | SetRitual
    | ChangeRitual
    | EndRitual
    | SetSight
    | Review
)
