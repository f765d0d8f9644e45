"""What `as_of` shows of support: whose needs, whose help, what stands in the way, and when a goal was spoken of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cached_property
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import absence_end, end_of_day
from domain.goal.state import PROMISED_STATES
from domain.instants import to_micros
from domain.member.member import Absence, Member
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import (
    Database,
    Query,
    Row,
    group_by_stream,
    named_statements,
    query_by_ids,
    to_id,
    to_optional_id,
)
from projections.database.sql import all_in_force_sql, in_force_sql
from projections.database.tables import END_OF_TIME, Dialect
from projections.figures import ReportScope
from projections.goals import AnyPromise, ReportedEnd, ReportedPromise, promises_at, to_promised_goal
from projections.paused_time import (
    DAY_MICROS,
    Span,
    absent_spans,
    merge_spans,
    paused_spans,
    running_micros,
    to_pause_record,
)
from projections.people import load_members_by_id, members_at

_SQL = "support"
#: As SQL: none of the agreement's names holds a quote.
_PROMISED_STATES_SQL = ", ".join(f"'{state}'" for state in PROMISED_STATES)


#: The goals `g` of needs, and what holds of them besides. PostgreSQL takes all that are in force at once: one by one it
#: would look at each version of a goal for each of its needs. SQLite would copy them, whole states included.
_GOALS_IN_FORCE: dict[Dialect, tuple[str, str]] = {
    "postgresql": (f"{all_in_force_sql('goals')} AS g", "TRUE"),
    "sqlite": ("goals AS g", f"g.organisation_id = n.organisation_id AND {in_force_sql('g')}"),
}

#: Statements that no other's rows are needed for.
_PARTS = ("ended", "resolved", "feedback", "needs")


class NeedFact(msgspec.Struct, frozen=True, kw_only=True):
    """One need, and its answer as far as `as_of` shows one. Instants are microseconds UTC."""

    goal: UUID
    check_in: UUID
    index: int
    #: Whose goal it is, and who asked: the owner of then.
    owner: UUID
    asker: UUID
    team: UUID | None
    #: Who has answered, else of whom an answer is asked: the addressee, the goal's sponsor where none was named.
    helper: UUID
    answer_by: date | None
    raised_at: int
    answer: UUID | None
    answered_at: int | None
    #: Unanswered, and its goal not ended: it can still be answered.
    open: bool


class ResolvedBlocker(msgspec.Struct, frozen=True):
    """A blocker that was raised and resolved; microseconds UTC."""

    event_id: UUID
    raised_at: int
    resolved_at: int
    team: UUID | None
    owner: UUID | None


class GivenFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """Feedback that one side of a goal gave."""

    event: UUID
    team: UUID | None
    by: UUID | None


class UnresolvedBlocker(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a goal's way: raised as such, or listed in its last check-in that speaks of blockers."""

    goal: UUID
    #: The event that raised it, or the check-in that lists it.
    event_id: UUID
    raised: bool
    #: Of a listed one: its place there.
    place: int = 0
    acts_next: UUID
    #: Microseconds UTC; of a listed one: the first of the check-ins that have listed some ever since.
    since: int


class StandingPromise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that stood at some time of the window, and when its clock stood still. Microseconds UTC."""

    goal: ReportedPromise
    begun: int
    #: `as_of`, or the goal's end.
    until: int
    stops: list[Span]


class CheckInHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A promise as adherence sees it. Instants are microseconds UTC."""

    goal: ReportedPromise
    begun: int
    #: `as_of`, or the goal's end.
    until: int
    stops: list[Span]
    #: Judgements of the window and the cadence before it, with their events.
    judged: list[tuple[int, UUID]]


class SupportFacts:
    """The facts of one report, each read once. A member's are about this person's goals and help."""

    def __init__(
        self,
        database: Database,
        as_of: AsOf,
        scope: ReportScope,
        *,
        parts: Iterable[str] = _PARTS,
        promises: list[ReportedPromise] | None = None,
    ) -> None:
        self._database = database
        #: Which of the statements that are read in one round trip will be asked for.
        self._parts = parts
        self.as_of = as_of
        self.scope = scope
        self.team = scope.team
        self.member = scope.member
        self.zone: ZoneInfo = as_of.tzinfo
        self.at = to_micros(as_of.at)
        self.since = to_micros(end_of_day(_days_before(as_of.today, scope.window), self.zone))
        self._members_by_id: dict[UUID, Member] = {}
        if promises is not None:
            # Read already, for another figure.
            self.promises = promises

    @property
    def scope_sql(self) -> tuple[str, dict[str, str]]:
        """The goals that are asked about, as a condition on `goals g`."""
        parts, params = ["1 = 1"], dict[str, str]()
        for column, value in (("team", self.team), ("owner", self.member)):
            if value is not None:
                # A goal with neither is of no member. Written so that no index on teams serves: SQLite, which has no
                # statistics, would look through all goals of the team for each need, a hundred times as long.
                parts.append(f"COALESCE(g.{column}, g.stream_id) = :asked_{column}")
                params[f"asked_{column}"] = str(value)
        return " AND ".join(parts), params

    @property
    def _own_goals_sql(self) -> tuple[str, dict[str, str]]:
        """The same, of statements that find goals first: by the index on their teams or owners."""
        asked = {"team": self.team, "owner": self.member}
        params = {f"asked_{column}": str(value) for column, value in asked.items() if value is not None}
        parts = ["1 = 1", *(f"g.{column} = :asked_{column}" for column, value in asked.items() if value is not None)]
        return " AND ".join(parts), params

    @property
    def _needs_scope_sql(self) -> tuple[str, dict[str, str]]:
        condition, params = self.scope_sql
        if self.team is not None or self.member is not None:
            helpers = {f"helper_{n}": str(helper) for n, helper in enumerate(self.helpers)}
            placeholders = ", ".join(f":{name}" for name in helpers) or "NULL"
            condition = f"({condition}) OR COALESCE(a.party, n.addressee, g.sponsor) IN ({placeholders})"
            params |= helpers
        return condition, params

    def _build_statement(self, name: str, condition: str, params: dict[str, str]) -> Query:
        sql = named_statements(_SQL)[name].replace(":whose", condition).replace(":states", _PROMISED_STATES_SQL)
        goals, condition = _GOALS_IN_FORCE[self._database.dialect]
        sql = sql.replace(":goals_in_force", goals).replace(":are_in_force", condition)
        return sql, {**self.as_of.params, "since": self.since, **params}

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        """What every report needs, read in one round trip: none of it depends on more than whom it is about."""
        scopes = dict.fromkeys(_PARTS, self.scope_sql) | {"needs": self._needs_scope_sql, "ended": self._own_goals_sql}
        wanted = {name: scopes[name] for name in self._parts}
        rows = self._database.query_many([self._build_statement(name, *of) for name, of in wanted.items()])
        return dict(zip(wanted, rows, strict=True))

    # --- people -------------------------------------------------------------------------------------------------

    @cached_property
    def helpers(self) -> list[UUID]:
        """The members whose help is listed separately: the member, or the joined members (of the team), by id."""
        if self.member is not None:
            return [self.member]
        members = members_at(self._database, self.as_of, team=self.team)
        self._members_by_id |= {m.id: m for m in members}
        return [m.id for m in members]

    def load_members(self, ids: Iterable[UUID]) -> dict[UUID, Member]:
        """These members, departed ones too; each is read once."""
        self._members_by_id |= load_members_by_id(self._database, self.as_of, set(ids) - self._members_by_id.keys())
        return self._members_by_id

    # --- needs --------------------------------------------------------------------------------------------------

    @cached_property
    def needs(self) -> list[NeedFact]:
        """Every need of the goals asked about, or asked of (or answered by) these helpers."""
        return [_to_need_fact(row) for row in self._rows["needs"]]

    @cached_property
    def needs_by_helper(self) -> dict[UUID, list[NeedFact]]:
        """The needs by whom they ask."""
        by_helper: dict[UUID, list[NeedFact]] = defaultdict(list)
        for need in self.needs:
            by_helper[need.helper].append(need)
        return by_helper

    def is_in_scope(self, need: NeedFact) -> bool:
        """Whether the need belongs to one of the goals asked about."""
        return self.team in (None, need.team) and self.member in (None, need.owner)

    @cached_property
    def _overdue_needs(self) -> frozenset[tuple[UUID, int]]:
        waiting = [need for need in self.needs if need.open and need.answer_by is not None]
        people = self.load_members(need.helper for need in waiting)
        absences = {member.id: member.absences for member in people.values() if member.absences}
        late = (n for n in waiting if answer_due_at(n.answer_by, absences.get(n.helper, ()), self.zone) <= self.at)
        return frozenset((need.check_in, need.index) for need in late)

    def is_overdue(self, need: NeedFact) -> bool:
        """Whether an open need's answer-by has passed; one inside the helper's absence moves to the absence's end.

        Never, for a need from before there was a default.
        """
        return (need.check_in, need.index) in self._overdue_needs

    # --- goals --------------------------------------------------------------------------------------------------

    @cached_property
    def promises(self) -> list[ReportedPromise]:
        """The goals asked about whose promise stands."""
        owners = self.scope.owners
        return promises_at(self._database, self.as_of, team=self.team, owners=owners, states=PROMISED_STATES)

    @cached_property
    def standing_promises(self) -> list[StandingPromise]:
        """Every promise that stood at some time of the window."""
        goals = [(goal, self.at) for goal in self.promises]
        for row in cancellable(sorted(self._rows["ended"], key=attrgetter("stream_id"))):
            goal = to_promised_goal(row.body)
            if isinstance(goal, ReportedEnd) and goal.promised is not None and to_micros(goal.ended_at) >= self.since:
                goals.append((goal.promised, to_micros(goal.ended_at)))
        of = {
            "pauses": sorted({str(goal.id) for goal, _ in goals if "pause" in goal.sources}),
            "deliveries": sorted({str(goal.id) for goal, _ in goals}),
        }
        rows = query_by_ids(self._database, _SQL, of, self.as_of.params)
        pauses = group_by_stream(rows["pauses"], to_pause_record)
        delivered = group_by_stream(rows["deliveries"], lambda r: (r.occurred_at, r.kind))
        absences = self._compute_absences({goal.owner for goal, _ in goals})
        return [
            StandingPromise(
                goal=goal,
                begun=to_micros(goal.promised_at),
                until=until,
                stops=_merge_stops(
                    [
                        *paused_spans(pauses.get(goal.id, ()), self.zone),
                        *_delivered_spans(delivered.get(goal.id, ())),
                    ],
                    absences.get(goal.owner, []),
                ),
            )
            for goal, until in goals
        ]

    def _compute_absences(self, owners: AbstractSet[UUID]) -> dict[UUID, list[Span]]:
        """When the clocks of those owners stand who are or were absent."""
        if self.member is None:
            # Nearly all of them are among those whose help is listed, who are read together.
            _ = self.helpers
        members = self.load_members(owners)
        absent = (members[owner] for owner in owners if owner in members and members[owner].absences)
        return {member.id: merge_spans(absent_spans(member.absences, self.zone)) for member in absent}

    @cached_property
    def check_in_histories(self) -> list[CheckInHistory]:
        """Every promise that stood at some time of the window, with what was said of it."""
        promises = self.standing_promises
        ids = sorted({str(promise.goal.id) for promise in promises})
        # A cadence that ends in the window may have begun before it, by so much more as the clock stood still.
        still = [
            self.since - promise.begun - running_micros(promise.begun, self.since, promise.stops)
            for promise in promises
            if promise.begun < self.since
        ]
        reach = self.since - self.as_of.policy.policy.cadence_days * DAY_MICROS - max(still, default=0)
        rows = query_by_ids(self._database, _SQL, {"judged": ids}, {**self.as_of.params, "reach": reach})
        judged = group_by_stream(rows["judged"], lambda r: (r.occurred_at, to_id(r.event_id)))
        return [
            CheckInHistory(
                goal=promise.goal,
                begun=promise.begun,
                until=promise.until,
                stops=promise.stops,
                judged=judged.get(promise.goal.id, []),
            )
            for promise in promises
        ]

    # --- blockers -----------------------------------------------------------------------------------------------

    @cached_property
    def blockers(self) -> list[UnresolvedBlocker]:
        """What stands in the way of the goals asked about, by goal and age."""
        blockers = [blocker for goal in self.promises for blocker in list_raised_blockers(goal)]
        blockers += load_listed_blockers(self._database, self.as_of, self.promises)
        return sorted(blockers, key=lambda b: (str(b.goal), b.since, str(b.event_id)))

    @cached_property
    def resolved_blockers(self) -> list[ResolvedBlocker]:
        """Blockers resolved in the window."""
        rows = self._rows["resolved"]
        return [
            ResolvedBlocker(
                to_id(row.event_id), row.raised_at, row.occurred_at, to_optional_id(row.team), to_optional_id(row.owner)
            )
            for row in rows
        ]

    @cached_property
    def feedback_by_side(self) -> dict[str, list[GivenFeedback]]:
        """The window's feedback by the side that gave it."""
        by_side: dict[str, list[GivenFeedback]] = {"owner": [], "sponsor": []}
        for row in self._rows["feedback"]:
            given = GivenFeedback(
                event=to_id(row.event_id), team=to_optional_id(row.team), by=to_optional_id(row.party)
            )
            by_side.setdefault(row.by_side, []).append(given)
        return by_side


def load_rows_by_ids(database: Database, as_of: AsOf, name: str, ids: Iterable[UUID], **more: int) -> list[Row]:
    """The rows of one statement of `sql/support.sql` for these ids."""
    wanted = sorted({str(i) for i in ids})
    return query_by_ids(database, _SQL, {name: wanted}, {**as_of.params, **more})[name]


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))


def _to_need_fact(row: Row) -> NeedFact:
    helper = row.answered_by or row.addressee or row.sponsor
    return NeedFact(
        goal=to_id(row.stream_id),
        check_in=to_id(row.event_id),
        index=row.need,
        owner=to_id(row.owner),
        asker=to_id(row.party or row.owner),
        team=to_optional_id(row.team),
        helper=to_id(helper),
        answer_by=date.fromisoformat(row.answer_by) if row.answer_by else None,
        raised_at=row.occurred_at,
        answer=to_optional_id(row.answer),
        answered_at=row.answered_at,
        open=row.answer is None and row.state in PROMISED_STATES,
    )


def answer_due_at(day: date | None, absences: Sequence[Absence], zone: ZoneInfo) -> int:
    """The instant (microseconds UTC) at which the day of the answer is over for its helper, who has these absences."""
    over = end_of_day(day or date.max, zone)
    return to_micros(absence_end(over, absences, zone) if absences else over)


def _merge_stops(stops: list[Span], absences: list[Span]) -> list[Span]:
    return merge_spans([*stops, *absences]) if stops else absences


def _delivered_spans(deliveries: Sequence[tuple[int, str]]) -> Iterator[Span]:
    """From each delivery until it was sent or taken back: days in delivered are not the owner's."""
    begun: int | None = None
    for at, kind in deliveries:
        if kind == "delivered":
            begun = at
        elif begun is not None:
            yield begun, at
            begun = None
    if begun is not None:
        yield begun, END_OF_TIME


def list_raised_blockers(goal: AnyPromise) -> Iterator[UnresolvedBlocker]:
    """Those that were raised as such and are not resolved."""
    for b in goal.blockers:
        acts_next = b.blocker.acts_next or goal.owner
        yield UnresolvedBlocker(
            goal=goal.id, event_id=b.id, raised=True, acts_next=acts_next, since=to_micros(b.raised_at)
        )


def load_listed_blockers(database: Database, as_of: AsOf, goals: Iterable[AnyPromise]) -> list[UnresolvedBlocker]:
    """Those that the last check-in which speaks of blockers lists."""
    blocked = [goal for goal in goals if goal.blocked_in_check_in and goal.blockers_listed_at is not None]
    rows = group_by_stream(load_rows_by_ids(database, as_of, "listed", (goal.id for goal in blocked)), lambda row: row)
    return [blocker for goal in blocked for blocker in _find_last_listed_blockers(goal, rows.get(goal.id, []))]


def _find_last_listed_blockers(goal: AnyPromise, rows: Sequence[Row]) -> Iterator[UnresolvedBlocker]:
    """What the last check-in that speaks of blockers lists; they are as old as the unbroken run of such check-ins."""
    blockers_at = to_micros(goal.blockers_listed_at) if goal.blockers_listed_at else 0
    corrected = {row.corrects for row in rows}
    known = [row for row in rows if row.occurred_at <= blockers_at and row.event_id not in corrected]
    last = next(
        (row.event_id for row in reversed(known) if row.occurred_at == blockers_at and row.kind == "listed"), None
    )
    since = blockers_at
    for row in reversed(known):
        if row.kind == "cleared":
            break
        since = row.occurred_at
    for row in known:
        if row.event_id == last:
            yield UnresolvedBlocker(
                goal=goal.id,
                event_id=to_id(row.event_id),
                raised=False,
                place=row.place,
                acts_next=to_id(row.acts_next) if row.acts_next else goal.owner,
                since=since,
            )
