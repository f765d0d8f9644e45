"""What a charter records."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.charter.state import Mode, PersonSight, PurposeText
from domain.envelope import Event
from domain.personal import Personal
from domain.scope import Scope


class CharterFact(Event, frozen=True, kw_only=True):
    """Each says whose charter it is: the stream's id alone does not tell."""

    of: Scope


class PurposeFact(CharterFact, frozen=True, kw_only=True):
    """Why the work matters, and to whom."""

    text: str
    to_team: str
    to_clients: str
    to_organisation: str
    to_stakeholders: str = ""
    to_society: str = ""

    @property
    def why(self) -> PurposeText:
        """Its words alone."""
        return PurposeText(**{name: getattr(self, name) for name in PurposeText.__struct_fields__})


class PurposeProposed(PurposeFact, tag="charter.purpose_proposed.v1", frozen=True, kw_only=True):
    """A member proposed why the work matters, with a time-box."""

    until: date
    ref: str | None = None


class PurposeAdopted(PurposeFact, tag="charter.purpose_adopted.v1", frozen=True, kw_only=True):
    """The first purpose is in force."""

    proposal: UUID
    version: int
    decision: UUID | None = None


class PurposeRevised(PurposeFact, tag="charter.purpose_revised.v1", frozen=True, kw_only=True):
    """Another purpose is in force: what serves it is to be affirmed anew."""

    proposal: UUID
    version: int
    decision: UUID | None = None


class NonNegotiableAdopted(CharterFact, tag="charter.non_negotiable_adopted.v1", frozen=True, kw_only=True):
    """One more standing expectation."""

    non_negotiable: UUID
    version: int
    text: str
    ref: str | None = None
    decision: UUID | None = None


class NonNegotiableRevised(CharterFact, tag="charter.non_negotiable_revised.v1", frozen=True, kw_only=True):
    """A standing expectation has new words, a new version."""

    non_negotiable: UUID
    version: int
    text: str
    decision: UUID | None = None


class NonNegotiableRetired(CharterFact, tag="charter.non_negotiable_retired.v1", frozen=True, kw_only=True):
    """An expectation stands no longer."""

    non_negotiable: UUID


class PutInForce(CharterFact, tag="charter.put_in_force.v1", frozen=True, kw_only=True):
    """From here on there are always 3 to 5 non-negotiables."""


class Acknowledged(CharterFact, tag="charter.acknowledged.v1", frozen=True, kw_only=True):
    """A member stands by this version of a non-negotiable."""

    member: UUID
    non_negotiable: UUID
    version: int


class BreachRaised(CharterFact, tag="charter.breach_raised.v1", frozen=True, kw_only=True):
    """A non-negotiable was not kept at the event `about`; open until a repair talk."""

    non_negotiable: UUID
    version: int
    about: UUID
    text: Personal[str]
    ref: str | None = None


class RepairAgreed(CharterFact, tag="charter.repair_agreed.v1", frozen=True, kw_only=True):
    """A repair talk closed the breach."""

    breach: UUID
    text: Personal[str]


class FreedomGranted(CharterFact, tag="charter.freedom_granted.v1", frozen=True, kw_only=True):
    """The team decides this for itself, in the service of this purpose version; or again, anchored anew."""

    freedom: UUID
    text: str
    purpose_version: int
    ref: str | None = None


class FreedomWithdrawn(CharterFact, tag="charter.freedom_withdrawn.v1", frozen=True, kw_only=True):
    """A freedom was taken back."""

    freedom: UUID


class RitualSet(CharterFact, tag="charter.ritual_set.v1", frozen=True, kw_only=True):
    """A ritual begins, with its cadence and length."""

    ritual: UUID
    name: str
    mode: Mode
    cadence_days: int
    minutes: int
    ref: str | None = None


class RitualChanged(CharterFact, tag="charter.ritual_changed.v1", frozen=True, kw_only=True):
    """A ritual has another name, mode, cadence or length."""

    ritual: UUID
    name: str
    mode: Mode
    cadence_days: int
    minutes: int


class RitualEnded(CharterFact, tag="charter.ritual_ended.v1", frozen=True, kw_only=True):
    """A ritual is held no more."""

    ritual: UUID


class SightSet(CharterFact, tag="charter.sight_set.v1", frozen=True, kw_only=True):
    """Figures of the team's members are for these and no others, whatever their roles."""

    persons: PersonSight


class Reviewed(CharterFact, tag="charter.reviewed.v1", frozen=True, kw_only=True):
    """The charter was looked at as a whole and still holds."""


CharterEvent = (
    PurposeProposed
    | PurposeAdopted
    | PurposeRevised
    | NonNegotiableAdopted
    | NonNegotiableRevised
    | NonNegotiableRetired
    | PutInForce
    | Acknowledged
    | BreachRaised
    | RepairAgreed
    | FreedomGranted
    | FreedomWithdrawn
    | RitualSet
    | RitualChanged
    | RitualEnded
    | SightSet
    | Reviewed
)
