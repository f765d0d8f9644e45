"""What a text says of ids: the names of the time asked about, and how people and goals are listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from projections.figures import Figure
from services.plain_text import clean
from services.report_text.page import ISOLATE, name_of, quote

T = TypeVar("T")


class Names(msgspec.Struct, frozen=True):
    """Id -> how it was called. An id without a name is printed as "somebody", "a team" or "a goal", never as an id."""

    known: Mapping[str, str]

    def person(self, member: UUID | None) -> str:
        """A member's name."""
        return self._find(member, "somebody")

    def team(self, team: UUID | None) -> str:
        """A team's name; None is the organisation."""
        return "the organisation" if team is None else self._find(team, "a team")

    def goal(self, goal: UUID | None) -> str:
        """A goal's title in quotation marks."""
        name = self.known.get(str(goal), "")
        return quote(name) if clean(name) else "a goal"

    def _find(self, thing: UUID | None, otherwise: str) -> str:
        return name_of(self.known.get(str(thing), "")) or otherwise

    def sort_people(self, rows: Iterable[tuple[UUID, T]]) -> list[tuple[str, T]]:
        """Name and row by name: people are in no other order, whatever their figures are."""
        named = [(self.person(member), member.int, row) for member, row in rows]
        return [(name, row) for name, _, row in sorted(named, key=lambda one: (_plain(one[0]), one[0], one[1]))]


def _plain(name: str) -> str:
    return name.strip(ISOLATE).casefold()


#: Figures of each person, which a report has for several of them.
_OF_EACH = frozenset({"load_ratio", "wip_ratio", "help_past_answer_by", "help_answer_days"})


def group_figures(figures: Iterable[Figure]) -> list[Figure]:
    """The figures of the team or organisation; of one member's report those that a team's would have of the team."""
    return [figure for figure in figures if figure.goal is None and figure.name not in _OF_EACH]


def figures_by_member(figures: Iterable[Figure], name: str) -> dict[UUID, list[Figure]]:
    """Member -> that member's figures of this name."""
    found: dict[UUID, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.name == name and figure.member is not None:
            found[figure.member].append(figure)
    return found


def goal_figures(figures: Iterable[Figure], name: str) -> list[tuple[UUID, Figure]]:
    """The goals that have a figure of this name, with it."""
    return [(figure.goal, figure) for figure in figures if figure.name == name and figure.goal is not None]
