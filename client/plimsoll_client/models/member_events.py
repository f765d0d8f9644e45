"""Models of member_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Absence
from plimsoll_client.models.event_parts import Capacity
from plimsoll_client.models.event_parts_bodies import Role


class MemberAbsenceDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.absence_declared.v1"
):
    """A member declared an absence: dates, never why."""

    absence: Absence
    corrects: UUID | None = None


class MemberCapacityDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.capacity_declared.v1"
):
    """A member declared hours a week, from a day on; with `corrects` in the place of that event."""

    capacity: Capacity
    corrects: UUID | None = None


class MemberFactTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.fact_taken_back.v1"
):
    """A capacity, an absence, a role's grant or revocation, or a leave of a team was wrong: it holds no more."""

    corrects: UUID


class MemberJoinedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.joined.v1"):
    """A member joined the organisation, or one more of its teams."""

    name: str = ""
    ref: str | None = None
    team: UUID | None = None


class MemberLeftV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.left.v1"):
    """A member left the organisation: keys, roles and leads end, and do not rise again with a return."""


class MemberRenamedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.renamed.v1"):
    """A member was given another name."""

    name: str


class MemberRoleGrantedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.role_granted.v1"
):
    """A steward granted a role."""

    corrects: UUID | None = None
    role: Role


class MemberRoleRevokedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.role_revoked.v1"
):
    """A steward revoked a role."""

    corrects: UUID | None = None
    role: Role


class MemberTeamLeftV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.team_left.v1"
):
    """A member left one team and stays in the organisation; goals, keys and roles stay as they are."""

    team: UUID


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "member.absence_declared.v1": MemberAbsenceDeclaredV1,
    "member.capacity_declared.v1": MemberCapacityDeclaredV1,
    "member.fact_taken_back.v1": MemberFactTakenBackV1,
    "member.joined.v1": MemberJoinedV1,
    "member.left.v1": MemberLeftV1,
    "member.renamed.v1": MemberRenamedV1,
    "member.role_granted.v1": MemberRoleGrantedV1,
    "member.role_revoked.v1": MemberRoleRevokedV1,
    "member.team_left.v1": MemberTeamLeftV1,
}
