"""What an answer says about a charter: what stands in it, and, to those whose it is, who stands by it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from domain.charter.state import Acknowledgement, Breach, Charter, Mode, NonNegotiable, Proposal, Purpose, PurposeText
from domain.envelope import Instant
from domain.reasons import Reason
from projections.charters import LinkedGoals
from projections.figures import round_for_report
from projections.rituals import FIGURES, minutes_a_week


class ProposalSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose that has been proposed: `id` is what `adopt-purpose` names as its `proposal`."""

    id: UUID
    ref: str | None = None
    why: PurposeText
    by: UUID | None
    #: Last day of its time-box.
    until: date
    reason: Reason | None = None


class NonNegotiableSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation and, for those whose charter it is, how many stand by its words, and who."""

    id: UUID
    ref: str | None = None
    version: int
    text: str
    since: Instant
    decision: UUID | None = None
    #: A team may be two persons: how many, like who and when, is for those whose charter it is.
    acknowledgements: int | None = None
    acknowledged: tuple[Acknowledgement, ...] | None = None


class FreedomSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided by those whose charter it is."""

    id: UUID
    ref: str | None = None
    text: str
    purpose_version: int
    #: It serves the purpose in force, not an earlier one.
    anchored: bool
    since: Instant


class RitualSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual and what it asks of each, in minutes a week."""

    id: UUID
    ref: str | None = None
    name: str
    mode: Mode
    cadence_days: int
    minutes: int
    minutes_a_week: float
    since: Instant


class CharterSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charter. `position` and `events` come after an act."""

    id: UUID
    version: int
    position: int | None = None
    events: list[UUID] | None = None
    #: Whose it is; empty: the organisation's own.
    team: UUID | None = None
    in_force: bool
    in_force_since: Instant | None = None
    purpose: Purpose | None = None
    proposals: list[ProposalSummary]
    non_negotiables: list[NonNegotiableSummary]
    freedoms: list[FreedomSummary]
    rituals: list[RitualSummary]
    #: Minutes a week that this charter's rituals ask of each: held together, and async.
    minutes_a_week: dict[str, float]
    #: Those that await a repair talk: for those whose charter it is.
    breaches: tuple[Breach, ...] | None = None
    breaches_repaired: int | None = None
    reviewed_at: Instant | None = None
    #: Where one charter is asked for, by those whose it is.
    linked_goals: LinkedGoals | None = None


class CharterList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's own charter first, then the teams'."""

    charters: list[CharterSummary]


def charter_summary(
    charter: Charter,
    version: int,
    *,
    within: bool,
    position: int | None = None,
    events: list[UUID] | None = None,
) -> CharterSummary:
    """What one may read of it; who acknowledged and what was not kept only where `within`."""
    current = charter.purpose.version if charter.purpose is not None else 0
    return CharterSummary(
        id=charter.id,
        version=version,
        position=position,
        events=events,
        team=charter.of.team,
        in_force=charter.in_force_since is not None,
        in_force_since=charter.in_force_since,
        purpose=charter.purpose,
        proposals=[_proposal(proposal) for proposal in charter.proposals],
        non_negotiables=[_non_negotiable(held, within=within) for held in charter.non_negotiables_in_force],
        freedoms=[
            FreedomSummary(
                id=f.id,
                ref=f.ref,
                text=f.text,
                purpose_version=f.purpose_version,
                anchored=f.purpose_version == current,
                since=f.since,
            )
            for f in charter.freedoms
        ],
        rituals=_rituals(charter),
        minutes_a_week={mode: round_for_report(minutes_a_week(charter.rituals, mode)) or 0.0 for mode in FIGURES},
        breaches=charter.breaches if within else None,
        breaches_repaired=charter.breaches_repaired if within else None,
        reviewed_at=charter.reviewed_at,
    )


def _proposal(proposal: Proposal) -> ProposalSummary:
    return ProposalSummary(
        id=proposal.id,
        ref=proposal.ref,
        why=proposal.why,
        by=proposal.by,
        until=proposal.until,
        reason=proposal.reason,
    )


def _non_negotiable(held: NonNegotiable, *, within: bool) -> NonNegotiableSummary:
    return NonNegotiableSummary(
        id=held.id,
        ref=held.ref,
        version=held.version,
        text=held.text,
        since=held.since,
        decision=held.decision,
        acknowledgements=len(held.acknowledged) if within else None,
        acknowledged=held.acknowledged if within else None,
    )


def _rituals(charter: Charter) -> list[RitualSummary]:
    return [
        RitualSummary(
            id=ritual.id,
            ref=ritual.ref,
            name=ritual.name,
            mode=ritual.mode,
            cadence_days=ritual.cadence_days,
            minutes=ritual.minutes,
            minutes_a_week=round_for_report(minutes_a_week([ritual], ritual.mode)) or 0.0,
            since=ritual.since,
        )
        for ritual in charter.rituals
    ]
