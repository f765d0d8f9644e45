"""How well one's own stated confidence has matched what came: for the owner alone, and only from twenty cases on.

The Brier score (1950) of the statements, and Murphy's partition of it (1973): reliability - resolution + uncertainty.
Statements are taken in tenths, so that the three parts add up exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from uuid import UUID

import msgspec

from domain.calendar import end_of_day
from domain.goal.state import Ended, Goal
from domain.instants import to_micros
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, query_by_ids, to_id
from projections.figures import Figure, event_ids, round_for_report

#: Fewer cases give no figure.
MIN_CASES = 20

_GOAL: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)


class ConfidenceBucket(msgspec.Struct, frozen=True, kw_only=True):
    """All statements of one tenth: how many there were, and how many of their promises were kept."""

    confidence: float
    n: int
    kept: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """One member's calibration, by what was stated by then. Under `FEWEST_CASES` only how many cases there are."""

    as_of: str
    recorded_as_of: datetime
    policy_version: int
    figures: list[Figure]
    tenths: list[ConfidenceBucket]


class _Case(msgspec.Struct, frozen=True):
    """A statement whose promise has ended on the terms on which it was stated."""

    event_id: UUID
    #: In tenths, 0..10.
    tenths: int
    kept: bool


def compute_calibration(database: Database, as_of: AsOf, member: UUID, *, explain: bool = False) -> Calibration:
    """The member's own calibration at `as_of`."""
    cases = list(_load_cases(database, as_of, member))
    kept_by_tenths: dict[int, list[bool]] = defaultdict(list)
    for case in cases:
        kept_by_tenths[case.tenths].append(case.kept)
    enough = len(cases) >= MIN_CASES
    events = event_ids(case.event_id for case in cases) if explain else None
    figures = [
        Figure(
            name=f"confidence_{name}",
            member=member,
            n=len(cases),
            value=round_for_report(value) if enough else None,
            status=None if enough else "too_few",
            events=events,
        )
        for name, value in _compute_partition(kept_by_tenths).items()
    ]
    return Calibration(
        as_of=as_of.as_of_text,
        recorded_as_of=as_of.recorded_as_of,
        policy_version=as_of.policy.version,
        figures=figures,
        tenths=[
            ConfidenceBucket(confidence=tenths / 10, n=len(kept), kept=sum(kept))
            for tenths, kept in sorted(kept_by_tenths.items())
            if enough
        ],
    )


def _compute_partition(kept_by_tenths: dict[int, list[bool]]) -> dict[str, Fraction]:
    """Brier score and its three parts; all 0 where there is no case."""
    n = sum(map(len, kept_by_tenths.values())) or 1
    rate = Fraction(sum(map(sum, kept_by_tenths.values())), n)
    shares = [
        (Fraction(tenths, 10), Fraction(sum(kept), len(kept)), len(kept)) for tenths, kept in kept_by_tenths.items()
    ]
    squares = (((Fraction(tenths, 10) - hit) ** 2 for hit in kept) for tenths, kept in kept_by_tenths.items())
    return {
        "brier": sum((sum(part, Fraction(0)) for part in squares), Fraction(0)) / n,
        "reliability": sum((m * (stated - share) ** 2 for stated, share, m in shares), Fraction(0)) / n,
        "resolution": sum((m * (share - rate) ** 2 for _, share, m in shares), Fraction(0)) / n,
        "uncertainty": rate * (1 - rate),
    }


def _load_cases(database: Database, as_of: AsOf, member: UUID) -> Iterator[_Case]:
    """Left out: what a later check-in corrects, what was renegotiated since, and promises that ended without fault."""
    rows = database.query(named_statements("support")["stated"], {**as_of.params, "member": str(member)})
    corrected = {row.corrects for row in rows}
    ids = dict.fromkeys(("bodies", "renegotiated"), sorted({row.stream_id for row in rows}))
    of_goals = query_by_ids(database, "support", ids, as_of.params)
    goals = {row.stream_id: _GOAL.decode(row.body) for row in of_goals["bodies"]}
    changed = {row.stream_id: row.last_at for row in of_goals["renegotiated"]}
    for row in rows:
        if row.confidence is None:
            continue
        goal = goals.get(row.stream_id)
        kept = _is_kept(goal, as_of) if isinstance(goal, Ended) else None
        if kept is not None and row.event_id not in corrected and row.occurred_at > changed.get(row.stream_id, 0):
            yield _Case(to_id(row.event_id), round(to_fraction(row.confidence) * 10), kept)


def _is_kept(goal: Ended, as_of: AsOf) -> bool | None:
    """Whether the promise was kept on the terms in force at its end; None where that was not decided."""
    promised = goal.promised
    if promised is None or goal.state in ("cancelled", "released"):
        return None
    if goal.state != "satisfied" or promised.delivery is None:
        return False
    # Where it was sent back, the time that was given for rework counts.
    due = to_micros(end_of_day(promised.lapse_due, as_of.tzinfo))
    return not promised.delivery.lapsed and to_micros(promised.delivery.delivered_at) < due
