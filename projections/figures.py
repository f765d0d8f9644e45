"""The shape of every report: figures with their counts, their uncertainty and, when asked, the events behind them.

A figure is computed exactly (fractions) and compared with its line exactly; it is rounded, half-even to 6 decimals,
only here, where it is printed. There is no composite score and no ranked list of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import sqrt
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, Self, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.calendar import end_of_day
from domain.instants import to_micros
from projections.as_of import AsOf
from projections.privacy import Parts, WithheldBy, contributions, is_large_enough

Line = Literal["amber", "red", "over"]


class IdKind(StrEnum):
    """What an id in a report is of, and who may see the row that holds it. Applied by `services.visibility.reports`.

    Every id of a report's Structs has one of these as its annotation; a test walks the Structs.
    """

    #: The goal that the row is about: the row is for viewers of the goal.
    SUBJECT_GOAL = "subject_goal"
    #: The member that the row is about: the row is for viewers of this person's figures.
    SUBJECT_MEMBER = "subject_member"
    #: The cycle that the row is about: the row is for viewers of what belongs to the row's `team`.
    SUBJECT_CYCLE = "subject_cycle"
    #: The experiment that the row is about: the row is for viewers of what belongs to the row's `team`.
    SUBJECT_EXPERIMENT = "subject_experiment"
    #: A goal that the row quotes: viewers who may not see it get the row's `without_quoted_goal()`.
    QUOTED_GOAL = "quoted_goal"
    #: Shown to everybody who may see the row; `names` has their names.
    MEMBER = "member"
    TEAM = "team"
    CHARTER = "charter"
    #: Shown to everybody who may see the row; these have no names.
    EVENT = "event"
    PART = "part"


SubjectGoal = Annotated[UUID, IdKind.SUBJECT_GOAL]
SubjectMember = Annotated[UUID, IdKind.SUBJECT_MEMBER]
SubjectCycle = Annotated[UUID, IdKind.SUBJECT_CYCLE]
SubjectExperiment = Annotated[UUID, IdKind.SUBJECT_EXPERIMENT]
QuotedGoal = Annotated[UUID, IdKind.QUOTED_GOAL]
MemberRef = Annotated[UUID, IdKind.MEMBER]
TeamRef = Annotated[UUID, IdKind.TEAM]
CharterRef = Annotated[UUID, IdKind.CHARTER]
EventRef = Annotated[UUID, IdKind.EVENT]
#: A part of a charter or cycle: a ritual, an improvement.
PartRef = Annotated[UUID, IdKind.PART]


class QuotesGoal(Protocol):
    """A row that has a `QuotedGoal`."""

    def without_quoted_goal(self) -> msgspec.Struct:
        """The row without the goal that it quotes: neither its id nor its words."""
        ...


#: The status of a group's figure that is not for this viewer.
WITHHELD = "withheld"

#: The status of a figure in hours all of which rest on efforts that were not stated: it draws no line.
ESTIMATED_ONLY = "estimated_only"

#: Below this many cases a ratio shows its counts first and draws a line only where its whole interval is over it.
SMALL_SAMPLE = 10
#: Printed values have 6 decimals.
_SCALE = 10**6
#: Two-sided 95 % quantile of the normal distribution.
_Z = 1.959963984540054
#: Days of a window where none is asked for; of a team's shares of what its few people take on rarely.
WINDOW_DAYS, TEAM_SHARE_DAYS = 28, 84


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number of a report. `value` is always there, null where there is nothing to measure (`status` says why)."""

    name: str
    team: TeamRef | None = None
    member: SubjectMember | None = None
    #: The Monday of the week.
    week: date | None = None
    goal: SubjectGoal | None = None
    #: Whose purpose is meant: the charter's id.
    charter: CharterRef | None = None
    #: Scope figures come thrice: moves that both sides agreed, and those they did not;
    negotiated: bool | None = None
    #: and those whose new day had passed already.
    retroactive: bool = False
    #: A ratio's numerator, then how many cases it rests on: counts come first.
    count: int | None = None
    n: int | None = None
    value: float | int | None
    #: Why there is no value: `no_data`, `no_charter`, `no_capacity`, ...; `estimated_only`: why there is no line.
    status: str | None = None
    #: By which rule a figure of a group is withheld from this viewer.
    rule: WithheldBy | None = None
    line: Line | None = None
    #: The same measure as a ratio, where `value` is in days.
    ratio: float | None = None
    #: Wilson's 95 % interval of `count / n`.
    interval: tuple[float, float] | None = None
    small_sample: bool = False
    #: The share of it that rests on efforts that were not stated, 0..1.
    estimated_share: float | None = None
    #: Some of it rests on an effort or a capacity that was not stated.
    estimated: bool = False
    #: Hours, where the ratio is made of hours.
    planned_hours: float | None = None
    available_hours: float | None = None
    no_capacity: bool = False
    #: Paired by inference, and additions taken within the line: counted separately.
    inferred: int | None = None
    absorbed: int | None = None
    #: Of the counted links, those whose window to be affirmed has passed.
    overdue: int | None = None
    #: Days of its own window, where that may differ from the report's.
    window: int | None = None
    #: The events that made the number, in log order; only when asked to explain.
    events: list[EventRef] | None = None

    @property
    def is_of_group(self) -> bool:
        """Whether it is about several people: neither one member's nor one goal's."""
        return self.member is None and self.goal is None

    def as_withheld(self, rule: WithheldBy) -> Figure:
        """This figure without its values: only its name, its group or member, and the rule."""
        return Figure(
            name=self.name,
            team=self.team,
            week=self.week,
            charter=self.charter,
            negotiated=self.negotiated,
            retroactive=self.retroactive,
            value=None,
            status=WITHHELD,
            rule=rule,
        )


#: Team and person of each thing that a figure counts; a pair without a person is ignored.
_Case = tuple[UUID | None, UUID | None]
_Behind = Sequence[_Case]


class GroupFigure(NamedTuple):
    """A group's figure with the persons behind each of its counts, who are never in an answer."""

    figure: Figure
    behind: tuple[_Behind, ...]


def of_group(figure: Figure, *parts: Iterable[tuple[UUID | None, UUID | None]]) -> GroupFigure:
    """The figure with who is behind each of its counts, as (team, person); without a part nobody is."""
    return GroupFigure(figure, tuple(part if isinstance(part, list) else list(part) for part in parts))


def of_window(figure: Figure, begin: int, *parts: Iterable[tuple[int, UUID | None, UUID | None]]) -> GroupFigure:
    """`of_group` of what happened at times (microseconds UTC), in a window that may be longer than that of its report.

    `begin`: when the window of its report begins, microseconds UTC. The difference between the two figures is what
    happened before. Where the shorter one is shown, five persons have to be behind that too.
    """
    behind = list[_Behind]()
    for part in parts:
        cases, before, recent = list[_Case](), list[_Case](), set[UUID]()
        for at, team, person in part:
            cases.append((team, person))
            if at < begin:
                before.append((team, person))
            elif person is not None:
                recent.add(person)
        behind += [cases, before] if before and is_large_enough(recent) else [cases]
    return GroupFigure(figure, tuple(behind))


class FigureList(list[Figure]):
    """The figures of a report as it was built: beside those of groups, who is behind them."""

    def __init__(self, figures: Iterable[Figure | GroupFigure] = ()) -> None:
        self._behind: list[tuple[_Behind, ...] | None] = []
        for figure in figures:
            bare, behind = figure if isinstance(figure, GroupFigure) else (figure, None)
            self.append(bare)
            self._behind.append(behind)

    @cached_property
    def parts(self) -> list[Parts | None]:
        """Who is behind each figure; None where it is no group's. Computed for viewers who do not see everything."""
        return [None if behind is None else tuple(map(contributions, behind)) for behind in self._behind]


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every report answers with; each adds its own sections."""

    #: Whether every viewer who may ask for it is shown all of it.
    is_published: ClassVar[bool] = False

    #: The business day or instant asked about, as asked.
    as_of: str
    #: By when facts had to be known to count.
    recorded_as_of: datetime
    policy_version: int
    figures: list[Figure]
    #: Id -> how members, teams and goals mentioned here were called at `as_of`; only when asked for.
    names: dict[str, str] = {}

    def without_withheld(self, *, past: bool) -> Self:
        """The report without what its other sections say of withheld figures; `past`: the past may be told as well."""
        del past
        return self


R = TypeVar("R", bound=Report)


class ReportScope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose report: a team's, a member's, a member's within a team, or (neither) the whole organisation's."""

    team: UUID | None = None
    member: UUID | None = None
    #: Days, ending with the day of the report's `as_of`.
    window: int = WINDOW_DAYS
    #: Days of the window where none is asked for.
    default_days: int = WINDOW_DAYS
    #: The same for the shares of additions and of imposed goals; None: as `window`.
    share_window: int | None = None
    #: Whether figures and suggestions name the events behind them.
    explain: bool = False
    #: The members whose own figures are wanted; None: of all. Figures of groups are of all in either case.
    persons: frozenset[UUID] | None = None

    def includes_person(self, member: UUID) -> bool:
        """Whether this member's own figures are to be computed."""
        return self.persons is None or member in self.persons

    @property
    def group(self) -> dict[str, Any]:
        """The keys of a group's figures."""
        return {"member": self.member} if self.member else {"team": self.team} if self.team else {}

    @classmethod
    def with_default_window(  # noqa: PLR0913 - a question has so many parts
        cls,
        *,
        team: UUID | None,
        member: UUID | None,
        window: int | None,
        explain: bool,
        default_days: int = WINDOW_DAYS,
    ) -> Self:
        """The scope of a question: where no window is asked for `default_days`, and 84 for a team's shares."""
        days = window or default_days
        scope = cls(team=team, member=member, window=days, default_days=default_days, explain=explain)
        return replace(scope, share_window=TEAM_SHARE_DAYS) if scope.of_team and window is None else scope

    @property
    def of_team(self) -> bool:
        """Whether it is a team's report, not one member's within it."""
        return self.team is not None and self.member is None

    def list_events(self, events: Iterable[UUID | None]) -> list[UUID] | None:
        """The events behind a figure (`event_ids`) where they are to be named; else none are looked for."""
        return event_ids(events) if self.explain else None

    @property
    def share_days(self) -> int:
        """Days of the shares of additions and of imposed goals."""
        return self.share_window or self.window

    @property
    def owners(self) -> list[UUID] | None:
        """The owners whose goals count; None: all."""
        return None if self.member is None else [self.member]


#: The whole organisation's report, 28 days back.
WHOLE_ORGANISATION = ReportScope()


def finish_report(
    report: type[R], as_of: AsOf, scope: ReportScope, figures: Iterable[Figure | GroupFigure], **sections: Any
) -> R:
    """The report of these figures and its own sections, without the events behind figures unless asked to explain."""
    return report(
        as_of=as_of.as_of_text,
        recorded_as_of=as_of.recorded_as_of,
        policy_version=as_of.policy.version,
        figures=FigureList(figure if scope.explain else _without_events(figure) for figure in figures),
        **sections,
    )


def _without_events(figure: Figure | GroupFigure) -> Figure | GroupFigure:
    if isinstance(figure, GroupFigure):
        return figure._replace(figure=without_events(figure.figure))
    return figure if figure.events is None else without_events(figure)


S = TypeVar("S", bound=msgspec.Struct)


def without_events(row: S) -> S:
    """The row without the events behind it."""
    return replace(row, events=None)


def round_for_report(value: Fraction | None) -> float | None:
    """`value` as it is shown: half-even to 6 decimals."""
    return None if value is None else ratio_for_report(value.numerator, value.denominator)


def ratio_for_report(numerator: int, denominator: int) -> float:
    """Numerator / denominator (above 0) as it is shown, from whole numbers: no common denominator is looked for."""
    if not numerator:
        return 0.0
    whole, rest = divmod(numerator * _SCALE, denominator)
    up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return (whole + up) / _SCALE


def wilson_interval(count: int, n: int) -> tuple[float, float]:
    """Wilson's score interval (1927) of `count` in `n` at 95 %, each end within 0..1; (0, 1) for no case at all."""
    if n == 0:
        return 0.0, 1.0
    share, squared = count / n, _Z * _Z
    centre = share + squared / (2 * n)
    reach = _Z * sqrt(share * (1 - share) / n + squared / (4 * n * n))
    low, high = ((centre + sign * reach) / (1 + squared / n) for sign in (-1, 1))
    return (
        0.0 if count == 0 else round(max(0.0, low), 6),
        1.0 if count == n else round(min(1.0, high), 6),
    )


def line_of_ratio(ratio: Fraction, *, amber: Fraction | None = None, red: Fraction | None = None) -> Line | None:
    """The line that the exact ratio is *over*; one on the line has not crossed it."""
    if red is not None and ratio > red:
        return "red"
    return "amber" if amber is not None and ratio > amber else None


def line_of_limit(ratio: Fraction, limit: Fraction) -> Line | None:
    """For figures with a single line."""
    return "over" if ratio > limit else None


def is_share_over(count: int, n: int, limit: Fraction) -> bool:
    """Whether count / n is over the limit; of fewer than ten, whether all of Wilson's interval is. Exactly."""
    share = Fraction(count, n)
    if share <= limit or n >= SMALL_SAMPLE:
        return share > limit
    # The limits that the interval leaves out are those from which the share lies more than z deviations away.
    return (share - limit) ** 2 * n > Fraction(_Z) ** 2 * limit * (1 - limit)


def line_of_share(
    count: int, n: int, *, amber: Fraction | None = None, red: Fraction | None = None, limit: Fraction | None = None
) -> Line | None:
    """The line that `count` of `n` is over: amber and red, or the only one."""
    if n == 0:
        return None
    lines: tuple[tuple[Line, Fraction | None], ...] = (("over", limit), ("red", red), ("amber", amber))
    return next((line for line, at in lines if at is not None and is_share_over(count, n, at)), None)


def window_begin(as_of: AsOf, days: int = WINDOW_DAYS) -> int:
    """When the window of so many days begins, microseconds UTC: the end of the day before its first."""
    day = date.fromordinal(max(1, as_of.today.toordinal() - days))
    return to_micros(end_of_day(day, as_of.tzinfo))


def build_share(  # noqa: PLR0913 - a share is made of its counts and its lines
    name: str,
    count: int,
    n: int,
    *,
    amber: Fraction | None = None,
    red: Fraction | None = None,
    limit: Fraction | None = None,
    census: bool = False,
    **fields: Any,
) -> Figure:
    """`count` of `n` as a figure with its interval; null (`no_data`) where there is no case.

    `amber` and `red`, or one `limit` (line "over"); `fields` are the figure's keys (team, member, goal, events, ...).
    `census`: of all that is there, not of what happened in a window: no interval, and no line for fewer than ten.
    """
    exact = Fraction(count, n) if n else None
    line = None if census and n < SMALL_SAMPLE else line_of_share(count, n, amber=amber, red=red, limit=limit)
    return Figure(
        name=name,
        count=count,
        n=n,
        value=round_for_report(exact),
        status=None if n else "no_data",
        line=line,
        interval=wilson_interval(count, n) if n and not census else None,
        small_sample=n < SMALL_SAMPLE,
        **fields,
    )


def event_ids(events: Iterable[UUID | None]) -> list[UUID]:
    """Event ids without gaps and doubles; ids are time-ordered, so sorting them is the log's order."""
    return sorted({event for event in events if event is not None}, key=lambda event: event.int)
