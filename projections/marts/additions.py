"""`fact_addition`: what was added to whose load at whose request, and what gave way for it.

Pairing looks over all of an owner's history, so the mart is computed from the views, owner by owner. A row's position
is the last event that can bear on any row of its owner: one of the owner's goals, of the owner, or of the organisation;
and where an effort is estimated, any that may have moved the medians by which it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from domain.calendar import local_date
from domain.instants import encode_json, from_micros
from projections.as_of import AsOf
from projections.database.database import Database, named_statements
from projections.figures import ReportScope
from projections.marts.columns import (
    DELETED,
    GOAL_ID,
    TEAM_ID,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.overload.additions import AdditionAnalysis, analyse_additions
from projections.overload.pairing import Addition, Allocation
from projections.overload.queries import OverloadFacts
from projections.people import organisation_at

_SQL = "marts"
#: As far back as there are days.
_ALL_HISTORY_DAYS = 3_000_000

FACT_ADDITION = Mart(
    name="fact_addition",
    comment="One row per addition to an owner's load: a promise, or an accepted change that adds effort.",
    use="Who takes on more without anything being dropped, and who asks for it. Additions that are `absorbed` needed no"
    " trade-off: leave them out of both sides of a ratio.",
    key=("event_id",),
    subject="member",
    subject_column="member_id",
    is_person_level=True,
    version=2,
    columns=(
        MartColumn("position", "integer", "The last position that can bear on the owner's additions."),
        MartColumn("event_id", "uuid", "The promise, or the acceptance of the change."),
        GOAL_ID,
        member_column("member_id", "The owner, to whose load it adds.", nullable=False),
        TEAM_ID,
        member_column("requester", "Who asked for it: the request's sponsor, the offer's owner, or the proposer."),
        MartColumn("kind", "text", "promise, hand_over (the new owner's promise) or change (more effort agreed)."),
        instant_column("occurred_at", "Business time.", nullable=False),
        MartColumn("imposed", "boolean", "It began as an imposed request."),
        MartColumn("added_minutes", "integer", "What it adds.", unit="minutes"),
        MartColumn("estimated", "boolean", "That was not stated, and is estimated."),
        MartColumn("freed_minutes", "integer", "What gave way for it, at most what it adds.", unit="minutes"),
        MartColumn("paired", "boolean", "Enough gave way: at least half of what it adds."),
        MartColumn("inferred", "boolean", "Paired by what gave way near it without naming it."),
        MartColumn("absorbed", "boolean", "The fullest week stayed at or under the amber line: nothing had to give."),
        MartColumn("worst_week", "date", "The Monday of the fullest week after it; empty: none.", nullable=True),
        MartColumn(
            "worst_ratio_bp",
            "integer",
            "Load in that week, basis points; empty: no capacity.",
            nullable=True,
            unit="basis points",
        ),
        MartColumn("trade_offs", "integer", "Acts that gave way for it and hold.", unit="acts"),
        MartColumn("trade_offs_undone", "integer", "Acts that gave way for it and came back.", unit="acts"),
        MartColumn(
            "gave_way",
            "json",
            "The acts that gave way for it and hold: a list of objects with event, goal (null: a capacity), kinds,"
            " minutes and inferred.",
            since=2,
        ),
        DELETED,
    ),
)


def list_additions(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """The additions of every owner for whom an event behind position `after` can have changed some."""
    as_of = _at_last_event(database, as_of)
    for owner, position in _list_owners(database, as_of):
        if position <= after:
            continue
        scope = ReportScope(member=UUID(owner), window=_ALL_HISTORY_DAYS)
        analysis = analyse_additions(OverloadFacts(database, as_of, scope))
        for addition in sorted(analysis.window_additions, key=lambda a: a.position):
            if str(addition.owner) == owner:
                yield _build_row(position, addition, analysis)


def _at_last_event(database: Database, as_of: AsOf) -> AsOf:
    """The same at the last business time that is known: nothing may depend on the day of the export."""
    last = database.query(named_statements(_SQL)["exported"], {**as_of.params, "after": as_of.position})[0].last
    if last is None or from_micros(last) > as_of.at:
        return as_of
    at = from_micros(last)
    organisation = organisation_at(database, msgspec.structs.replace(as_of, at=at))
    policy = as_of.policy if organisation is None else organisation.policy_at(at)
    return msgspec.structs.replace(as_of, at=at, today=local_date(at, as_of.tzinfo), policy=policy)


def _list_owners(database: Database, as_of: AsOf) -> list[tuple[str, int]]:
    """Each owner of an addition, by the last position that can bear on any of them."""
    statements = named_statements(_SQL)
    rows = database.query(statements["addition_owners"], as_of.params)
    shared = database.query(statements["addition_shared"], as_of.params)[0]
    found = []
    for row in rows:
        everywhere = shared.estimates if row.estimated else 0
        found.append((row.owner, max(row.goals, row.member or 0, shared.organisation or 0, everywhere or 0)))
    return sorted(found, key=lambda each: (each[1], each[0]))


def _build_row(position: int, addition: Addition, analysis: AdditionAnalysis) -> tuple[Any, ...]:
    worst, event = analysis.find_worst_week(addition), addition.event
    paired = analysis.pairing.paired.get(event)
    standing, undone = analysis.list_allocations(addition)
    return (
        position,
        *map(str, (event, addition.goal, addition.owner)),
        None if addition.team is None else str(addition.team),
        str(addition.requester),
        addition.kind,
        addition.at,
        int(addition.imposed),
        _to_minutes(addition.hours),
        int(addition.estimated),
        _to_minutes(analysis.pairing.freed.get(event, Fraction(0))),
        int(paired is not None),
        int(paired == "inferred"),
        int(analysis.is_absorbed(addition)),
        None if worst is None else worst.week.isoformat(),
        None if worst is None or worst.ratio is None else round(worst.ratio * 10_000),
        len(standing),
        len(undone),
        encode_json([_describe(use, analysis) for use in standing]).decode(),
        0,
    )


def _describe(use: Allocation, analysis: AdditionAnalysis) -> dict[str, Any]:
    giving = analysis.find_trade_off(use)
    return {
        "event": str(giving.event),
        "goal": None if giving.goal is None else str(giving.goal),
        "kinds": sorted(giving.kinds),
        "minutes": _to_minutes(use.hours),
        "inferred": use.inferred,
    }


def _to_minutes(hours: Fraction) -> int:
    return round(hours * 60)
