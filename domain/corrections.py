"""Which facts can be corrected, and by what name; and how far back a fact can still be recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.business_order import MAX_FACTS, DatedFact, TakenBack, TimelineState, corrected_by, timeline_of
from domain.context import DecisionContext
from domain.envelope import Event
from domain.errors import ActNotAllowed, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.references import as_uuid
from domain.text import compose

#: Facts that the refusal of a correction names.
_MAX_NAMED = 20


def require_reachable(state: TimelineState | None, at: datetime) -> None:
    """Raise `OutOfOrder` for an instant before the oldest fact that the state keeps one by one."""
    timeline = timeline_of(state)
    if timeline.base is not None and at < timeline.facts[0].at:
        since = format_instant(timeline.facts[0].at)
        raise OutOfOrder(
            f"only the last {MAX_FACTS} facts can still be added to", pointer="/at", allowed=(f">= {since}",)
        )


def row_id(organisation_id: UUID, own_id: str) -> UUID:
    """The correlation id of the events of an imported row that has an id of its own, in whichever Unicode form."""
    return uuid5(organisation_id, f"row:{compose(own_id)}")


def find_corrected(
    state: TimelineState | None, corrects: str, of: tuple[type[Event], ...], world: DecisionContext
) -> DatedFact:
    """The fact of one of these types that `corrects` names: by its event, or by the id of the row that said it.

    Raises `NotFound` for one that was never recorded, `ActNotAllowed` for a correction and for what has been taken
    back, `OutOfOrder` for a correction that is older than the fact or than its last correction.
    """
    facts = timeline_of(state).facts
    named = {as_uuid(corrects), row_id(world.organisation_id, corrects)} - {None}
    fact = next(
        (
            f
            for f in facts
            if isinstance(f.data, (*of, TakenBack)) and (f.event_id in named or f.correlation_id in named)
        ),
        None,
    )
    if fact is None:
        gone = {corrected_by(f) for f in facts if isinstance(f.data, TakenBack)} | {None}
        own = (f for f in facts if isinstance(f.data, of) and corrected_by(f) is None)
        can_be = [str(f.event_id) for f in own if f.event_id not in gone]
        raise NotFound(
            "nothing of that kind was recorded under this id", pointer="/corrects", allowed=tuple(can_be[-_MAX_NAMED:])
        )
    original = corrected_by(fact)
    if original is not None:
        raise ActNotAllowed(
            "that is a correction itself: name what it corrects", pointer="/corrects", allowed=(str(original),)
        )
    corrections = [f for f in facts if corrected_by(f) == fact.event_id]
    if corrections and isinstance(corrections[-1].data, TakenBack):
        raise ActNotAllowed("that has been taken back: say it anew, without `corrects`", pointer="/corrects")
    since = max(f.at for f in (fact, *corrections))
    if world.at < since:
        raise OutOfOrder(
            "a correction is not older than what it corrects", pointer="/at", allowed=(f">= {format_instant(since)}",)
        )
    return fact
