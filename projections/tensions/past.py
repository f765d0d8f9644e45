"""The facts behind the figures of tensions at the ends of several weeks, read once for all of them (0112)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.calendar import end_of_day
from domain.goal.state import PROMISED_STATES
from domain.instants import to_micros
from domain.member.member import Absence
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import (
    Database,
    Row,
    group_by_stream,
    named_statements,
    query_by_ids,
    to_id,
    to_optional_id,
)
from projections.database.sql import in_clause
from projections.database.tables import END_OF_TIME
from projections.drift.queries import DriftFacts
from projections.figures import ReportScope
from projections.goals import ReportedPromise, to_promised_goal
from projections.overload.additions import AdditionAnalysis
from projections.overload.queries import OverloadFacts
from projections.paused_time import PauseRecord, Span, absent_spans, merge_spans, to_pause_record
from projections.support.queries import answer_due_at

_SQL = "tensions"


class AskedNeed(NamedTuple):
    """A need that was raised. Instants are microseconds UTC; `END_OF_TIME`: not answered, or not taken back."""

    goal: UUID
    #: None: it is asked of the goal's sponsor.
    addressee: UUID | None
    answer_by: date | None
    raised_at: int
    answered_at: int
    taken_back_at: int

    def is_open(self, at: int) -> bool:
        """Whether it was raised by then, and neither answered nor taken back."""
        return self.raised_at <= at < min(self.answered_at, self.taken_back_at)


class _Absences(msgspec.Struct, frozen=True, gc=False):
    """The absences in a member's stored state."""

    absences: tuple[Absence, ...] = ()


_ABSENCES = msgspec.json.Decoder(_Absences)


class _DeclaredAbsences(NamedTuple):
    """The absences that a member had declared by an instant, and when they stop the clocks of the member's goals."""

    #: Microseconds UTC.
    since: int
    absences: tuple[Absence, ...]
    stops: list[Span]


class PastFacts:
    """The facts of a team's goals, or of all, at the ends of some weeks: `ends`, descending, in one state of knowledge.

    None of it is read before it is asked for.
    """

    def __init__(self, database: Database, scope: ReportScope, ends: Sequence[AsOf]) -> None:
        self._database = database
        self._scope = scope
        self._ends = ends[::-1]
        self._instants = [to_micros(end.at) for end in self._ends]
        #: Statements read up to the last end; the results are narrowed to the earlier ones.
        self._last = ends[0]
        #: Members whose absences are loaded.
        self._people: set[UUID] = set()
        #: Member -> declarations of absence, the latest first. Members without any are left out.
        self._absent: dict[UUID, list[_DeclaredAbsences]] = {}

    @cached_property
    def overload(self) -> OverloadFacts:
        """What overload is made of."""
        return read_overload(self._database, self._last, self._scope, (self._last.today - self._ends[0].today).days)

    # --- promises ---------------------------------------------------------------------------------------------------

    @cached_property
    def _promises(self) -> list[list[ReportedPromise]]:
        """The promises that stood at each end, by id. One version stands at most of them, and is read once."""
        ends = " OR ".join(
            f"valid_from <= :end_{n} AND (valid_to > :end_{n} OR to_position > :known)" for n in range(len(self._ends))
        )
        states, params = in_clause("state", PROMISED_STATES)
        whose = "1 = 1" if self._scope.team is None else "team = :team"
        params |= {} if self._scope.team is None else {"team": str(self._scope.team)}
        times = {f"end_{n}": at for n, at in enumerate(self._instants)} | {"first": self._instants[0]}
        sql = named_statements(_SQL)["promises_at_ends"].replace(":states", states).replace(":at_any_end", ends)
        rows = self._database.query(sql.replace(":whose", whose), {**self._last.params, **params, **times})
        found: list[list[ReportedPromise]] = [[] for _ in self._ends]
        for row in cancellable(sorted(rows, key=lambda row: row.stream_id)):
            goal = to_promised_goal(row.body)
            if isinstance(goal, ReportedPromise):
                for end in range(
                    bisect_left(self._instants, row.valid_from), bisect_left(self._instants, row.valid_to)
                ):
                    found[end].append(goal)
        return found

    def promises_at(self, as_of: AsOf) -> list[ReportedPromise]:
        """The goals whose promise stood at one of the ends, by id."""
        return self._promises[bisect_left(self._instants, to_micros(as_of.at))]

    @cached_property
    def _goals(self) -> list[str]:
        """Every goal whose promise stood at one of the ends."""
        return sorted({str(goal) for goal in {goal.id for promises in self._promises for goal in promises}})

    # --- what happened to goals -------------------------------------------------------------------------------------

    @cached_property
    def _changes(self) -> dict[UUID, list[int]]:
        """When each goal was changed by agreement or affirmed, in the window of any of the ends."""
        days = self._scope.window + (self._last.today - self._ends[0].today).days
        first = date.fromordinal(max(1, self._last.today.toordinal() - days))
        params = {**self._last.params, "since": to_micros(end_of_day(first, self._last.tzinfo))}
        rows = query_by_ids(self._database, _SQL, {"moved": self._goals}, params)["moved"]
        return group_by_stream(rows, lambda row: row.occurred_at)

    def find_moved(self, since: int, as_of: AsOf) -> set[UUID]:
        """The goals that were changed or affirmed in [since, as_of]."""
        at = to_micros(as_of.at)
        return {goal for goal, times in self._changes.items() if any(since <= time <= at for time in times)}

    @cached_property
    def _needs(self) -> list[AskedNeed]:
        """The needs of these goals that were open at one of the ends, and some that were not."""
        params = {**self._last.params, "first": self._instants[0]}
        rows = query_by_ids(self._database, _SQL, {"asked": self._goals}, params)["asked"]
        return [_to_need(row) for row in rows]

    def count_open_needs(self, as_of: AsOf) -> tuple[int, int]:
        """How many needs waited for their answer at one of the ends, and how many of them beyond the day of it."""
        at = to_micros(as_of.at)
        sponsors = {goal.id: goal.sponsor for goal in self.promises_at(as_of)}
        waiting = [need for need in self._needs if need.is_open(at) and need.goal in sponsors]
        helpers = {need.addressee or sponsors[need.goal] for need in waiting}
        absences = {person: absent.absences for person, absent in self._find_absences(at, helpers)}
        late = (
            answer_due_at(need.answer_by, absences.get(need.addressee or sponsors[need.goal], ()), as_of.tzinfo) <= at
            for need in waiting
            if need.answer_by is not None
        )
        return len(waiting), sum(late)

    # --- clocks -----------------------------------------------------------------------------------------------------

    @cached_property
    def _pauses(self) -> dict[UUID, list[PauseRecord]]:
        paused = {goal.id for promises in self._promises for goal in promises if "pause" in goal.sources}
        rows = query_by_ids(self._database, "drift", {"pauses": sorted(map(str, paused))}, self._last.params)["pauses"]
        return group_by_stream(rows, to_pause_record)

    @cached_property
    def _owners(self) -> frozenset[UUID]:
        return frozenset(goal.owner for promises in self._promises for goal in promises)

    def _find_absences(self, at: int, people: AbstractSet[UUID]) -> Iterator[tuple[UUID, _DeclaredAbsences]]:
        """Member -> absences declared by then, of those who had any; other members may be among them."""
        if unknown := people - self._people:
            wanted = {"absences": sorted(map(str, unknown))}
            rows = query_by_ids(self._database, _SQL, wanted, {**self._last.params, "first": self._instants[0]})
            for person, declared in group_by_stream(rows["absences"], self._to_absent).items():
                if any(absent.absences for absent in declared):
                    self._absent[person] = declared[::-1]
            self._people |= unknown
        for person, declared in self._absent.items():
            last = next((absent for absent in declared if absent.since <= at), None)
            if last is not None and last.absences:
                yield person, last

    def _to_absent(self, row: Row) -> _DeclaredAbsences:
        absences = _ABSENCES.decode(row.body).absences
        return _DeclaredAbsences(row.valid_from, absences, merge_spans(absent_spans(absences, self._last.tzinfo)))

    def load_clocks(self, as_of: AsOf, goals: Iterable[ReportedPromise]) -> DriftFacts:
        """As `drift.queries.load_clocks`, at one of the ends."""
        at, pauses = to_micros(as_of.at), self._pauses
        paused = {goal.id for goal in goals if "pause" in goal.sources} if pauses else ()
        return DriftFacts(
            pauses={goal: [pause for pause in pauses.get(goal, ()) if pause.at <= at] for goal in paused},
            owners={},
            absences={person: absent.stops for person, absent in self._find_absences(at, self._owners)},
        )


def _to_need(row: Row) -> AskedNeed:
    return AskedNeed(
        goal=to_id(row.stream_id),
        addressee=to_optional_id(row.addressee),
        answer_by=date.fromisoformat(row.answer_by) if row.answer_by else None,
        raised_at=row.occurred_at,
        answered_at=END_OF_TIME if row.answered_at is None else row.answered_at,
        taken_back_at=END_OF_TIME if row.taken_back_at is None else row.taken_back_at,
    )


def read_overload(database: Database, as_of: AsOf, scope: ReportScope, days: int) -> OverloadFacts:
    """What overload is made of up to `as_of`, enough for every time in the last `days` days before it."""
    evidence = OverloadFacts(database, as_of, scope, reach=days)
    evidence.prefetch()
    # What all additions of the time need is read in one round trip.
    AdditionAnalysis(evidence, undone=False)
    return evidence
