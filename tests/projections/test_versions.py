"""The bitemporal fold against its own definition, for any order in which facts happen and are told."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.envelope import RecordedEvent
from domain.instants import to_micros
from domain.member import member
from domain.quantities import parse_quantity
from projections.database.tables import END_OF_TIME
from projections.engine.versions import Version, compute_versions, encode_state, is_changed_after
from tests.projections.in_memory_log import START, InMemoryLog

#: Minutes after START at which each event happened, in the order in which they were recorded.
histories = st.lists(st.integers(0, 12), min_size=1, max_size=14)


def stream_of(minutes: list[int]) -> list[RecordedEvent]:
    """A member who declares capacities: equal days replace each other (order matters), others add up (so does each)."""
    log = InMemoryLog()
    for number, minute in enumerate(minutes):
        day = START.date() + timedelta(days=number % 3)
        capacity = member.Capacity(hours_per_week=parse_quantity(number, "/"), from_=day)
        log.record("member/ana", member.CapacityDeclared(capacity=capacity), at=START + timedelta(minutes=minute))
    return log.events


def fold_known(stream: list[RecordedEvent], at: int, known: int) -> Any:
    """The definition: the events known by then that had happened by then, in order of happening."""
    state = None
    happened = [e for e in stream if e.log_position <= known and to_micros(e.occurred_at) <= at]
    for event in sorted(happened, key=lambda e: (e.occurred_at, e.version)):
        state = member.evolve(state, event)
    return state


def is_valid_at(version: Version, at: int, known: int) -> bool:
    """Whether this is the answer for that instant (microseconds), as believed at that log position."""
    return version.valid_from <= at < version.valid_to_at(known) and version.known_from <= known < version.known_to


@given(histories)
def test_every_instant_under_every_belief_shows_the_events_known_then_in_order_of_happening(minutes: list[int]) -> None:
    stream = stream_of(minutes)

    found = compute_versions(stream, member.evolve)

    for known in range(len(stream) + 1):
        for minute in range(-1, 14):
            at = to_micros(START + timedelta(minutes=minute))
            selected = [encode_state(v.state) for v in found if is_valid_at(v, at, known)]
            expected = fold_known(stream, at, known)
            assert ([] if expected is None else [encode_state(expected)]) == selected


@given(histories)
def test_under_every_belief_each_known_event_has_one_version_and_the_next_begins_where_it_ends(
    minutes: list[int],
) -> None:
    stream = stream_of(minutes)

    found = compute_versions(stream, member.evolve)

    for known in range(1, len(stream) + 1):
        line = sorted((v for v in found if v.known_from <= known < v.known_to), key=lambda v: (v.valid_from, v.version))
        assert sorted(e.event_id for e in stream[:known]) == sorted(v.event_id for v in line)
        assert all(earlier.valid_to_at(known) == later.valid_from for earlier, later in pairwise(line))
        assert END_OF_TIME == line[-1].valid_to_at(known)


@given(histories, st.integers(0, 14))
def test_what_an_earlier_reader_wrote_is_only_ever_closed(minutes: list[int], cut: int) -> None:
    """Writing the rows changed after a position on top of those before it gives the same as writing all at once."""
    stream = stream_of(minutes)
    early, late = compute_versions(stream[:cut], member.evolve), compute_versions(stream, member.evolve)

    table = {(v.version, v.known_from): v for v in early}
    table |= {(v.version, v.known_from): v for v in late if is_changed_after(v, cut)}

    def ordered(rows: list[Version]) -> list[Version]:
        stored = (msgspec.structs.replace(v, state=encode_state(v.state)) for v in rows)
        return sorted(stored, key=lambda v: (v.version, v.known_from))

    assert ordered(late) == ordered(list(table.values()))


def test_an_event_in_order_opens_one_row_and_says_in_the_one_before_it_when_that_ended() -> None:
    found = sorted(compute_versions(stream_of([1, 2, 3, 4]), member.evolve), key=lambda v: v.version)

    assert [1, 2, 3, 4] == [v.known_from for v in found]
    assert [2, 3, 4, END_OF_TIME] == [v.to_position for v in found]
    assert {END_OF_TIME} == {v.known_to for v in found}


def test_a_late_event_between_two_gives_the_first_of_them_another_end_in_a_row_of_its_own() -> None:
    found = compute_versions(stream_of([1, 9, 5]), member.evolve)

    ends = sorted((v.known_from, v.known_to, v.to_position) for v in found if v.version == 1)
    assert [(1, 3, 2), (3, END_OF_TIME, 3)] == ends


def test_of_several_events_at_one_instant_the_last_is_the_answer_and_all_stay_on_the_line() -> None:
    stream = stream_of([5, 5, 5])

    found = [v for v in compute_versions(stream, member.evolve) if v.known_to == END_OF_TIME]

    at = to_micros(START + timedelta(minutes=5))
    assert [1, 2, 3] == [v.version for v in found]
    assert [3] == [v.version for v in found if is_valid_at(v, at, 3)]


def test_a_back_dated_fact_that_changes_nothing_later_leaves_the_later_rows_alone() -> None:
    log = InMemoryLog()
    log.record("member/ana", member.Joined(name="Ana"), at=START)
    away = member.Absence(from_=START.date(), to=START.date())
    log.record("member/ana", member.AbsenceDeclared(absence=away), at=START + timedelta(minutes=9))
    log.record("member/ana", member.AbsenceDeclared(absence=away), at=START + timedelta(minutes=3))

    found = compute_versions(log.events, member.evolve)

    assert [END_OF_TIME] == [v.known_to for v in found if v.version == 2]
