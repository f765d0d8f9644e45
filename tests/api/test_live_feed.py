"""The live feed: what reads the log, how often, and what a stream that does not keep up costs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.app import create_app
from services.api.live.chunks import Chunk, StreamView, parse_event_id
from services.api.live.event_stream import EventStream
from services.api.live.subscriber import KEEP_ALIVE_S, MAX_BUFFERED_BYTES, MAX_SEND_S, End, StreamSubscriber
from services.authorization import Viewer
from services.event_filter import EventFilter
from tests.api.app_under_test import ApiApp, create_active_goal, offer


@pytest.fixture
def subscriber() -> StreamSubscriber:
    """At position 10, and not behind."""
    viewer = Viewer(organisation_id=uuid4(), key_id=uuid4(), member_id=uuid4(), scopes=frozenset({"read"}))
    found = StreamSubscriber("plim_x", StreamView(viewer, EventFilter(), ""), 10)
    found.required = 10
    return found


def chunk(after: int, *shown: int, last: int) -> Chunk:
    frames = tuple((position, b"<%d>" % position) for position in shown)
    return Chunk(after, last, frames, b"".join(frame for _, frame in frames))


def test_what_a_stream_has_already_is_not_sent_again(subscriber: StreamSubscriber) -> None:
    subscriber.offer(chunk(8, 9, 10, 11, last=12), 12)
    subscriber.offer(chunk(12, 13, last=13), 13)

    assert b"<11><13>" == subscriber.take()
    assert (13, b"") == (subscriber.position, subscriber.take())


def test_a_stream_without_a_chunk_of_its_own_reads_the_log_up_to_there(subscriber: StreamSubscriber) -> None:
    subscriber.offer(None, 15)
    subscriber.offer(chunk(15, 16, last=16), 16)

    assert (True, 15, 10) == (subscriber.is_behind, subscriber.required, subscriber.position)
    subscriber.position = 15
    assert (False, b"<16>") == (subscriber.is_behind, subscriber.take())


def test_what_is_not_shown_moves_an_idle_stream_on_but_not_past_what_it_has_to_send(
    subscriber: StreamSubscriber,
) -> None:
    subscriber.offer(chunk(10, last=20), 20)
    assert (20, False) == (subscriber.position, subscriber.woken.is_set())

    subscriber.offer(chunk(20, 21, last=21), 21)
    subscriber.offer(chunk(21, last=30), 30)
    assert 20 == subscriber.position
    assert (b"<21>", 30) == (subscriber.take(), subscriber.position)


def test_a_reader_that_takes_nothing_is_cut_off_before_it_costs_more(subscriber: StreamSubscriber) -> None:
    kilobyte, sent = b"x" * 1000, 0
    while subscriber.end_reason is None:
        sent += 1
        subscriber.offer(Chunk(10 + sent, 11 + sent, ((11 + sent, kilobyte),), kilobyte), 11 + sent)

    assert (End.SLOW, MAX_BUFFERED_BYTES // 1000 + 1) == (subscriber.end_reason, sent)


def test_a_reader_that_takes_nothing_for_long_is_cut_off(subscriber: StreamSubscriber) -> None:
    subscriber.note_sending()

    subscriber.check(time.monotonic() + MAX_SEND_S - 1)
    assert subscriber.end_reason is None
    subscriber.check(time.monotonic() + MAX_SEND_S + 1)
    assert End.SLOW is subscriber.end_reason


def test_a_stream_without_news_shows_that_it_lives(subscriber: StreamSubscriber) -> None:
    subscriber.check(time.monotonic() + KEEP_ALIVE_S - 1)
    assert not subscriber.wants_keep_alive

    subscriber.check(time.monotonic() + KEEP_ALIVE_S + 1)
    assert (True, True) == (subscriber.wants_keep_alive, subscriber.woken.is_set())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12", (None, 12)),
        (f"{'a' * 32}.12", ("a" * 32, 12)),
        (" 12 ", (None, 12)),
        ("-1", None),
        ("1" * 19, None),
        ("12.5", None),
        ("x", None),
        ("٣", None),
    ],
)
def test_a_last_event_id_is_a_position_of_a_log(text: str, found: tuple[str | None, int] | None) -> None:
    assert found == parse_event_id(text)


class CountedReads:
    """How often the log was asked."""

    def __init__(self, app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        read = app.runtime.ledger.recorder.read

        def counted(**how: Any) -> Any:
            self.count += 1
            return read(**how)

        monkeypatch.setattr(app.runtime.ledger.recorder, "read", counted)


def test_pulls_that_wait_read_nothing_until_there_is_news_and_then_at_once(
    serve_app: Callable[..., ApiApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given twenty that wait
    app = serve_app(waits_per_key=50)
    stella, after = app.as_member("stella"), app.runtime.ledger.position(app.organisation_id())
    answers: list[tuple[float, Any]] = []

    def pull() -> None:
        found = stella.get_ok(f"/v1/events?after={after}&timeout=20")
        answers.append((time.monotonic(), found))

    pulls = [threading.Thread(target=pull) for _ in range(20)]
    for each in pulls:
        each.start()
    time.sleep(1.5)

    # when nothing happens
    reads = CountedReads(app, monkeypatch)
    time.sleep(1.5)

    # then nothing was read; and news come without a poll's delay
    assert (0, []) == (reads.count, answers)
    app.as_member("ana").post_ok("/v1/goals", offer())
    recorded = time.monotonic()
    for each in pulls:
        each.join(10)
    assert {("goal.offered.v1",)} == {tuple(event["type"] for event in found) for _, found in answers}
    assert max(at for at, _ in answers) - recorded < 2


def test_a_pull_whose_key_ends_while_it_waits_is_shown_nothing(app: ApiApp) -> None:
    # given
    after = app.runtime.ledger.position(app.organisation_id())
    responses: list[Any] = []
    pull = threading.Thread(
        target=lambda: responses.append(app.as_member("ana").get(f"/v1/events?after={after}&timeout=20"))
    )
    pull.start()
    time.sleep(0.5)

    # when
    principal = app.runtime.keys.authenticate(app.keys["acme"]["ana"], app.clock.now)
    assert principal is not None
    app.runtime.keys.revoke(principal.key_id, organisation_id=principal.organisation_id)
    create_active_goal(app, owner="ben")
    pull.join(10)

    # then
    assert (401, "unauthenticated") == (responses[0].status_code, responses[0].json()["code"])


def test_one_look_at_the_log_serves_every_stream_of_an_organisation(
    serve_app: Callable[..., ApiApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a hundred streams of two members
    app = serve_app(waits_per_key=100)
    live = create_app(app.runtime).state.live
    subscribers = []
    for person in ("stella", "ana"):
        viewer = app.viewer(person)
        view = StreamView(viewer, EventFilter(), "http://x").seen_by(viewer)
        subscribers += [StreamSubscriber(app.keys["acme"][person], view, 0) for _ in range(50)]
    views = {subscriber.view for subscriber in subscribers}
    wanted: dict[UUID, tuple[int | None, set[StreamView]]] = {app.organisation_id(): (0, views)}

    # when
    reads = CountedReads(app, monkeypatch)
    [batch] = live._load_batches(wanted).values()
    counted = reads.count

    # then the heads, the events, and each stream's state once
    streams = {event.stream for event in app.runtime.ledger.read_feed(app.organisation_id(), 0, 1000)}
    assert 2 == len(batch.chunks)
    assert counted <= 2 + len(streams)


def test_followers_that_come_and_go_while_events_are_recorded_miss_nothing(app: ApiApp) -> None:
    # given
    organisation, served = app.organisation_id(), create_app(app.runtime).state
    first = app.runtime.ledger.position(organisation)

    async def follow(after: int, until: int) -> list[int]:
        viewer = app.viewer("stella")
        view = StreamView(viewer, EventFilter(), "http://x").seen_by(viewer)
        subscriber = StreamSubscriber(app.keys["acme"]["stella"], view, after)
        sent: list[bytes] = []

        async def receive() -> Any:
            await asyncio.sleep(60)

        async def send_part(data: bytes) -> None:
            sent.append(data)
            await asyncio.sleep(0)
            if b".%d\n" % until in data:
                subscriber.end(End.GONE)

        head = await served.live.load_head(organisation)
        stream = EventStream("e" * 32, served.live, served.waits, subscriber, head)
        await asyncio.wait_for(stream.produce(receive, send_part), 20)
        lines = b"".join(sent).decode().splitlines()
        return [int(line.rpartition(".")[2]) for line in lines if line.startswith("id: ")]

    async def follow_all() -> list[list[int]]:
        following = [asyncio.create_task(follow(first, first + 60))]
        for _ in range(30):
            await asyncio.to_thread(create_active_goal, app)
            following.append(asyncio.create_task(follow(first, first + 60)))
        return list(await asyncio.gather(*following))

    # when
    found = asyncio.run(follow_all())

    # then
    assert [list(range(first + 1, first + 61))] * 31 == found
