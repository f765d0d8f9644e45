"""Subscriptions that see the same share a read, each round of the dispatcher anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.visibility.feed import Feed, FeedPage
from services.worker.webhooks.source import EventSource, SharedPage, SharedPages
from tests.worker.webhook_story import WebhookStory, open_story


def empty_page(examined: int) -> SharedPage:
    return SharedPage(FeedPage(events=[], examined=examined, head=examined, full=False), lambda *_: b"")


def test_a_page_is_read_once_a_round_however_many_ask_at_once() -> None:
    pages, reads, begun = SharedPages(), list[int](), threading.Event()

    def read() -> SharedPage:
        reads.append(1)
        begun.wait(5)
        return empty_page(len(reads))

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(pages.load, "key", read) for _ in range(4)]
        begun.set()
        assert {1} == {page.result(5).examined for page in asked}
    assert 1 == pages.load("key", read).examined
    assert 2 == pages.load("another", read).examined

    pages.begin_round()
    assert 3 == pages.load("key", read).examined


def test_a_read_that_fails_is_tried_again() -> None:
    pages = SharedPages()

    def fail() -> SharedPage:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        pages.load("key", fail)
    assert 7 == pages.load("key", lambda: empty_page(7)).examined


@pytest.fixture
def story(sqlite_url: str) -> Iterator[WebhookStory]:
    with open_story(sqlite_url) as opened:
        yield opened


def test_subscriptions_of_one_member_share_a_page_and_each_gets_its_own_body(story: WebhookStory) -> None:
    # given two of the steward's that differ in what they are sent, and one of another member
    for name in ("ana", "ben"):
        story.join(name)
    runtime = story.runtime
    full, thin = (story.state(story.subscribe("https://a.example", payload=each)[0]) for each in ("full", "thin"))
    anas = story.state(story.subscribe("https://a.example", by="ana", payload="full")[0])
    reads: list[Any] = []

    class CountingLedger:
        def read_records(self, *arguments: Any, **named: Any) -> Any:
            reads.append(arguments)
            return runtime.ledger.read_records(*arguments, **named)

        def __getattr__(self, name: str) -> Any:
            return getattr(runtime.ledger, name)

    ledger: Any = CountingLedger()
    source = EventSource(Feed(ledger), ledger, runtime.database, runtime.deliveries, "https://goals.example")

    def load(subscription: Any) -> list[tuple[int, bytes]]:
        viewer = source.load_viewer(subscription)
        page = source.load_page(subscription, viewer, 0, 100, known=0)
        return [(event.position, event.body) for event in page.events]

    # when
    whole, envelopes = load(full), load(thin)

    # then one read served both
    assert 1 == len(reads)
    assert [position for position, _ in whole] == [position for position, _ in envelopes]
    assert all(b'"data"' in body for _, body in whole)
    assert not any(b'"data"' in body for _, body in envelopes)
    # a member who sees less has a read of their own
    assert len(load(anas)) < len(whole)
    before = len(reads)
    # and what is recorded since is in the next round's
    story.join("cleo")
    assert whole == load(full)
    source.begin_round()
    assert len(whole) + 1 == len(load(full))
    assert before + 1 == len(reads)
