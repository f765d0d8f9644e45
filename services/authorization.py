"""Who may do and see what: the role table of the domain as data, and one pure question about it.

A role grants rights; a key conveys no more than its scopes; no other organisation is visible at all, because every
read and command names the viewer's own. What a *party* may do to a goal is the agreement's business, not this table's.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from domain.charter.sight import NO_LIMITS, SightLimits
from ledger.api_keys import GUEST_SCOPE_PREFIX

MEMBER, LEAD, STEWARD, AUDITOR, INTEGRATION = "member", "lead", "steward", "auditor", "integration"
ROLES = (MEMBER, LEAD, STEWARD, AUDITOR, INTEGRATION)

#: What a key can be given.
READ, ACT, IMPORT, ADMIN = "read", "act", "import", "admin"
SCOPES = (READ, ACT, IMPORT, ADMIN)
#: What a guest's key conveys (`ledger.api_keys.GUEST_SCOPE_PREFIX`): a say in the one decision that it names.
DECIDE = "decide"


class Capability(StrEnum):
    """What the table decides."""

    ACT_AS_PARTY = "act_as_party"
    SEE_GOAL = "see_goal"
    SEE_PERSON = "see_person"
    SEE_TEAM = "see_team"
    ACT_ON_CHARTER = "act_on_charter"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_KEYS = "manage_keys"
    MANAGE_SUBSCRIPTIONS = "manage_subscriptions"
    SET_POLICY = "set_policy"
    IMPORT = "import"
    REASSIGN = "reassign"


class Reach(IntEnum):
    """How far a role's capability goes."""

    NOTHING = 0
    #: The viewer, and goals to which the viewer is a party.
    OWN = 1
    #: And what belongs to a team of which the viewer is a member or lead.
    TEAM = 2
    #: The viewer's own, and what belongs to a team that the viewer leads, its members included.
    LED = 3
    ALL = 4


#: Which scope a key must have for a capability.
REQUIRED_SCOPES: dict[Capability, str] = {
    Capability.ACT_AS_PARTY: ACT,
    Capability.SEE_GOAL: READ,
    Capability.SEE_PERSON: READ,
    Capability.SEE_TEAM: READ,
    Capability.ACT_ON_CHARTER: ACT,
    Capability.MANAGE_MEMBERS: ADMIN,
    Capability.MANAGE_KEYS: ADMIN,
    Capability.MANAGE_SUBSCRIPTIONS: ADMIN,
    Capability.SET_POLICY: ADMIN,
    Capability.IMPORT: IMPORT,
    Capability.REASSIGN: ADMIN,
}

_MEMBER_CAPABILITIES: dict[Capability, Reach] = {
    Capability.ACT_AS_PARTY: Reach.OWN,
    Capability.SEE_GOAL: Reach.TEAM,
    Capability.SEE_PERSON: Reach.OWN,
}

#: The role table. What a role does not name it cannot do; everybody is a member.
ROLE_CAPABILITIES: dict[str, dict[Capability, Reach]] = {
    MEMBER: _MEMBER_CAPABILITIES,
    LEAD: {
        **_MEMBER_CAPABILITIES,
        Capability.SEE_PERSON: Reach.LED,
        Capability.SEE_TEAM: Reach.LED,
        Capability.ACT_ON_CHARTER: Reach.LED,
    },
    STEWARD: {
        Capability.ACT_AS_PARTY: Reach.OWN,
        **dict.fromkeys((c for c in Capability if c is not Capability.ACT_AS_PARTY), Reach.ALL),
    },
    AUDITOR: {Capability.SEE_GOAL: Reach.ALL, Capability.SEE_PERSON: Reach.ALL, Capability.SEE_TEAM: Reach.ALL},
    INTEGRATION: {**_MEMBER_CAPABILITIES, Capability.IMPORT: Reach.ALL},
}


#: A key without any of these reads.
_ACTING_SCOPES = frozenset({ACT, ADMIN, DECIDE})


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """One authenticated principal: the member, what the key conveys, and where the member stands."""

    organisation_id: UUID
    key_id: UUID
    member_id: UUID
    scopes: frozenset[str]
    #: Granted roles (steward, auditor, integration); `lead` follows from `leads`.
    granted: frozenset[str] = frozenset()
    teams: frozenset[UUID] = frozenset()
    leads: frozenset[UUID] = frozenset()
    #: The organisation shows person level to the person alone (policy `co_determination`).
    co_determination: bool = False
    #: To whom charters narrow the figures of their teams' members.
    sight_limits: SightLimits = NO_LIMITS

    @property
    def guest_of(self) -> UUID | None:
        """The one decision that a guest's key opens."""
        return next(
            (UUID(s.removeprefix(GUEST_SCOPE_PREFIX)) for s in self.scopes if s.startswith(GUEST_SCOPE_PREFIX)), None
        )

    @property
    def roles(self) -> tuple[str, ...]:
        """The effective roles. An auditor does not act, so with `auditor` only `steward` counts."""
        if AUDITOR in self.granted and STEWARD not in self.granted:
            return (AUDITOR,)
        lead = (LEAD,) if self.leads else ()
        return (MEMBER, *lead, *(role for role in ROLES if role in self.granted))


class AccessSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at or acted on: its parties (or the member it is about) and its teams."""

    members: frozenset[UUID] = frozenset()
    teams: frozenset[UUID] = frozenset()


NO_SUBJECT = AccessSubject()


def may(viewer: Viewer, capability: Capability, subject: AccessSubject = NO_SUBJECT) -> bool:
    """Whether the table lets this viewer do that to this subject of the same organisation."""
    if REQUIRED_SCOPES[capability] not in viewer.scopes:
        return False
    return any(
        _is_within_reach(ROLE_CAPABILITIES[role].get(capability, Reach.NOTHING), viewer, subject)
        for role in viewer.roles
    )


def _is_within_reach(reach: Reach, viewer: Viewer, subject: AccessSubject) -> bool:
    if reach is Reach.ALL:
        return True
    if reach is Reach.NOTHING:
        return False
    if viewer.member_id in subject.members:
        return True
    if reach is Reach.TEAM:
        return bool(subject.teams & (viewer.teams | viewer.leads))
    return reach is Reach.LED and bool(subject.teams & viewer.leads)


def expand_guest_scope(scopes: frozenset[str]) -> frozenset[str]:
    """A key's scopes as routes ask for them: a guest's opens those that take a say in one decision."""
    return scopes | {DECIDE} if any(scope.startswith(GUEST_SCOPE_PREFIX) for scope in scopes) else scopes


def can_see_everything(viewer: Viewer) -> bool:
    """Whether every goal of the organisation is visible, so that lists need no filter."""
    return may(viewer, Capability.SEE_GOAL)


def roles_for_command(viewer: Viewer) -> frozenset[str]:
    """The granted roles that a command of this viewer carries: a steward's powers need the admin scope."""
    if STEWARD not in viewer.granted or ADMIN in viewer.scopes:
        return viewer.granted
    return viewer.granted - {STEWARD}


def may_act(viewer: Viewer) -> bool:
    """Whether any act may be tried: an auditor acts on nothing, a key without act or admin scope neither."""
    auditor = AUDITOR in viewer.granted and STEWARD not in viewer.granted
    return not auditor and not viewer.scopes.isdisjoint(_ACTING_SCOPES)
