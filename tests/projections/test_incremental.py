"""A live projector goes on from what it remembers: a long stream is read once, and again only for a fact told late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from domain.goal.acts import Accept, CheckIn
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.engine.incremental import FoldCache
from tests.spec import offer
from tests.story import Story


class CountingReader:
    """A story as a ledger that counts the streams it is asked for."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.streams_read = 0

    def read_log(self, after: int, limit: int) -> list[Any]:
        return self._story.read_log(after, limit)

    def read_streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[Any]]:
        self.streams_read += len(stream_ids)
        return self._story.read_streams(stream_ids, upto)

    def head(self) -> int:
        return self._story.head()


def story_with_promise() -> Story:
    story = Story(begins="2026-03-02")
    story.says("ana", offer(due=date(2026, 3, 27)), at="2026-03-02T09:00")
    story.says("sam", Accept(), at="2026-03-02T10:00")
    return story


def test_a_long_stream_is_read_once_and_then_gone_on_with(database: Database) -> None:
    story = story_with_promise()
    reader = CountingReader(story)
    engine = Engine(reader, database, PROJECTIONS)
    engine.catch_up()
    story.says("ana", CheckIn(note="first"))
    engine.catch_up()
    asked = reader.streams_read

    for number in range(20):
        story.says("ana", CheckIn(note=f"step {number}"))
        engine.catch_up()

    assert asked == reader.streams_read
    assert [] == engine.verify()


def test_a_fact_told_late_has_the_whole_stream_read_and_is_right(database: Database) -> None:
    story = story_with_promise()
    reader = CountingReader(story)
    engine = Engine(reader, database, PROJECTIONS)
    for number in range(3):
        story.says("ana", CheckIn(note=f"step {number}"), at=story.now + timedelta(hours=2))
        engine.catch_up()
    asked = reader.streams_read

    late = story.now - timedelta(hours=1)
    story.says("ana", CheckIn(note="what was forgotten"), at=late, learnt=story.now + timedelta(hours=1))
    engine.catch_up()

    assert reader.streams_read > asked
    assert [] == engine.verify()


def test_streams_of_a_large_batch_are_remembered_too(database: Database) -> None:
    story = story_with_promise()
    for number in range(310):
        story.says("ana", CheckIn(note=f"step {number}"))
    reader = CountingReader(story)
    engine = Engine(reader, database, PROJECTIONS)
    engine.migrate()
    engine.catch_up()
    asked = reader.streams_read

    story.says("ana", CheckIn(note="one more"))
    engine.catch_up()

    assert asked == reader.streams_read


def test_what_is_remembered_is_found_at_its_version_only_and_the_least_recently_followed_goes_first() -> None:
    memories = FoldCache(limit=2)
    memories.put({"a": (3, {"view": "of a"}), "b": (1, {"view": "of b"})})

    assert {"a": {"view": "of a"}} == memories.get_at_versions({"a": 3, "b": 2, "c": 1})
    memories.put({"c": (1, {"view": "of c"})})

    assert {"a", "c"} == set(memories.get_at_versions({"a": 3, "b": 1, "c": 1}))
