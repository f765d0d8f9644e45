"""Which figures of groups a viewer may see: five behind each, and five behind whatever differences would isolate.

The lead of a team sees its persons, and so every figure of it. Others see the figures of their own teams and of the
organisation, of the present alone: a figure of two days, taken from one another, would say what one person did between.
Where a charter hides persons from the lead or a steward, figures of theirs follow the rules of the others there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from uuid import UUID

from domain.charter.state import charter_id
from domain.member.member import Member
from projections.figures import Figure, ReportScope
from projections.privacy import Parts, WithheldBy, find_rule_against, select_groups
from services.authorization import READ, AccessSubject, Capability, Viewer, may
from services.visibility.policy import can_see_person, list_hidden_persons, sees_everything_else


class GroupVisibility:
    """What one viewer who does not see every person may see of the group figures of a report.

    `people`: the organisation's members as of the question. `is_present`: the report is of now, with all that is known.
    """

    def __init__(self, viewer: Viewer, people: Sequence[Member], scope: ReportScope, *, is_present: bool) -> None:
        self._viewer = viewer
        self._people = people
        self._scope = scope
        self._is_present = is_present
        self.persons = frozenset({p.id for p in people if can_see_person(viewer, p.id, p)} | {viewer.member_id})
        self._hidden = list_hidden_persons(viewer, people)
        # The viewer counts as one of the five: what it has done itself isolates nobody else. But not where it sees all
        # but those whom charters hide: it is none of them, unless it is of their team.
        is_one_of_them = not sees_everything_else(viewer) or bool(viewer.teams & self._hidden_teams)
        self._seen = self.persons - {viewer.member_id} if is_one_of_them else self.persons

    def find_rule(self, figure: Figure, parts: Parts | None) -> WithheldBy | None:
        """The rule by which this figure of the report's group is withheld; None: it may be shown.

        `parts`: who is behind it; of a figure of which that is not known everybody could be the one.
        """
        team = self._scope.team
        if self._scope.member is not None or (self._leads(team) and not self._holds_hidden(parts)):
            return None if figure.charter is None else self._find_charter_rule(figure.charter)
        rule = self._find_group_rule(team)
        if rule is None and figure.charter is not None:
            rule = self._find_charter_rule(figure.charter)
        if rule is not None or parts == ():
            return rule
        if not self._is_present:
            return WithheldBy.PRESENT_ONLY
        if not self._has_default_window:
            return WithheldBy.DEFAULT_WINDOW_ONLY
        if parts is None:
            return WithheldBy.SMALL_GROUP
        return find_rule_against(parts, subtracted=self._subtracted if team is None else frozenset(), seen=self._seen)

    @property
    def _has_default_window(self) -> bool:
        scope = self._scope
        return scope == ReportScope.with_default_window(
            team=scope.team,
            member=scope.member,
            window=None,
            explain=scope.explain,
            default_days=scope.default_days,
        )

    @property
    def may_see_past(self) -> bool:
        """Whether figures of other days may be shown too: to who sees the persons behind them."""
        return self._leads(self._scope.team)

    def _holds_hidden(self, parts: Parts | None) -> bool:
        """Whether persons are behind the figure whom a charter hides from the viewer, whatever its roles."""
        if not self._hidden:
            return False
        return parts is None or any(person in self._hidden for part in parts for _, person in part)

    def _leads(self, team: UUID | None) -> bool:
        """Whether the viewer sees the persons of the team (None: of the organisation), all of them."""
        if self._viewer.co_determination:
            return False
        if team in self._hidden_teams:
            return False
        return may(self._viewer, Capability.SEE_TEAM, AccessSubject(teams=frozenset({team}) if team else frozenset()))

    @cached_property
    def _hidden_teams(self) -> frozenset[UUID | None]:
        """Teams with persons who are hidden, and the organisation (None) where it has any."""
        found = {team for person in self._people if person.id in self._hidden for team in person.teams}
        return frozenset({*found, None} if self._hidden else ())

    @cached_property
    def _groups(self) -> dict[UUID | None, WithheldBy | None]:
        """The rule against the organisation (None) and each team of the viewer, by who is in them."""
        rosters = {team: self._list_unseen(team) for team in self._askable if not self._leads(team)}
        by_size = sorted(rosters.items(), key=lambda item: (-len(item[1]), item[0].int))
        return select_groups([(None, self._list_unseen(None)), *by_size])

    @property
    def _askable(self) -> frozenset[UUID]:
        """The teams whose figures the viewer may ask for."""
        if may(self._viewer, Capability.SEE_TEAM):
            return frozenset(team for person in self._people for team in person.teams)
        return self._viewer.teams | self._viewer.leads

    def _list_unseen(self, team: UUID | None) -> frozenset[UUID]:
        return frozenset(p.id for p in self._people if team is None or team in p.teams) - self._seen

    def _find_group_rule(self, team: UUID | None) -> WithheldBy | None:
        if READ not in self._viewer.scopes:
            return WithheldBy.OTHER_TEAM
        return self._groups.get(team, WithheldBy.OTHER_TEAM)

    @cached_property
    def _subtracted(self) -> frozenset[UUID]:
        """Teams whose figures the viewer may ask for: from the organisation's they leave the others'."""
        shown = {team for team, rule in self._groups.items() if team is not None and rule is None}
        return frozenset(shown | {team for team in self._askable if self._leads(team)})

    def _find_charter_rule(self, charter: UUID) -> WithheldBy | None:
        """Of a figure that is about one charter, the team of the charter is the group."""
        for team in (None, *self._askable):
            if charter == charter_id(self._viewer.organisation_id, team):
                return None if self._leads(team) else self._find_group_rule(team)
        return WithheldBy.OTHER_TEAM
