"""Which figures of a group say nothing of one person: five behind each, and five behind what differences would isolate.

Pure: sets of persons in, a rule out. Who asks, and what they may ask for, is the business of the services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import product
from typing import TypeAlias
from uuid import UUID

#: Fewer persons than this behind a figure, or behind a difference of figures, could be told apart.
MIN_GROUP_SIZE = 5
#: Groups whose sums and differences are looked at: all 3^n of them. What is beyond is withheld.
MAX_GROUPS = 6

#: Whose data a part of a figure is, and to which team that part belongs (None: to none).
Contribution: TypeAlias = tuple[UUID | None, UUID]
#: What a figure is made of, by its counts: each has to be large enough by itself.
Parts: TypeAlias = tuple[frozenset[Contribution], ...]


class WithheldBy(StrEnum):
    """The rule by which a figure is withheld."""

    #: One to four persons are behind it.
    SMALL_GROUP = "small_group"
    #: Taken from another figure that the viewer may ask for, it would leave one to four persons.
    SMALL_COMPLEMENT = "small_complement"
    #: Compared with the figure of the present it would say what happened to few between.
    PRESENT_ONLY = "present_only"
    #: Compared with that of the default window it would say what happened on few days.
    DEFAULT_WINDOW_ONLY = "default_window_only"
    #: It is of a team that is not the viewer's.
    OTHER_TEAM = "other_team"


def is_large_enough(persons: Collection[UUID]) -> bool:
    """Whether this many may stand for a group: none at all, or five and more."""
    return not persons or len(persons) >= MIN_GROUP_SIZE


def find_rule_against(parts: Parts, *, subtracted: AbstractSet[UUID], seen: AbstractSet[UUID]) -> WithheldBy | None:
    """The rule against showing a figure of these parts; None: it may be shown.

    `subtracted`: teams whose own figures the viewer may ask for, which leaves the rest. `seen`: persons whose own
    figures the viewer may see, the viewer apart: they hide nobody.
    """
    for part in parts:
        if not is_large_enough({person for _, person in part} - seen):
            return WithheldBy.SMALL_GROUP
    for part in parts:
        shown = {team for team in subtracted if is_large_enough({p for t, p in part if t == team} - seen)}
        if not is_large_enough({person for team, person in part if team not in shown} - seen):
            return WithheldBy.SMALL_COMPLEMENT
    return None


def select_groups(
    asked: Iterable[tuple[UUID | None, AbstractSet[UUID]]],
) -> dict[UUID | None, WithheldBy | None]:
    """Of groups by name, in this order, the rule against each; None: it may be shown together with those before it.

    A group is taken while no sum or difference of those taken is about one to four persons.
    """
    taken: list[AbstractSet[UUID]] = []
    found: dict[UUID | None, WithheldBy | None] = {}
    for name, persons in asked:
        if not is_large_enough(persons):
            found[name] = WithheldBy.SMALL_GROUP
        elif len(taken) >= MAX_GROUPS or _isolates_few([*taken, persons]):
            found[name] = WithheldBy.SMALL_COMPLEMENT
        else:
            found[name] = None
            taken.append(persons)
    return found


def _isolates_few(groups: Sequence[AbstractSet[UUID]]) -> bool:
    """Whether some sum or difference of these groups, the last one among them, is about one to four persons."""
    cells = Counter(_list_memberships(groups).values())
    for others in product((-1, 0, 1), repeat=len(groups) - 1):
        weights = (*others, 1)
        size = sum(
            count
            for inside, count in cells.items()
            if sum(w for w, within in zip(weights, inside, strict=True) if within)
        )
        if 0 < size < MIN_GROUP_SIZE:
            return True
    return False


def _list_memberships(groups: Sequence[AbstractSet[UUID]]) -> Mapping[UUID, tuple[bool, ...]]:
    """Person -> in which of the groups."""
    return {person: tuple(person in group for group in groups) for person in frozenset[UUID]().union(*groups)}


def contributions(pairs: Iterable[tuple[UUID | None, UUID | None]]) -> frozenset[Contribution]:
    """The contributions of these pairs of team and person; pairs without a person are left out."""
    return frozenset(_with_person(pairs))


def _with_person(pairs: Iterable[tuple[UUID | None, UUID | None]]) -> Iterator[Contribution]:
    for team, person in pairs:
        if person is not None:
            yield team, person
