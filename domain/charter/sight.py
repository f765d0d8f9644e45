"""Who sees figures of a team's members: whom the roles let, or fewer where the team's charter says so.

It narrows and never widens. A member of several teams is under the narrowest of their charters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import get_args
from uuid import UUID

import msgspec

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.parts import RuleResult, require_reason_text
from domain.charter.state import Charter, PersonSight
from domain.context import DecisionContext
from domain.errors import ActNotAllowed, InvalidField
from domain.index import NOT_INDEXED, IndexEntry
from domain.member.member import Member, all_teams
from domain.scope_rules import require_lead

#: Under this, the ledger's index lists an organisation's charters that narrow.
NARROWING_CHARTERS = UUID("b3a1d7c2-5c0e-4f7e-8a44-9d1c6f2e7b05")
#: From the widest to the narrowest.
_LEVELS: tuple[PersonSight, ...] = get_args(PersonSight)


class SightLimits(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """To whom an organisation's charters narrow the figures of members, as they stand now."""

    #: Teams whose charters narrow.
    of_teams: frozenset[tuple[UUID, PersonSight]] = frozenset()
    #: Who is in these teams now, or left the organisation having been in one.
    of_members: frozenset[tuple[UUID, PersonSight]] = frozenset()

    @classmethod
    def build(cls, teams: Mapping[UUID, PersonSight], members: Iterable[Member]) -> SightLimits:
        """What these teams' charters come to for these members."""
        of_teams = cls(of_teams=frozenset(teams.items()))
        found = [
            (member.id, of_teams.level_of(member.id, member.teams if member.is_present else all_teams(member)))
            for member in members
        ]
        return cls(of_teams=of_teams.of_teams, of_members=frozenset(each for each in found if each[1] != "stewards"))

    @cached_property
    def teams(self) -> dict[UUID, PersonSight]:
        """By team."""
        return dict(self.of_teams)

    @cached_property
    def members(self) -> dict[UUID, PersonSight]:
        """By member."""
        return dict(self.of_members)

    def level_of(self, member: UUID, teams: Iterable[UUID] = ()) -> PersonSight:
        """Who sees this member's figures. `teams`: those in which the member was at the time asked about."""
        found = [self.members.get(member, "stewards"), *(self.teams.get(team, "stewards") for team in teams)]
        return max(found, key=_LEVELS.index)


NO_LIMITS = SightLimits()


def index_entry(charter: Charter | None) -> IndexEntry:
    """Listed while it narrows, so that those of an organisation are found by one look."""
    narrows = charter is not None and charter.persons != "stewards"
    return IndexEntry(listed_under=NARROWING_CHARTERS) if narrows else NOT_INDEXED


def set_sight(charter: Charter, act: a.SetSight, world: DecisionContext) -> RuleResult:
    """Narrower at any time; wider only with a reason in words, which all members read."""
    require_lead(charter.of, world)
    if charter.of.team is None:
        raise ActNotAllowed("for the whole organisation the policy `co_determination` says it", allowed=("set_policy",))
    if act.persons == charter.persons:
        others = tuple(level for level in _LEVELS if level != charter.persons)
        raise InvalidField("that is so already", pointer="/persons", allowed=others)
    reason = act.reason
    if _LEVELS.index(act.persons) < _LEVELS.index(charter.persons):
        reason = require_reason_text(reason, "showing figures of persons to more needs a reason")
    return RuleResult(event=e.SightSet(of=charter.of, persons=act.persons), reason=reason)
