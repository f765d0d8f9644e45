"""What may be known of a closed wave, by group: for the report and for the mart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from domain.pulse.pulse import Pulse, PulseItem, PulseResult, score
from projections.privacy import WithheldBy

#: What the mean of the items of psychological safety is called.
SAFETY = "psychological_safety"
_SAFETY_ITEM = "safety_"
_RULES = {"small_group": WithheldBy.SMALL_GROUP, "small_difference": WithheldBy.SMALL_COMPLEMENT}
#: A team; those whom no sum of a team shows; all together.
Grouping = Literal["team", "others", "organisation"]


class GroupSums(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one group: answers and totals by item, or the rule by which nothing is."""

    grouping: Grouping
    team: UUID | None = None
    answers: int = 0
    totals: dict[str, int] = {}
    rule: WithheldBy | None = None


def list_group_sums(wave: Pulse) -> list[GroupSums]:
    """Every group of a closed wave: teams and others as they were asked and, where all were, the organisation."""
    teams = [result.team for result in wave.results] + [one.team for one in wave.withheld]
    groups = [sums_of_team(wave, team) for team in dict.fromkeys(teams) if team is not None]
    others = tuple(result for result in wave.results if result.team is None)
    found = [group for group in groups if group is not None]
    found += [_add_up(wave, "others", others)] if others else []
    return [*found, *([sums_of_organisation(wave)] if wave.team is None else [])]


def sums_of_team(wave: Pulse, team: UUID) -> GroupSums | None:
    """One team's; None: it was not asked by itself."""
    withheld = next((one for one in wave.withheld if one.team == team), None)
    if withheld is not None:
        return GroupSums(grouping="team", team=team, rule=_RULES[withheld.rule])
    results = [result for result in wave.results if result.team == team]
    return _add_up(wave, "team", results, team) if results else None


def sums_of_organisation(wave: Pulse) -> GroupSums:
    """Of all that is published."""
    return _add_up(wave, "organisation", wave.results)


def _add_up(wave: Pulse, grouping: Grouping, results: Sequence[PulseResult], team: UUID | None = None) -> GroupSums:
    if not results:
        return GroupSums(grouping=grouping, team=team, rule=WithheldBy.SMALL_GROUP)
    totals = {item.id: 0 for item in wave.items}
    for result in results:
        for one in result.sums:
            totals[one.item] += one.total
    return GroupSums(grouping=grouping, team=team, answers=sum(result.answers for result in results), totals=totals)


def mean_of(item: PulseItem, sums: GroupSums) -> Fraction:
    """The mean of one item: more is better."""
    return Fraction(*score(item, sums.totals[item.id], sums.answers))


def safety_of(items: Iterable[PulseItem], sums: GroupSums) -> Fraction:
    """The mean of the seven items of psychological safety."""
    means = [mean_of(item, sums) for item in items if item.id.startswith(_SAFETY_ITEM)]
    return sum(means, Fraction(0)) / len(means)
