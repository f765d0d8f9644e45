"""A follower misses nothing and repeats at most what it was handling when it was stopped."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll_client import (
    AsyncClient,
    AsyncFollower,
    Client,
    Cursor,
    EpochChanged,
    EventSelection,
    FileCheckpoint,
    Follower,
    MemoryCheckpoint,
    SQLiteCheckpoint,
    models,
    requests,
)
from tests.client.conftest import Served


def list_log(client: Client) -> list[str]:
    return [str(event.id) for event in Follower(client, MemoryCheckpoint(), wait=0)]


def test_a_follower_sees_every_event_once_and_in_order(client: Client) -> None:
    events = list(Follower(client, MemoryCheckpoint(), wait=0, page_size=7))

    assert [int(event.sequence) for event in events] == list(range(1, len(events) + 1))
    assert len(events) > 50


def test_the_data_of_an_event_is_typed_and_that_of_an_unknown_type_a_dict(client: Client) -> None:
    event = next(e for e in Follower(client, MemoryCheckpoint(), wait=0) if e.type == "goal.offered.v1")
    later = msgspec.structs.replace(event, type="goal.dreamt_of.v9")

    assert isinstance(event.fact, models.GoalOfferedV1)
    assert isinstance(later.fact, dict)


@pytest.mark.parametrize("stops", [1, 3])
def test_a_follower_that_is_stopped_goes_on_where_it_was(client: Client, checkpoint_path: Path, stops: int) -> None:
    seen: list[str] = []
    for _ in range(stops):
        for number, event in enumerate(Follower(client, FileCheckpoint(checkpoint_path), wait=0, page_size=5)):
            seen.append(str(event.id))
            if number == 6:
                # The process ends before it asks for the next one: this one is handled again.
                break
    seen += [str(event.id) for event in Follower(client, FileCheckpoint(checkpoint_path), wait=0)]

    assert list_log(client) == list(dict.fromkeys(seen))
    assert len(seen) == len(set(seen)) + stops


def test_what_is_kept_with_its_cursor_is_kept_once(client: Client, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "mirror.db")
    database.execute("CREATE TABLE seen (id TEXT PRIMARY KEY)")
    for killed_after in (12, 30, 3, None):
        checkpoint = SQLiteCheckpoint(database)
        for number, event in enumerate(Follower(client, checkpoint, wait=0, page_size=10)):
            database.execute("INSERT INTO seen VALUES (?)", (str(event.id),))
            checkpoint.save(Cursor(position=int(event.sequence), epoch=event.epoch))
            if number == killed_after:
                # Before the commit.
                database.rollback()
                break
            database.commit()

    assert list_log(client) == [row[0] for row in database.execute("SELECT id FROM seen ORDER BY rowid")]


def test_a_selection_narrows_and_the_cursor_passes_what_it_leaves_out(client: Client) -> None:
    checkpoint = MemoryCheckpoint()
    chosen = EventSelection(types=["goal.checked_in.*"])

    events = list(Follower(client, checkpoint, chosen, wait=0))

    assert {"goal.checked_in.v1"} == {event.type for event in events}
    assert checkpoint.cursor.position == len(list_log(client))


def test_news_come_to_a_follower_that_waits(served: Served, client: Client) -> None:
    checkpoint = MemoryCheckpoint()
    list(Follower(client, checkpoint, wait=0))

    async def follow() -> models.CloudEvent:
        async with AsyncClient(served.url, served.key) as opened:
            events = aiter(AsyncFollower(opened, checkpoint, wait=20))

            async def wait() -> models.CloudEvent:
                return await anext(events)

            news = asyncio.create_task(wait())
            await asyncio.sleep(0.3)
            await opened.send(requests.create_team(models.CreateTeam(name="News", ref="news", lead="m00000")))
            return await asyncio.wait_for(news, 10)

    assert "team.created.v1" == asyncio.run(follow()).type


def test_another_log_is_not_followed(client: Client) -> None:
    with pytest.raises(EpochChanged, match="begin at position 0"):
        list(Follower(client, MemoryCheckpoint(Cursor(position=3, epoch="0" * 32)), wait=0))


@given(st.integers(0, 2**62), st.text(max_size=40))
def test_a_file_keeps_what_it_was_given(position: int, epoch: str) -> None:
    path = Path(f"/dev/shm/{uuid4().hex}")
    cursor = Cursor(position=position, epoch=epoch)
    try:
        FileCheckpoint(path).save(cursor)
        assert cursor == FileCheckpoint(path).load()
    finally:
        path.unlink()
