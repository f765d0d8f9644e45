"""Rituals: the minutes a week that they ask of each member, derived from the charters. Formula: docs/reports.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from domain.charter.state import Charter, Mode, Ritual
from domain.member.member import Member
from projections.as_of import AsOf
from projections.charters.charters import charters_at
from projections.database.database import Database
from projections.figures import (
    WHOLE_ORGANISATION,
    Figure,
    GroupFigure,
    PartRef,
    Report,
    ReportScope,
    TeamRef,
    event_ids,
    finish_report,
    line_of_limit,
    of_group,
    round_for_report,
)
from projections.people import member_at, members_at

_WEEK_DAYS = 7
#: Name of the figure for what is held together, and for what everybody does at a time of their own.
FIGURE_NAMES: dict[Mode, str] = {"sync": "ritual_minutes", "async": "async_minutes"}


class RitualEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual that counts, and whose it is."""

    #: Empty: the organisation's own.
    team: TeamRef | None = None
    ritual: PartRef
    title: str
    mode: Mode
    cadence_days: int
    minutes: int
    #: Minutes a week of everybody whose ritual it is.
    minutes_a_week: float


class RitualsReport(Report, frozen=True, kw_only=True):
    """What meetings ask of each member, and what could be async."""

    rituals: list[RitualEntry]


#: By the charter's team, None for the organisation's: it has hundreds of charters, and a member stands under few.
_RitualsByTeam = dict[UUID | None, list[Ritual]]


def sum_minutes_a_week(rituals: Iterable[Ritual], mode: Mode) -> Fraction:
    """Sum of minutes x 7 / cadence over the rituals of this mode, exactly."""
    return sum((Fraction(r.minutes * _WEEK_DAYS, r.cadence_days) for r in rituals if r.mode == mode), Fraction(0))


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> RitualsReport:
    """What the rituals in force ask of a team's members, of one member, or of everybody. The window changes nothing."""
    charters = [held.charter for held in charters_at(database, as_of)]
    people = _load_members(database, as_of, scope.team, scope.member)
    by_team = _group_by_team(charters)
    ritual_of = {person.id: _rituals_of_member(person, by_team) for person in people}
    members = [(None, person.id) for person in people]
    means = [] if scope.member else _group_figures(list(ritual_of.values()), charters, scope.group)
    figures: list[Figure | GroupFigure] = [of_group(figure, members) for figure in means]
    figures += [f for person in people for f in _member_figures(person.id, ritual_of[person.id], charters)]
    teams = {t for person in people for t in person.teams} | ({scope.team} if scope.team else set())
    return finish_report(
        RitualsReport,
        as_of,
        scope,
        figures,
        rituals=[r for c in charters if c.of.team is None or c.of.team in teams for r in _ritual_entries(c)],
    )


def build_minutes_figure(database: Database, as_of: AsOf, scope: ReportScope) -> GroupFigure:
    """Of the group figures the minutes a week and member held together; a line where they are over the policy's."""
    charters = [held.charter for held in charters_at(database, as_of)]
    people = _load_members(database, as_of, scope.team, scope.member)
    by_team = _group_by_team(charters)
    of_each = [_rituals_of_member(person, by_team) for person in people]
    figure = _group_figures(of_each, charters, scope.group)[0]
    total = sum_minutes_a_week((ritual for rituals in of_each for ritual in rituals), "sync")
    limit = as_of.policy.policy.ritual_minutes_limit
    line = line_of_limit(total / len(people), Fraction(limit)) if figure.value is not None else None
    return of_group(msgspec.structs.replace(figure, line=line), [(None, person.id) for person in people])


def _load_members(database: Database, as_of: AsOf, team: UUID | None, member: UUID | None) -> list[Member]:
    if member is None:
        return members_at(database, as_of, team=team)
    found = member_at(database, as_of, member)
    return [found] if found is not None and found.is_present and (team is None or team in found.teams) else []


def _group_by_team(charters: Iterable[Charter]) -> _RitualsByTeam:
    rituals: _RitualsByTeam = defaultdict(list)
    for charter in charters:
        rituals[charter.of.team] += charter.rituals
    return rituals


def _rituals_of_member(person: Member, by_team: _RitualsByTeam) -> list[Ritual]:
    """The rituals of the organisation and of the member's teams."""
    return [ritual for team in (None, *person.teams) for ritual in by_team.get(team, ())]


def _member_figures(person: UUID, rituals: list[Ritual], charters: Sequence[Charter]) -> list[Figure]:
    return [
        _minutes_figure(mode, sum_minutes_a_week(rituals, mode), rituals, charters, member=person)
        for mode in FIGURE_NAMES
    ]


def _group_figures(of_each: list[list[Ritual]], charters: Sequence[Charter], group: dict[str, Any]) -> list[Figure]:
    """The mean over the members, and how much of it is async already."""
    every = [ritual for rituals in of_each for ritual in rituals]
    totals = {mode: sum_minutes_a_week(every, mode) for mode in FIGURE_NAMES}
    n = len(of_each)
    figures = [
        _minutes_figure(mode, total / n if n else None, every, charters, n=n, **group) for mode, total in totals.items()
    ]
    whole = sum(totals.values(), Fraction(0))
    share = totals["async"] / whole if whole else None
    status = None if whole else _empty_status(charters)
    return [
        *figures,
        Figure(name="async_share", value=round_for_report(share), status=status, events=_ritual_events(every), **group),
    ]


def _minutes_figure(
    mode: Mode,
    value: Fraction | None,
    rituals: Iterable[Ritual],
    charters: Sequence[Charter],
    **fields: Any,
) -> Figure:
    known = value if charters else None
    status = None if known is not None else _empty_status(charters)
    events = _ritual_events(r for r in rituals if r.mode == mode)
    return Figure(name=FIGURE_NAMES[mode], value=round_for_report(known), status=status, events=events, **fields)


def _empty_status(charters: Sequence[Charter]) -> str:
    return "no_data" if charters else "no_charter"


def _ritual_events(rituals: Iterable[Ritual]) -> list[UUID]:
    return event_ids(ritual.event for ritual in rituals)


def _ritual_entries(charter: Charter) -> list[RitualEntry]:
    return [
        RitualEntry(
            team=charter.of.team,
            ritual=ritual.id,
            title=ritual.name,
            mode=ritual.mode,
            cadence_days=ritual.cadence_days,
            minutes=ritual.minutes,
            minutes_a_week=round_for_report(sum_minutes_a_week([ritual], ritual.mode)) or 0.0,
        )
        for ritual in charter.rituals
    ]
