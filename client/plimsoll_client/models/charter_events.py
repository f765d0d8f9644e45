"""Models of charter_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Scope


class CharterAcknowledgedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.acknowledged.v1"
):
    """A member stands by this version of a non-negotiable."""

    member: UUID
    non_negotiable: UUID
    of: Scope
    version: int


class CharterBreachRaisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.breach_raised.v1"
):
    """A non-negotiable was not kept at the event `about`; open until a repair talk."""

    about: UUID
    non_negotiable: UUID
    of: Scope
    ref: str | None = None
    text: str
    version: int


class CharterFreedomGrantedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.freedom_granted.v1"
):
    """The team decides this for itself, in the service of this purpose version; or again, anchored anew."""

    freedom: UUID
    of: Scope
    purpose_version: int
    ref: str | None = None
    text: str


class CharterFreedomWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.freedom_withdrawn.v1"
):
    """A freedom was taken back."""

    freedom: UUID
    of: Scope


class CharterNonNegotiableAdoptedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_adopted.v1"
):
    """One more standing expectation."""

    decision: UUID | None = None
    non_negotiable: UUID
    of: Scope
    ref: str | None = None
    text: str
    version: int


class CharterNonNegotiableRetiredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_retired.v1"
):
    """An expectation stands no longer."""

    non_negotiable: UUID
    of: Scope


class CharterNonNegotiableRevisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_revised.v1"
):
    """A standing expectation has new words, a new version."""

    decision: UUID | None = None
    non_negotiable: UUID
    of: Scope
    text: str
    version: int


class CharterPurposeAdoptedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_adopted.v1"
):
    """The first purpose is in force."""

    decision: UUID | None = None
    of: Scope
    proposal: UUID
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CharterPurposeProposedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_proposed.v1"
):
    """A member proposed why the work matters, with a time-box."""

    of: Scope
    ref: str | None = None
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    until: date


class CharterPurposeRevisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_revised.v1"
):
    """Another purpose is in force: what serves it is to be affirmed anew."""

    decision: UUID | None = None
    of: Scope
    proposal: UUID
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CharterPutInForceV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.put_in_force.v1"
):
    """From here on there are always 3 to 5 non-negotiables."""

    of: Scope


class CharterRepairAgreedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.repair_agreed.v1"
):
    """A repair talk closed the breach."""

    breach: UUID
    of: Scope
    text: str


class CharterReviewedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.reviewed.v1"
):
    """The charter was looked at as a whole and still holds."""

    of: Scope


class CharterRitualChangedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_changed.v1"
):
    """A ritual has another name, mode, cadence or length."""

    cadence_days: int
    minutes: int
    mode: str
    name: str
    of: Scope
    ritual: UUID


class CharterRitualEndedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_ended.v1"
):
    """A ritual is held no more."""

    of: Scope
    ritual: UUID


class CharterRitualSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_set.v1"
):
    """A ritual begins, with its cadence and length."""

    cadence_days: int
    minutes: int
    mode: str
    name: str
    of: Scope
    ref: str | None = None
    ritual: UUID


class CharterSightSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.sight_set.v1"
):
    """Figures of the team's members are for these and no others, whatever their roles."""

    of: Scope
    persons: str


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "charter.acknowledged.v1": CharterAcknowledgedV1,
    "charter.breach_raised.v1": CharterBreachRaisedV1,
    "charter.freedom_granted.v1": CharterFreedomGrantedV1,
    "charter.freedom_withdrawn.v1": CharterFreedomWithdrawnV1,
    "charter.non_negotiable_adopted.v1": CharterNonNegotiableAdoptedV1,
    "charter.non_negotiable_retired.v1": CharterNonNegotiableRetiredV1,
    "charter.non_negotiable_revised.v1": CharterNonNegotiableRevisedV1,
    "charter.purpose_adopted.v1": CharterPurposeAdoptedV1,
    "charter.purpose_proposed.v1": CharterPurposeProposedV1,
    "charter.purpose_revised.v1": CharterPurposeRevisedV1,
    "charter.put_in_force.v1": CharterPutInForceV1,
    "charter.repair_agreed.v1": CharterRepairAgreedV1,
    "charter.reviewed.v1": CharterReviewedV1,
    "charter.ritual_changed.v1": CharterRitualChangedV1,
    "charter.ritual_ended.v1": CharterRitualEndedV1,
    "charter.ritual_set.v1": CharterRitualSetV1,
    "charter.sight_set.v1": CharterSightSetV1,
}
