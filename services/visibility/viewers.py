"""Where a key's member stands: the viewer of a request, a subscription or a delivery."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.charter.sight import SightLimits
from domain.member.member import Member
from ledger.api_keys import Principal
from ledger.ledger import Ledger
from projections.database.database import Database
from projections.people import teams_led
from services.authorization import Viewer, expand_guest_scope
from services.person_figures import is_co_determined


def has_ended(member: Member | None, since: datetime) -> bool:
    """Whether what the member was given at `since` (a key, a subscription) ended with a leave.

    A return does not revive it.
    """
    return member is not None and member.end_of(since) is not None


def last_leave(member: Member | None) -> datetime | None:
    """When the member last left: a lead of before has ended."""
    return member.departures[-1].left_at if member is not None and member.departures else None


def build_viewer(
    principal: Principal,
    member: Member | None,
    leads: frozenset[UUID],
    *,
    co_determination: bool,
    sight_limits: SightLimits,
) -> Viewer:
    """The viewer from what was loaded. `leads`: the teams that the member leads since its last leave."""
    return Viewer(
        organisation_id=principal.organisation_id,
        key_id=principal.key_id,
        member_id=principal.member_id,
        scopes=expand_guest_scope(principal.scopes),
        granted=frozenset(str(role) for role in member.roles) if member else frozenset(),
        teams=frozenset(member.teams) if member else frozenset(),
        leads=leads,
        co_determination=co_determination,
        sight_limits=sight_limits,
    )


def load_viewer(ledger: Ledger, database: Database, principal: Principal, *, since: datetime) -> Viewer | None:
    """The principal as it stands now, for what runs without a request; None where it ended with a leave.

    `since`: when the principal was given what it acts by. Load it anew for each batch: sight changes with teams, leads
    and roles.
    """
    entry = ledger.load_current(principal.organisation_id, "member", principal.member_id)
    member = entry.state if entry is not None else None
    if has_ended(member, since):
        return None
    leads = teams_led(database, principal.organisation_id, principal.member_id, last_leave(member))
    organisation = principal.organisation_id
    return build_viewer(
        principal,
        member,
        leads,
        co_determination=is_co_determined(ledger, organisation),
        sight_limits=ledger.load_sight_limits(organisation),
    )
