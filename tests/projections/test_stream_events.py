"""What several views make of an event alike is made once."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from domain.envelope import RecordedEvent
from domain.instants import to_micros
from domain.member import member
from domain.terms import Priority
from projections.engine.stream_events import StreamEvents, to_column_value
from projections.engine.versions import extend_versions, find_latest_version
from tests.projections.in_memory_log import ORGANISATION, InMemoryLog, identity


class CountingEvolve:
    """A fold that counts its events."""

    def __init__(self) -> None:
        self.states: list[Any] = []

    def __call__(self, before: Any, event: RecordedEvent) -> Any:
        self.states.append(before)
        return member.evolve(before, event)


def member_events(*names: str) -> StreamEvents:
    log = InMemoryLog()
    for name in names:
        log.record("member/ana", member.Joined(name=name))
    return StreamEvents(log.events)


def test_views_that_come_from_the_same_state_share_one_fold_and_others_fold_for_themselves() -> None:
    evolve, (heard,) = CountingEvolve(), member_events("Ana").prepared
    before, equal = (member.Member(id=identity("ana")) for _ in range(2))

    first, second = heard.evolve_once(before, evolve), heard.evolve_once(before, evolve)
    heard.evolve_once(equal, evolve)

    assert first is second
    assert [id(before), id(equal)] == [id(state) for state in evolve.states]


def test_views_that_remember_the_same_tip_are_given_the_same_versions_and_the_same_next_tip() -> None:
    evolve, whole = CountingEvolve(), member_events("Ana", "Anna", "Anne")
    tips = [find_latest_version(StreamEvents(whole[:1]), evolve), find_latest_version(StreamEvents(whole[:1]), evolve)]
    evolve.states.clear()
    more = StreamEvents(whole[1:])

    one, again, other = (
        extend_versions(tips[0], more, evolve),
        extend_versions(tips[0], more, evolve),
        extend_versions(tips[1], more, evolve),
    )

    assert one is again
    assert one == other
    assert one is not other
    assert 4 == len(evolve.states)


def test_a_stretch_knows_how_its_rows_begin_and_its_events_in_texts_and_numbers() -> None:
    told = member_events("Ana")

    assert ("member", (str(ORGANISATION), str(identity("ana")))) == (told.kind, told.row_prefix)
    (heard,) = told.prepared
    assert (str(told[0].event_id), to_micros(told[0].occurred_at), to_micros(told[0].recorded_at)) == (
        heard.event_id,
        heard.occurred_micros,
        heard.recorded_micros,
    )
    assert told is StreamEvents.of(told)


def test_values_read_as_their_columns_hold_them() -> None:
    values = (UUID(int=1), None, date(2026, 3, 4), Priority.USEFUL, "words", 7)

    assert (str(UUID(int=1)), None, "2026-03-04", "useful", "words", 7) == to_column_value(values)
    assert to_column_value(None) is None
