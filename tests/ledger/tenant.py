"""An organisation in a real ledger, spoken to by references as an import or the API would."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from domain.envelope import Source
from domain.goal import acts
from domain.goal.events import GoalAccepted
from domain.member import member
from domain.organisation import organisation
from domain.reasons import Reason, ReasonCode
from domain.references import resolve_stream_id
from domain.team import team
from domain.terms import MeasureInput, Priority, TermsInput
from ledger.commands import Command, Receipt
from ledger.ledger import Ledger

STEWARD = frozenset({"steward"})
BEGINNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
WHY = Reason(code=ReasonCode.NEW_NEED, text="because it is needed")


class Clock:
    """A clock that the test sets; it goes on by a millisecond with each look."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def ids() -> Callable[[], UUID]:
    """Ids that no other process of this test draws."""
    numbers = itertools.count(1)
    prefix = int.from_bytes(os.urandom(8), "big") << 64
    return lambda: UUID(int=prefix | 7 << 76 | 2 << 62 | next(numbers))


class Tenant:
    """One organisation."""

    def __init__(self, ledger: Ledger, clock: Clock, organisation_id: UUID) -> None:
        self.ledger = ledger
        self.clock = clock
        self.id = organisation_id

    @classmethod
    def create(cls, ledger: Ledger, clock: Clock) -> Self:
        tenant = cls(ledger, clock, ledger.new_id())
        tenant.handle("stella", organisation.Create(name="Plimsoll"), on=tenant.id)
        tenant.handle("stella", team.Create(name="Core", lead="stella", ref="core"), on="core")
        for ref in ("stella", "ana", "sam"):
            tenant.handle("stella", member.Join(team="core", name=ref.title(), ref=ref), on=ref)
        return tenant

    def id_of(self, ref: str, kind: str = "member") -> UUID:
        return resolve_stream_id(self.id, kind, ref)

    def command(self, by: str, act: Any, *, on: str | UUID, at: datetime | None = None, **more: Any) -> Command:
        """`act` said by a member on a stream; with `at` an import by stella on the member's behalf."""
        kind = _KIND[type(act).__module__]
        return Command(
            organisation_id=self.id,
            kind=kind,
            stream_id=on if isinstance(on, UUID) else self.id_of(on, kind),
            act=act,
            actor=self.id_of("stella") if at else self.id_of(by),
            on_behalf_of=self.id_of(by) if at else None,
            roles=STEWARD if at or by == "stella" else frozenset(),
            source=Source.IMPORT if at else Source.API,
            occurred_at=at,
            **more,
        )

    def handle(self, by: str, act: Any, *, on: str | UUID, at: datetime | None = None, **more: Any) -> Receipt:
        return self.ledger.handle(self.command(by, act, on=on, at=at, **more))

    def offer(self, on: str, *, at: datetime | None = None, hours: int = 10, due: date | None = None) -> Receipt:
        """Ana offers a goal to sam."""
        return self.handle("ana", offer(hours=hours, due=due), on=on, at=at)

    def promise(self, on: str, *, hours: int = 10, due: date | None = None) -> UUID:
        """Ana offers, sam accepts: a live promise of ana's; its id."""
        offered = self.offer(on, hours=hours, due=due)
        self.handle("sam", acts.Accept(answers=str(offered.event_ids[0]), reason=WHY), on=on)
        return self.id_of(on, "goal")

    def worst_ratio(self, goal: UUID) -> float:
        """The owner's worst week as the acceptance of `goal` recorded it."""
        taken = [e.data.taken_as for e in self.ledger.events(self.id, goal) if isinstance(e.data, GoalAccepted)]
        return float(taken[0].worst_ratio or 0)


_KIND = {
    "domain.goal.acts": "goal",
    "domain.member.member": "member",
    "domain.team.team": "team",
    "domain.organisation.organisation": "organisation",
    "domain.decision.acts": "decision",
}


def offer(*, hours: int = 10, due: date | None = None) -> acts.Offer:
    return acts.Offer(
        title="Ship it",
        owner="ana",
        sponsor="sam",
        team="core",
        terms=TermsInput(
            outcome="It is shipped",
            measure=MeasureInput(kind="binary"),
            conditions=["released"],
            start=date(2026, 1, 5),
            due=due or date(2026, 3, 2),
            effort_hours=hours,
            priority=Priority.IMPORTANT,
            supports=[],
        ),
        reason=WHY,
    )


def capacity(hours: int) -> member.DeclareCapacity:
    return member.DeclareCapacity(hours_per_week=hours, from_=date(2026, 1, 1))
