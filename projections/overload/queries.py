"""What a report on overload reads: the facts that `as_of` shows, as the pure functions want them.

Days are those of the organisation's zone. Everything is read at most once for one report, and only for the owners
whom it concerns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import chain
from statistics import median
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

import msgspec

from domain.calendar import Presence, end_of_day, local_date
from domain.instants import from_micros, to_micros
from domain.load import (
    WEEKS_AHEAD,
    Commitment,
    PlacedCommitment,
    WeekLoad,
    available_within,
    capacity_segments,
    is_surely_within_lines,
    line_crossed,
    mark_abandoned,
    place,
    spread_effort,
    week_loads_of_placed,
    worst_week,
)
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, query_by_ids, to_id, to_optional_id
from projections.database.database import Query as Statement
from projections.database.sql import all_in_force_sql
from projections.figures import ReportScope
from projections.overload.availability import Availability, AvailabilityHistory, Declaration
from projections.overload.facts import PromiseFact
from projections.overload.pairing import INFERRED_WITHIN_DAYS, REVERSAL_WITHIN_DAYS, Addition, TradeOffFact
from projections.overload.rows import (
    HELD_DECODER,
    HeldCommitment,
    Reading,
    Reversal,
    WindowPromise,
    to_declaration,
    to_trade_off,
)
from projections.people import member_at, members_at

_SQL = "overload"
FACTS_PREDICATE = (
    "organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known AND known_to > :known"
)
#: Fewer stated efforts than this are no median.
MIN_STATED_EFFORTS = 5

_PROMISE_DECODER = msgspec.json.Decoder(PromiseFact)
_COMMITMENT_DECODER = msgspec.json.Decoder(Commitment)
_NAMED_DECODER = msgspec.json.Decoder(tuple[tuple[str, UUID | None], ...])
_ZERO = Fraction(0)
#: Of a whole organisation so many days more are read: chains of acts a week apart seldom go further.
_CHAIN_DAYS = 28
T = TypeVar("T")
_Computed: TypeAlias = dict[tuple[str, *tuple[UUID, ...]], Any]


class OverloadFacts:
    """The facts behind one report; `reach`: so many days more of additions and of what gave way.

    Of a whole organisation additions and what gave way are read as far back as the window and what can have to do with
    it, and of the owners for whom that is not enough (`find_cut_owners`) from the beginning.
    """

    def __init__(self, database: Database, as_of: AsOf, scope: ReportScope, *, reach: int = 0) -> None:
        self.as_of = as_of
        self.scope = scope
        self.policy = as_of.policy.policy
        self.today = as_of.today
        self.database = database
        self._zone = as_of.tzinfo
        #: First day of the window.
        self.first_day = self._days_ago(scope.window - 1)
        #: The instant at which the window of additions and of imposed goals begins: a team's reaches back further.
        self.since = to_micros(end_of_day(self._days_ago(scope.share_days + reach), self._zone))
        #: The day before the first of which additions and what gave way are read of every owner; None: all are.
        self.horizon = self._find_horizon(reach) if scope.team is None and scope.member is None else None
        self._day_cache: dict[int, date] = {}
        #: What was computed of which facts, by the policy's version; apart what rests on this report's estimates.
        self._by_policy: dict[int, _Computed] = defaultdict(dict)
        self._computed = self.computed_under(as_of.policy.version)
        self._estimated: _Computed = {}
        self._estimates = 0
        #: Addition -> what its owner held right after it.
        self.held: dict[UUID, list[HeldCommitment]] = {}
        self._prefetched: dict[str, list[Row]] = {}

    def _days_ago(self, days: int) -> date:
        return date.fromordinal(max(date.min.toordinal(), self.today.toordinal() - days))

    def _find_horizon(self, reach: int) -> date:
        days = max(self.scope.share_days + reach, self.scope.window + REVERSAL_WITHIN_DAYS)
        return self._days_ago(days + _CHAIN_DAYS)

    def _remember(self, key: tuple[str, *tuple[UUID, ...]], compute: Callable[[], T]) -> T:
        """What `compute` gives, computed once."""
        for known in (self._computed, self._estimated):
            if key in known:
                return cast("T", known[key])
        before = self._estimates
        value = compute()
        (self._computed if self._estimates == before else self._estimated)[key] = value
        return value

    def computed_under(self, policy_version: int) -> dict[tuple[str, *tuple[UUID, ...]], Any]:
        """What was computed under that policy and holds at every business time."""
        return self._by_policy[policy_version]

    def local_day(self, at: int) -> date:
        """The day in the organisation's zone of an instant in microseconds."""
        if at not in self._day_cache:
            self._day_cache[at] = local_date(from_micros(at), self._zone)
        return self._day_cache[at]

    def _build_statement(self, name: str, condition: str, params: dict[str, Any]) -> Statement:
        sql = named_statements(_SQL)[name].replace(":facts", FACTS_PREDICATE)
        return sql.replace(":whose", condition), {**self.as_of.params, **params}

    def _load_rows(self, name: str, condition: str, params: dict[str, Any]) -> list[Row]:
        ahead = self._prefetched.pop(name, None)
        return self.database.query(*self._build_statement(name, condition, params)) if ahead is None else ahead

    def prefetch(self) -> None:
        """Read in one round trip what every report needs and what depends on no more than whom it concerns."""
        condition, params = self._scope_sql
        since = {**params, "since": self.since}
        wanted = {"promised": (condition, since), "capacities": self._capacities_sql}
        wanted |= dict.fromkeys(("additions", "givings", "returns"), self._acts_sql)
        rows = self.database.query_many([self._build_statement(name, *of) for name, of in wanted.items()])
        self._prefetched = dict(zip(wanted, rows, strict=True))

    # --- who is asked about -------------------------------------------------------------------------------------

    @cached_property
    def members(self) -> list[UUID]:
        """The joined members whose load is reported, by id."""
        team, member = self.scope.team, self.scope.member
        if member is not None:
            state = member_at(self.database, self.as_of, member)
            inside = state is not None and state.is_present and (team is None or team in state.teams)
            return [member] if inside else []
        return [m.id for m in members_at(self.database, self.as_of, team=team)]

    @property
    def _scope_sql(self) -> tuple[str, dict[str, Any]]:
        """Whose goals the group figures are about."""
        scope = self.scope
        parts = {"team": scope.team, "owner": scope.member}
        params = {name: str(value) for name, value in parts.items() if value is not None}
        return " AND ".join(f"{name} = :{name}" for name in params) or "1 = 1", params

    def is_in_scope(self, owner: UUID, team: UUID | None) -> bool:
        """Whether a goal of that owner and team belongs to the group figures."""
        scope = self.scope
        return scope.team in (None, team) and scope.member in (None, owner)

    @cached_property
    def _owners_sql(self) -> tuple[str, dict[str, Any]]:
        """Owners in whose history something of the window's group figures may have happened."""
        return _in_condition("owner", self._concerned)

    @cached_property
    def _concerned(self) -> list[str]:
        condition, params = self._scope_sql
        return [row.owner for row in self._load_rows("concerned", condition, {**params, "since": self.since})]

    @cached_property
    def _whole_owners(self) -> set[str]:
        """Owners of whom additions and what gave way are read from the beginning, where others are not."""
        return (
            {row.owner for row in self._load_rows("naming_owners", "1 = 1", {})} if self.horizon is not None else set()
        )

    @property
    def _acts_sql(self) -> tuple[str, dict[str, Any]]:
        """Which additions, and what gave way or came back, are read."""
        if self.horizon is None:
            return self._owners_sql
        whole, params = _in_condition("owner", sorted(self._whole_owners), "whole")
        horizon = to_micros(end_of_day(self.horizon, self._zone))
        return f"(occurred_at >= :horizon OR {whole})", {**params, "horizon": horizon}

    def _load_acts(self, name: str) -> Iterator[Row]:
        rows = self._load_rows(name, *self._acts_sql)
        if self.horizon is None:
            return iter(rows)
        concerned = set(self._concerned)
        return (row for row in rows if row.owner in concerned)

    def find_cut_owners(self, acts: Iterable[Addition | TradeOffFact]) -> set[UUID]:
        """Owners of these acts with which something may have to do that was not read."""
        if self.horizon is None:
            return set()
        near = date.fromordinal(self.horizon.toordinal() + INFERRED_WITHIN_DAYS)
        return {act.owner for act in acts if act.day <= near and str(act.owner) not in self._whole_owners}

    def read_whole(self, owners: Iterable[UUID]) -> None:
        """Read of these owners too all additions and what gave way, from the beginning."""
        self._whole_owners.update(map(str, owners))
        self._forget_acts()

    def _forget_acts(self) -> None:
        for name in ("additions", "trade_offs", "reversals"):
            self.__dict__.pop(name, None)

    # --- promises -----------------------------------------------------------------------------------------------

    @cached_property
    def promises(self) -> list[PromiseFact]:
        """Live promises of the members, and those of the group's goals regardless of owner; by goal."""
        scope = self.scope
        if scope.team is None and scope.member is None:
            rows = self._load_rows("promises", "1 = 1", {})
        else:
            # Two questions, each with its own index, rather than one that has to read all.
            of = [_in_condition("owner", self.members), self._scope_sql] if self.members else [self._scope_sql]
            rows = [
                *chain(*self.database.query_many([self._build_statement("promises", *condition) for condition in of]))
            ]
        bodies = {row.stream_id: row.body for row in rows}
        return [_PROMISE_DECODER.decode(bodies[goal]) for goal in sorted(bodies)]

    @cached_property
    def promises_by_owner(self) -> dict[UUID, list[PromiseFact]]:
        """The live promises by owner."""
        by_owner: dict[UUID, list[PromiseFact]] = defaultdict(list)
        for promise in self.promises:
            by_owner[promise.owner].append(promise)
        return by_owner

    @cached_property
    def _median_efforts(self) -> dict[str | None, str]:
        """Median stated effort by team id, and of the organisation (None), where enough are stated."""
        efforts: dict[str | None, list[Decimal]] = defaultdict(list)
        for row in self._load_rows("stated", "1 = 1", {}):
            efforts[None].append(Decimal(row.effort_hours))
            if row.team is not None:
                efforts[row.team].append(Decimal(row.effort_hours))
        return {
            team: format(median(stated), "f") for team, stated in efforts.items() if len(stated) >= MIN_STATED_EFFORTS
        }

    def with_estimate(self, commitment: Commitment, team: UUID | None, day: date | None = None) -> Commitment:
        """The commitment as seen on that day (today), with what an unstated effort is taken for.

        That is the team's median, else the organisation's.
        """
        commitment = mark_abandoned(commitment, day or self.today, self._zone, self.policy)
        if commitment.effort_hours is not None or commitment.weightless:
            return commitment
        self._estimates += 1
        estimate = self._median_efforts.get(str(team)) or self._median_efforts.get(None)
        return msgspec.structs.replace(commitment, estimated_hours=estimate)

    def estimate_events(self, team: UUID | None) -> list[UUID]:
        """The events of the one or two stated efforts in the middle: what an unstated one of this team is taken for."""
        group = str(team) if str(team) in self._median_efforts else None
        return self._median_events[group] if group in self._median_efforts else []

    @cached_property
    def _median_events(self) -> dict[str | None, list[UUID]]:
        stated: dict[str | None, list[tuple[Decimal, str]]] = defaultdict(list)
        for row in self._load_rows("stated_promises", "1 = 1", {}):
            for group in (None, row.team) if row.team is not None else (None,):
                stated[group].append((Decimal(row.effort_hours), row.body))
        events = {}
        for group, efforts in stated.items():
            efforts.sort(key=lambda effort: effort[0])
            middle = efforts[(len(efforts) - 1) // 2 : len(efforts) // 2 + 1]
            events[group] = [event for _, body in middle for event in _PROMISE_DECODER.decode(body).events]
        return events

    # --- people -------------------------------------------------------------------------------------------------

    @property
    def _capacities_sql(self) -> tuple[str, dict[str, Any]]:
        """Whose declarations are needed: the members', theirs whose history the window concerns, the goals' owners'."""
        if self.horizon is not None:
            return "1 = 1", {}
        concerned, params = self._owners_sql
        owners, more = _in_condition("stream_id", self.members, "member")
        condition = f"{owners} OR {concerned.replace('owner IN', 'stream_id IN')}"
        if self.scope.of_team:
            # Those who own a goal of the team without being in it.
            condition += (
                f" OR stream_id IN (SELECT owner FROM {all_in_force_sql('overload_promises')} AS promises"
                " WHERE live = 1 AND team = :team)"
            )
            more["team"] = str(self.scope.team)
        return condition, {**params, **more}

    @cached_property
    def _availability_by_member(self) -> dict[UUID, AvailabilityHistory]:
        declarations: dict[UUID, list[Declaration]] = defaultdict(list)
        for row in self._load_rows("capacities", *self._capacities_sql):
            declarations[to_id(row.stream_id)].append(to_declaration(row))
        return {member: AvailabilityHistory(of_member, self.policy) for member, of_member in declarations.items()}

    @cached_property
    def _empty_availability(self) -> AvailabilityHistory:
        return AvailabilityHistory((), self.policy)

    def availability_of(self, member: UUID) -> AvailabilityHistory:
        """A member's declarations; none for one who declared nothing."""
        return self._availability_by_member.get(member, self._empty_availability)

    # --- additions and what gave way ----------------------------------------------------------------------------

    @cached_property
    def additions(self) -> list[Addition]:
        """Every addition, of all history, to the load of whom the window concerns; ascending."""
        return [self._to_addition(row) for row in self._load_acts("additions")]

    def _to_addition(self, row: Row) -> Addition:
        goal, due = to_id(row.stream_id), date.fromisoformat(row.due)
        return Addition(
            event=to_id(row.event_id),
            goal=goal,
            owner=to_id(row.owner),
            team=to_optional_id(row.team),
            requester=to_id(row.requester),
            kind=row.kind,
            at=row.occurred_at,
            position=row.log_position,
            day=self.local_day(row.occurred_at),
            due=due,
            load=Commitment(
                goal=goal,
                effort_hours=row.effort_hours,
                start=date.fromisoformat(row.start),
                due=due,
                progress=row.progress if row.kind == "hand_over" else "0",
            ),
            old_effort_hours=row.old_effort_hours,
            estimated=row.effort_hours is None,
            named=_NAMED_DECODER.decode(row.named) if row.named != "[]" else (),
            sources=row.sources,
        )

    def with_hours(self, addition: Addition) -> Addition:
        """The addition with the hours that it adds.

        Of a change what is more than before, of a promise its effort (what is left of it, for a new owner), of a rate
        its hours from the day taken, or the start, to the due.
        """
        hours = self._remember(("hours", addition.event), lambda: self._compute_hours(addition))
        return msgspec.structs.replace(addition, hours=hours)

    def _compute_hours(self, addition: Addition) -> Fraction:
        load = self.with_estimate(addition.load, addition.team)
        effort = load.effort_hours if load.effort_hours is not None else load.estimated_hours
        if addition.old_effort_hours is not None and load.effort_hours is not None:
            return to_fraction(load.effort_hours) - to_fraction(addition.old_effort_hours)
        if effort is not None:
            return to_fraction(effort) * (1 - to_fraction(load.progress))
        presence = self.availability_of(addition.owner).availability_at(addition.at, addition.position).presence
        laid = spread_effort(load, addition.day, presence, self.policy)
        return laid.hours_within(addition.day, load.due, presence) if laid else _ZERO

    @cached_property
    def trade_offs(self) -> list[TradeOffFact]:
        """Every act by which a load of those owners gave way, capacities that they added included; ascending."""
        givings = [to_trade_off(row, self.local_day(row.occurred_at)) for row in self._load_acts("givings")]
        for member in sorted(map(UUID, self._concerned), key=str):
            givings += self._capacity_trade_offs(member)
        return sorted(givings, key=lambda g: (g.at, g.position))

    def _capacity_trade_offs(self, member: UUID) -> list[TradeOffFact]:
        person = self.availability_of(member)
        return [
            TradeOffFact(
                event=declaration.event,
                goal=None,
                owner=member,
                kinds=frozenset({"capacity"}),
                at=declaration.at,
                position=declaration.position,
                day=self.local_day(declaration.at),
                capacities=(person.standing_capacities(place), person.standing_capacities(place + 1)),
            )
            for place, declaration in enumerate(person.standing)
            if declaration.capacity is not None
        ]

    @cached_property
    def reversals(self) -> list[Reversal]:
        """What is back, of those owners; ascending."""
        return [
            Reversal(
                event=to_id(row.event_id),
                at=row.occurred_at,
                position=row.log_position,
                day=self.local_day(row.occurred_at),
                owner=to_id(row.owner),
                goal=to_id(row.goal),
                giving=row.giving,
            )
            for row in self._load_acts("returns")
        ]

    def freed_hours(self, addition: Addition, giving: TradeOffFact) -> Fraction:
        """The owner's hours that the trade-off frees inside [max(day taken, its own day), the addition's due].

        Seen on the trade-off's day, with what the owner had declared by then.
        """
        if giving.before is None:
            # What had been declared may be corrected later.
            return self._compute_freed_hours(addition, giving)
        key = ("freed", addition.event, giving.event)
        return self._remember(key, lambda: self._compute_freed_hours(addition, giving))

    def _compute_freed_hours(self, addition: Addition, giving: TradeOffFact) -> Fraction:
        first, last = max(addition.day, giving.day), addition.due
        if last < first:
            return _ZERO
        time = self.availability_of(giving.owner).availability_at(giving.at, giving.position)
        if giving.before is None:
            old, new = (capacity_segments(state, self.policy) for state in giving.capacities)
            less, _ = available_within(old, first, last, time.presence)
            more, _ = available_within(new, first, last, time.presence)
            return max(_ZERO, more - less)
        before, after = (
            self._hours_within(state, giving, time.presence, first, last) for state in (giving.before, giving.after)
        )
        return max(_ZERO, before - after)

    def _hours_within(
        self, body: str | None, giving: TradeOffFact, presence: Presence, first: date, last: date
    ) -> Fraction:
        """Hours of the commitment, as the projection wrote it down, inside [first, last]."""
        if body is None:
            return _ZERO
        commitment = self.with_estimate(_COMMITMENT_DECODER.decode(body), giving.team, giving.day)
        laid = spread_effort(commitment, giving.day, presence, self.policy)
        return laid.hours_within(first, last, presence) if laid else _ZERO

    # --- the load at an earlier instant -------------------------------------------------------------------------

    def read_held(self, additions: Iterable[Addition]) -> None:
        """Read at once what the owners of these additions held right after each of them."""
        wanted = [addition for addition in additions if addition.event not in self.held]
        if not wanted:
            return
        self.held |= {addition.event: [] for addition in wanted}
        ids = sorted({str(addition.goal) for addition in wanted})
        params = {**self.as_of.params, "since": min(addition.at for addition in wanted)}
        decoded = dict[str, HeldCommitment]()
        for row in query_by_ids(self.database, _SQL, {"held_at_acts": ids}, params)["held_at_acts"]:
            held = self.held.get(to_id(row.event_id))
            if held is not None:
                if row.body not in decoded:
                    decoded[row.body] = HELD_DECODER.decode(row.body)
                held.append(decoded[row.body])

    def _place_at(self, addition: Addition) -> tuple[list[PlacedCommitment], Availability]:
        time = self.availability_of(addition.owner).availability_at(addition.at, addition.position)
        held = (self.with_estimate(h.commitment, h.team, addition.day) for h in self.held[addition.event])
        return place(held, addition.day, time.presence, self.policy), time

    def find_worst_week(self, addition: Addition) -> WeekLoad | None:
        """The owner's fullest week that meets [day taken, due], right after the act, over all goals.

        Of the events of the act's own instant those before it in the log count, and those after it do not.
        """
        return self._remember(("worst", addition.event), lambda: self._find_worst_week(addition))

    def _find_worst_week(self, addition: Addition) -> WeekLoad | None:
        laid, time = self._place_at(addition)
        # One week more than the due asks for: on a weekend the next week answers.
        weeks = min(WEEKS_AHEAD, max(0, (addition.due - addition.day).days) // 7 + 2)
        loads = week_loads_of_placed(laid, time.segments, time.presence, addition.day, weeks)
        return worst_week(loads, addition.day, addition.due)

    def is_absorbed(self, addition: Addition) -> bool:
        """Whether that week stays at or under the amber line."""
        return self._remember(("absorbed", addition.event), lambda: self._is_absorbed(addition))

    def _is_absorbed(self, addition: Addition) -> bool:
        laid, time = self._place_at(addition)
        if is_surely_within_lines(laid, time.segments, addition.day, self.policy):
            return True
        worst = self.find_worst_week(addition)
        return worst is None or line_crossed(worst.ratio, self.policy) is None

    # --- the rest -----------------------------------------------------------------------------------------------

    @cached_property
    def window_promises(self) -> list[WindowPromise]:
        """The window's promises to the group's goals."""
        condition, params = self._scope_sql
        rows = self._load_rows("promised", condition, {**params, "since": self.since})
        return [
            WindowPromise(
                event=to_id(row.event_id),
                at=row.occurred_at,
                was_imposed=bool(row.imposed),
                sources=row.sources,
                team=to_optional_id(row.team),
                owner=to_id(row.owner),
            )
            for row in rows
        ]

    def find_named_slips(self, slips: Sequence[TradeOffFact]) -> set[UUID]:
        """Which of these slips name a goal that was ever promised, or are named by an addition to any owner's load."""
        if not slips:
            return set()
        paid_for = sorted({str(goal) for slip in slips for goal in slip.paid_for})
        promised_sql, params = _in_condition("stream_id", paid_for, "paid_for")
        names = {f"goal_{n}": f"%{goal}%" for n, goal in enumerate(sorted({str(slip.goal) for slip in slips}))}
        naming_sql = " OR ".join(f"named LIKE :{name}" for name in names)
        promised: set[UUID] = set()
        naming: dict[UUID | None, list[tuple[str, UUID, date]]] = defaultdict(list)
        for row in self._load_rows(
            "naming", f"kind = 'promise' AND {promised_sql} OR {naming_sql}", {**params, **names}
        ):
            promised |= {to_id(row.stream_id)} if row.kind == "promise" else set()
            for kind, goal in _NAMED_DECODER.decode(row.named):
                naming[goal].append((kind, to_id(row.event_id), self.local_day(row.occurred_at)))
        return {
            slip.event
            for slip in slips
            if not promised.isdisjoint(slip.paid_for)
            or any(
                kind in slip.kinds and event != slip.event and (day - slip.day).days <= INFERRED_WITHIN_DAYS
                for kind, event, day in naming[slip.goal]
            )
        }

    def load_readings(self, goals: Iterable[UUID]) -> dict[UUID, list[Reading]]:
        """Each goal's readings, ascending by business time, as corrected; what was taken back is left out."""
        condition, params = _in_condition("stream_id", sorted(map(str, goals)))
        rows = self._load_rows("values", condition, params)
        corrections = {row.corrects: row for row in rows if row.corrects}
        said = {row.event_id for row in rows}
        by_goal: dict[UUID, list[Reading]] = defaultdict(list)
        for row in rows:
            # A correction holds in the place of what it names, where that said a value at all.
            if row.corrects in said:
                continue
            last = corrections.get(row.event_id, row)
            if last.value is not None:
                reading = Reading(
                    event=to_id(last.event_id), day=self.local_day(row.occurred_at), value=to_fraction(last.value)
                )
                by_goal[to_id(row.stream_id)].append(reading)
        return by_goal


def _in_condition(column: str, values: Sequence[object], prefix: str = "owner") -> tuple[str, dict[str, Any]]:
    """`column IN (:prefix_0, ...)` with its values; an empty list matches nothing."""
    params = {f"{prefix}_{n}": str(value) for n, value in enumerate(values)}
    return f"{column} IN ({', '.join(f':{name}' for name in params) or 'NULL'})", params
