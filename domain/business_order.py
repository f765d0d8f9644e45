"""The fold of streams whose facts may be recorded late: in business time, then in the order of the log.

Decisions, access, views and reports all read states that were folded so: a fact that is recorded late takes its place
among the others, and what follows it is applied again. A state keeps its last facts for that (`Timeline`).

A correction is an event that names the one it corrects. From its own business time on, the fact named holds as the
correction says it, in the old fact's place; one that was taken back does not hold at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain.envelope import Event, RecordedEvent

#: Facts that a state keeps; older ones are in `Timeline.base`, and nothing can be recorded before them.
MAX_FACTS = 1000


class TakenBack(Event, frozen=True, kw_only=True):
    """An earlier event of the stream was said wrongly, and nothing holds in its place."""

    corrects: UUID


class DatedFact(msgspec.Struct, frozen=True, gc=False):
    """One event of the stream, as far as the fold needs it."""

    event_id: UUID
    #: Of an imported row with an id of its own, `row_id` of that.
    correlation_id: UUID
    #: Business time.
    at: datetime
    data: Any


class Timeline(msgspec.Struct, frozen=True):
    """The facts of a stream in business order."""

    #: The state before the first of `facts`; None where that is the first of all.
    base: Any = None
    facts: tuple[DatedFact, ...] = ()
    #: When the last of them was recorded.
    recorded_at: datetime | None = None


class TimelineState(msgspec.Struct, frozen=True, kw_only=True):
    """A state that is folded in business order."""

    id: UUID
    #: Not part of what is stored of the state: views keep each version anyway.
    timeline: Timeline | msgspec.UnsetType = msgspec.UNSET


S = TypeVar("S", bound=TimelineState)
#: The state (None: before the first fact) and a fact that happened after all that it holds -> the state with it.
Apply = Callable[[S | None, DatedFact, UUID], S | None]
#: The state without what is too old to be kept at the instant of the last recording.
Trim = Callable[[S, datetime], S]

_EMPTY = Timeline()


def evolve_in_business_order(state: S | None, recorded: RecordedEvent, apply: Apply[S], trim: Trim[S]) -> S | None:
    """The state with one more event, wherever in business time that is."""
    timeline = timeline_of(state)
    fact = DatedFact(recorded.event_id, recorded.correlation_id, recorded.occurred_at, recorded.data)
    place = bisect_right(timeline.facts, fact.at, key=attrgetter("at"))
    facts = (*timeline.facts[:place], fact, *timeline.facts[place:])
    recorded_at = max(timeline.recorded_at or recorded.recorded_at, recorded.recorded_at)
    base = timeline.base
    if place == len(timeline.facts) and corrected_by(fact) is None:
        after = apply(state, fact, recorded.stream_id)
    else:
        after = _replay(base, facts, recorded.stream_id, apply)
    if len(facts) > MAX_FACTS:
        base = _replay(base, facts, recorded.stream_id, apply, count=1)
        base = None if base is None else trim(base, recorded_at)
        facts = facts[1:]
    if after is None:
        return None
    kept = Timeline(base=base, facts=facts, recorded_at=recorded_at)
    return msgspec.structs.replace(trim(after, recorded_at), timeline=kept)


def _replay(
    base: S | None, facts: Sequence[DatedFact], stream_id: UUID, apply: Apply[S], count: int | None = None
) -> S | None:
    """The state after (the first `count` of) the facts, each as its last correction among all of them says it."""
    corrections = {corrected: fact for fact in facts if (corrected := corrected_by(fact)) is not None}
    state = base
    for fact in facts[:count]:
        if corrected_by(fact) is not None:
            continue
        correction = corrections.get(fact.event_id)
        if correction is None:
            state = apply(state, fact, stream_id)
        elif not isinstance(correction.data, TakenBack):
            restated = msgspec.structs.replace(correction.data, corrects=None)
            state = apply(state, msgspec.structs.replace(fact, data=restated), stream_id)
    return state


def timeline_of(state: TimelineState | None) -> Timeline:
    """The state's facts; none for a state that a view has stored."""
    return _EMPTY if state is None or state.timeline is msgspec.UNSET else state.timeline


def state_at(state: S | None, at: datetime, apply: Apply[S]) -> S | None:
    """The state as of an instant of business time, by all that is recorded."""
    timeline = timeline_of(state)
    if state is None or not timeline.facts or timeline.facts[-1].at <= at:
        return state
    happened = timeline.facts[: bisect_right(timeline.facts, at, key=attrgetter("at"))]
    return _replay(timeline.base, happened, state.id, apply)


def corrected_by(fact: DatedFact) -> UUID | None:
    """The event that this fact corrects or takes back; None for one that stands by itself."""
    return getattr(fact.data, "corrects", None)
