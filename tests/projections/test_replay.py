"""Following live, in any steps, gives the tables that a replay from zero gives; and both are what the domain folds."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.charter.evolve import evolve as evolve_charter
from domain.charter.state import Charter, charter_id
from domain.goal.evolve import evolve
from domain.goal.state import without_statements
from projections.as_of import resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.charters.charters import charter_at
from projections.database.database import Database
from projections.engine.checkpoints import EMPTY_DIGEST
from projections.engine.engine import Engine
from projections.goals import goal_at
from projections.history import history
from projections.sight import EVERYTHING
from tests.projections.random_histories import steps, story_of
from tests.story import Story

# Each example empties the one database.
each_on_one_database = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class PrefixReader:
    """The first events of a story, as a ledger that grows."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.length = 0

    def read_log(self, after: int, limit: int) -> list[Any]:
        return self.story.events[after : min(after + limit, self.length)]

    def read_streams(self, stream_ids: Any, upto: int) -> dict[UUID, list[Any]]:
        return self.story.read_streams(stream_ids, min(upto, self.length))

    def head(self) -> int:
        return self.length


def engine_with_empty_views(database: Database, reader: Any) -> Engine:
    """An engine on the same database with nothing in its views."""
    engine = Engine(reader, database, PROJECTIONS)
    with database.transaction() as transaction:
        for table in (table for projection in PROJECTIONS for table in projection.tables):
            transaction.execute(f"DELETE FROM {table.name}")
        transaction.execute(
            "UPDATE projection_checkpoints SET log_position = 0, applied = 0, digest = :zero", {"zero": EMPTY_DIGEST}
        )
    return engine


# A check-in of Friday, then a withdrawal of Thursday that is recorded after it.
@example([(1, 0, 0, 0, 0), (1, 0, 0, 20, 0), (33, 0, 0, 0, 1)], [9], 0)
@each_on_one_database
@given(steps, st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 11))
def test_after_any_prefix_followed_in_any_steps_a_replay_from_zero_finds_no_difference(
    database: Database, draws: Any, strides: list[int], prefix: int
) -> None:
    story = story_of(draws)
    reader = PrefixReader(story)
    engine = engine_with_empty_views(database, reader)
    stops = [stop for stop in accumulate(strides) if stop < len(story.events)]

    for number, stop in enumerate([*stops, len(story.events)]):
        reader.length = stop
        engine.catch_up()

        # A replay takes 0.15 s on PostgreSQL: of one prefix, and of the whole.
        if number == prefix or stop == len(story.events):
            assert [] == engine.verify()
        assert all((stop, stop, 0, 0) == (s.position, s.applied, s.held, s.missing) for s in engine.status())


@each_on_one_database
@given(steps, st.integers(0, 60), st.integers(-30, 60 * 24))
def test_a_lens_shows_each_goal_as_the_domain_folds_what_was_known_by_then(
    database: Database, draws: Any, known: int, hours: int
) -> None:
    story = story_of(draws)
    engine = engine_with_empty_views(database, story)
    engine.catch_up()
    at = story.events[0].occurred_at + timedelta(hours=hours)
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, now=story.now)
    view = msgspec.structs.replace(view, known_position=min(known, len(story.events)))

    for goal in ("one", "two", "three"):
        stream = [e for e in story.stream(goal) if e.log_position <= view.known_position]
        expected: Any = None
        for event in sorted((e for e in stream if e.occurred_at <= at), key=lambda e: (e.occurred_at, e.version)):
            expected = evolve(expected, event)
        if expected is not None:
            expected = msgspec.structs.replace(without_statements(expected), version=len(stream))
        assert expected == goal_at(database, view, story.id(goal, "goal"))


@each_on_one_database
@given(steps, st.integers(0, 60), st.integers(-30, 60 * 24))
def test_a_lens_shows_the_charter_as_the_domain_folds_what_was_known_by_then(
    database: Database, draws: Any, known: int, hours: int
) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = story.events[0].occurred_at + timedelta(hours=hours)
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, now=story.now)
    view = msgspec.structs.replace(view, known_position=min(known, len(story.events)))

    expected: Charter | None = None
    stream = [
        e for e in story.stream("core", "charter") if e.log_position <= view.known_position and e.occurred_at <= at
    ]
    for event in sorted(stream, key=lambda e: (e.occurred_at, e.version)):
        expected = evolve_charter(expected, event)
    held = charter_at(database, view, charter_id(story.organisation_id, story.id("core", "team")))
    assert expected == (held.charter if held is not None else None)


@each_on_one_database
@given(steps)
def test_every_event_reads_as_a_sentence_and_its_changes_add_up_to_the_goal(database: Database, draws: Any) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)

    for goal in ("one", "two"):
        entries = history.load_history(database, view, story.id(goal, "goal"), sight=EVERYTHING)
        values: dict[str, Any] = {}
        for entry in entries:
            assert entry.text.endswith(".")
            assert "somebody" not in entry.text
            if entry.type not in history.CHANGE_PROPOSAL_TAGS:
                assert {n: values.get(n) for n in entry.before} == entry.before
                values |= entry.after
            else:
                values["state"] = entry.after.get("state", values["state"])
        now = history.goal_values(story.state(goal))
        assert history.to_json_value(now) == {name: value for name, value in values.items() if value is not None}
        assert [e.event_id for e in story.stream(goal)] == [e.event_id for e in entries]
    told = history.load_history(database, view, story.id("core", "charter"), sight=EVERYTHING)
    assert all(entry.text.endswith(".") and "somebody" not in entry.text for entry in told)
    assert [e.event_id for e in story.stream("core", "charter")] == [entry.event_id for entry in told]
