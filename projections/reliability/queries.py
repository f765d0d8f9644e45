"""The facts of one reliability report: promises due in the window, answers and requests of the window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import msgspec

from domain.calendar import end_of_day
from domain.instants import to_micros
from domain.quantities import to_fraction
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import Database, Query, Row, named_statements, query_by_ids
from projections.figures import ReportScope, window_begin
from projections.reliability.outcomes import Kept

_SQL = "reliability"
_HALF = Fraction(1, 2)
_EVENTS = msgspec.json.Decoder(list[UUID])


class DuePromise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that was due in the window, as it stood at the window's end. Instants are microseconds UTC."""

    goal: UUID
    owner: UUID
    sponsor: UUID
    team: UUID | None
    self_set: bool
    due: date
    #: In which part of the triple it is; `open`: in none yet.
    counts_as: Kept
    #: Left out, as its sponsor did not answer a timely proposal.
    missed_answer: bool
    awaits: str | None
    awaits_what: str | None
    awaits_since: int | None
    #: When it could no longer be kept, if it is late or broken.
    missed_at: int
    warned_at: int | None
    events: list[UUID]


class AnswerFact(msgspec.Struct, frozen=True, kw_only=True):
    """A request, an answer (given or missed) or a renegotiation. Instants are microseconds UTC."""

    #: Of a request: its event, as what was pushed back names it.
    key: str
    at: int
    kind: str
    team: UUID | None
    owner: UUID
    side: str | None
    member: UUID | None
    how: str | None
    since: int
    due: str | None
    #: The question and the fact itself; only where figures are explained.
    events: list[UUID]


class ReliabilityFacts:
    """The facts of one report. A member's are about this person's promises, answers and requests."""

    def __init__(self, database: Database, as_of: AsOf, scope: ReportScope) -> None:
        self._database = database
        self._as_of = as_of
        self._scope = scope
        self.zone = as_of.tzinfo
        self.until = to_micros(as_of.at)
        self._ends: dict[str, int] = {}
        self._ids: dict[str, UUID] = {}
        before = date.fromordinal(max(1, as_of.today.toordinal() - scope.window))
        self.since = window_begin(as_of, scope.window)
        due, answers, pushback = database.query_many(
            [
                self._build_query("due", "owner", day_before=before.isoformat(), last_day=as_of.today.isoformat()),
                self._build_query("answers", "CASE WHEN kind = 'answer' THEN member ELSE owner END", since=self.since),
                self._build_query("pushback", "r.owner", "r.team", since=self.since),
            ]
        )
        # What is neither kept nor missed by an instant of its last day is not due yet.
        self.promises = [self._to_promise(row) for row in cancellable(due) if not self._is_due_later(row)]
        self.answers = [self._to_answer(row) for row in cancellable(answers)]
        #: Request -> what its owner did instead of promising it as it was.
        self.pushback: dict[str, list[UUID]] = defaultdict(list)
        for row in pushback:
            self.pushback[row.question].append(UUID(row.event_id))

    def _build_query(self, name: str, member: str, team: str = "team", **params: str | int) -> Query:
        parts, asked = ["1 = 1"], dict[str, str]()
        for column, key, value in (
            (team, "asked_team", self._scope.team),
            (member, "asked_member", self._scope.member),
        ):
            if value is not None:
                parts.append(f"{column} = :{key}")
                asked[key] = str(value)
        sql = named_statements(_SQL)[name].replace(":whose", " AND ".join(parts))
        return sql, {**self._as_of.params, **params, **asked}

    def _to_promise(self, row: Row) -> DuePromise:
        over = self._end_of(row.deliver_by)
        return DuePromise(
            goal=UUID(row.stream_id),
            owner=self._id_of(row.owner),
            sponsor=self._id_of(row.sponsor),
            team=self._id_of(row.team) if row.team else None,
            self_set=bool(row.self_set),
            due=date.fromisoformat(row.due),
            counts_as=self._judge(row, over),
            missed_answer=bool(row.missed_answer),
            awaits=row.awaits,
            awaits_what=row.awaits_what,
            awaits_since=row.awaits_since,
            missed_at=over if row.missed_at is None else min(over, row.missed_at),
            warned_at=row.warned_at,
            events=_EVENTS.decode(row.events) if self._scope.explain else [],
        )

    def _to_answer(self, row: Row) -> AnswerFact:
        return AnswerFact(
            key=row.event_id,
            at=row.occurred_at,
            kind=row.kind,
            team=self._id_of(row.team) if row.team else None,
            owner=self._id_of(row.owner),
            side=row.side,
            member=self._id_of(row.member) if row.member else None,
            how=row.how,
            since=row.since or 0,
            due=row.due,
            events=[UUID(row.question), UUID(row.event_id)] if self._scope.explain else [],
        )

    def _judge(self, row: Row, over: int) -> Kept:
        """The part of the triple; `over`: when its last day is, microseconds UTC.

        One that is open when its due is over has been missed, but where a change that was proposed in time still
        waits for its answer, or rework has time.
        """
        kept: Kept = row.kept
        if kept != "open" or not self._is_over(over) or row.awaits_what == "timely_change":
            return kept
        return "late_or_broken"

    def _is_due_later(self, row: Row) -> bool:
        return row.kept == "open" and not self._is_over(self._end_of(row.due))

    def _is_over(self, end: int) -> bool:
        """Whether a day that ends then (microseconds UTC) is over; one whose last instant is asked about is."""
        return end <= self.until + 1

    def _id_of(self, text: str) -> UUID:
        """The id, made once: a member owns many promises."""
        if text not in self._ids:
            self._ids[text] = UUID(text)
        return self._ids[text]

    def _end_of(self, day: str) -> int:
        """When that day is over, microseconds UTC."""
        if day not in self._ends:
            self._ends[day] = to_micros(end_of_day(date.fromisoformat(day), self.zone))
        return self._ends[day]

    def find_warnings(self, misses: Sequence[DuePromise]) -> dict[UUID, list[UUID]]:
        """Goal -> what had said before the miss that it was at risk: blockers, and confidence under a half.

        A goal with a timely proposal of its owner, which is among its own events, has an entry too.
        """
        ids = sorted(str(missed.goal) for missed in misses)
        rows = query_by_ids(self._database, _SQL, dict.fromkeys(("confidence", "blockers"), ids), self._as_of.params)
        at_risk = [row for row in rows["confidence"] if to_fraction(row.confidence) < _HALF]
        missed_at = {str(missed.goal): missed.missed_at for missed in misses}
        found: dict[UUID, list[UUID]] = {
            missed.goal: [] for missed in misses if missed.warned_at is not None and missed.warned_at < missed.missed_at
        }
        for row in (*at_risk, *rows["blockers"]):
            if row.occurred_at < missed_at[row.stream_id]:
                found.setdefault(UUID(row.stream_id), []).append(UUID(row.event_id))
        return found

    def list_kind(self, kind: str) -> list[AnswerFact]:
        """The facts of one kind, by time."""
        return [fact for fact in self.answers if fact.kind == kind]

    def count_lead_days(self, fact: AnswerFact) -> Fraction:
        """How long before the end of the due in force a renegotiation was proposed; negative after it."""
        end = self._end_of(fact.due or self._as_of.today.isoformat())
        return Fraction(end - fact.since, timedelta(days=1) // timedelta(microseconds=1))


def by_owner(facts: Iterable[DuePromise | AnswerFact]) -> list[tuple[UUID | None, UUID]]:
    """Who is behind these: team and owner."""
    return [(fact.team, fact.owner) for fact in facts]
