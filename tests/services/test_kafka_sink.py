"""The sink for Kafka: every event in its topic, each stream in order, and what comes twice under the id it had.

The broker is Tansu, which speaks Kafka's protocol and keeps topics in memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage as BoundMessage
from cloudevents.core.bindings.kafka import from_binary
from cloudevents.core.formats.json import JSONFormat

from ledger.sinks import SinkPositions
from services.runtime import Runtime
from services.sinks.follower import Selection, SinkFollower, SinkRefused
from services.sinks.kafka import KafkaSink, parse_url
from tests.conftest import skip_or_fail
from tests.servers import ServerUnavailableError, kafka_server
from tests.services.brokers import KafkaMessage, KafkaTopic
from tests.services.conftest import Installation
from tests.services.shell import Shell
from tests.services.test_sinks import EVERYTHING_S, ORGANISATION, ROOT, log_of, select, wait_until, write


@pytest.fixture(scope="session")
def kafka_url(servers: ExitStack) -> str:
    try:
        return servers.enter_context(kafka_server())
    except ServerUnavailableError as refusal:
        skip_or_fail(str(refusal))


@pytest.fixture
def topic(kafka_url: str) -> KafkaTopic:
    return KafkaTopic(kafka_url)


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", sqlite_url)
    return Shell(capsys)


@contextmanager
def following(runtime: Runtime, topic: KafkaTopic, selection: Selection | None = None) -> Iterator[list[SinkRefused]]:
    """A sink that runs on a thread; why it ended by itself, if it did."""
    stop, refusals = threading.Event(), list[SinkRefused]()
    selection = selection or select(runtime)
    sink = KafkaSink(topic.url, topic.name, selection, SinkPositions(runtime.ledger))

    def run() -> None:
        wakeups = runtime.wakeups.subscribe()
        try:
            follower = SinkFollower(runtime.ledger, selection, sink, wakeups, "http://plimsoll.test")
            asyncio.run(follower.run(stop.is_set))
        except SinkRefused as refusal:
            refusals.append(refusal)
        finally:
            wakeups.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield refusals
    finally:
        stop.set()
        runtime.wakeups.publish()
        thread.join(EVERYTHING_S)
        assert not thread.is_alive()


def first_of_each(messages: list[KafkaMessage]) -> list[KafkaMessage]:
    return list({message.event_id: message for message in reversed(messages)}.values())[::-1]


def require_whole(runtime: Runtime, messages: list[KafkaMessage]) -> None:
    """Every event is there; of each stream one after another; twice only what is the same."""
    once = first_of_each(messages)
    assert log_of(runtime) == sorted((message.position, message.event_id) for message in once)
    for key in {message.key for message in once}:
        of_stream = [message for message in once if message.key == key]
        assert list(range(1, len(of_stream) + 1)) == [int(each.headers["ce_streamversion"]) for each in of_stream]
        assert 1 == len({message.partition for message in of_stream})
    kept = {message.event_id: message for message in once}
    assert all(message == kept[message.event_id] for message in messages)


def test_a_topic_holds_the_log_as_cloud_events_each_stream_in_its_order(
    installation: Installation, topic: KafkaTopic
) -> None:
    # given
    runtime = installation.runtime
    write(installation, 8)

    # when it follows, and more is recorded meanwhile
    with following(runtime, topic):
        wait_until(lambda: len(topic.read()) == runtime.ledger.head())
        write(installation, 2, prefix="more-")
        wait_until(lambda: len(topic.read()) == runtime.ledger.head())

    # then
    messages = topic.read()
    require_whole(runtime, messages)
    assert 1 < len({message.partition for message in messages})
    recorded = {str(event.event_id): event for event in runtime.ledger.read_log(0, 10_000)}
    for message in messages:
        headers = {name: value.encode() for name, value in message.headers.items()}
        event = from_binary(BoundMessage(headers=headers, key=message.key, value=message.body), JSONFormat())
        stored = recorded[message.event_id]
        assert (stored.type, stored.stream, message.key) == (event.get_type(), event.get_subject(), stored.stream)
        assert "application/json" == message.headers["content-type"]
        assert stored.type == msgspec.convert(event.get_data(), dict[str, Any])["type"]


def test_a_sink_that_is_killed_anywhere_leaves_no_gap_and_sends_twice_only_what_is_the_same(
    sqlite_installation: Installation, topic: KafkaTopic, sqlite_url: str
) -> None:
    runtime = sqlite_installation.runtime
    environment = {**os.environ, "PLIMSOLL_DATABASE_URL": sqlite_url, "PLIMSOLL_SINK_URL": topic.url}
    command = [sys.executable, "-m", "services.cli", "sink", "kafka", "--stream", topic.name]

    @contextmanager
    def running() -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    # when it is killed as soon as it has sent something, again and again
    for number in range(2):
        write(sqlite_installation, 40, prefix=f"{number}-")
        before = len(topic.read())
        with running():
            wait_until(lambda before=before: len(topic.read()) > before)  # type: ignore[misc]
    write(sqlite_installation, 1, prefix="last-")
    with running() as process:
        wait_until(lambda: len(first_of_each(topic.read())) >= runtime.ledger.head())
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(EVERYTHING_S)

    # then
    require_whole(runtime, topic.read())


def test_a_batch_whose_position_was_not_kept_comes_again_under_its_ids(
    sqlite_installation: Installation, topic: KafkaTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a sink that ends between the broker's acknowledgement and its own note of it, once
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 3)
    move, failures = SinkPositions.move, [False]

    def fail_once(self: SinkPositions, *arguments: object) -> bool:
        return failures.pop() if failures else move(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SinkPositions, "move", fail_once)

    # when
    with following(runtime, topic):
        wait_until(lambda: len(topic.read()) == 2 * runtime.ledger.head())

    # then
    require_whole(runtime, topic.read())


def test_a_sink_that_is_started_again_goes_on_where_it_ended(
    sqlite_installation: Installation, topic: KafkaTopic
) -> None:
    runtime = sqlite_installation.runtime
    for prefix in ("", "more-"):
        write(sqlite_installation, 3, prefix=prefix)
        with following(runtime, topic):
            wait_until(lambda: len(topic.read()) >= runtime.ledger.head())

    assert log_of(runtime) == sorted((message.position, message.event_id) for message in topic.read())


def test_a_topic_that_was_deleted_is_filled_anew(sqlite_installation: Installation, topic: KafkaTopic) -> None:
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 3)
    for _ in range(2):
        with following(runtime, topic):
            wait_until(lambda: len(topic.read()) == runtime.ledger.head())
        require_whole(runtime, topic.read())
        topic.delete()


def test_a_topic_goes_on_with_what_it_was_begun_for_and_with_nothing_else(
    sqlite_installation: Installation, topic: KafkaTopic
) -> None:
    # given
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 5)
    goals = select(runtime, whole_log=False, types=("goal.offered.*",))
    wanted = [event for event in runtime.ledger.read_feed(ORGANISATION, 0, 10_000) if event.type == "goal.offered.v1"]
    with following(runtime, topic, goals):
        wait_until(lambda: len(topic.read()) == len(wanted))

    # when
    with following(runtime, topic) as refusals:
        wait_until(lambda: bool(refusals))

    # then
    assert "name another --stream" in str(refusals[0])
    assert [event.position for event in wanted] == sorted(message.position for message in topic.read())


def test_a_broker_that_is_away_is_waited_for(sqlite_installation: Installation) -> None:
    # given a server that is gone before the sink begins
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 2)
    try:
        with kafka_server() as url:
            port = int(url.rpartition(":")[2])
    except ServerUnavailableError as refusal:
        skip_or_fail(str(refusal))
    topic = KafkaTopic(url)

    # when it comes back, empty
    with following(runtime, topic) as refusals, kafka_server(port):
        wait_until(lambda: len(topic.read()) == runtime.ledger.head())

        # then
        assert [] == refusals
        require_whole(runtime, topic.read())


def test_two_sinks_of_one_topic_notice_each_other(installation: Installation) -> None:
    positions = SinkPositions(installation.runtime.ledger)

    assert (0, "all") == (positions.open("k", "all").position, positions.open("k", "another").selection)
    assert positions.move("k", 0, 7)
    assert not positions.move("k", 0, 5)
    assert not positions.move("of nothing", 0, 5)
    assert 7 == positions.open("k", "all").position


def test_a_url_says_how_kafka_is_reached(shell: Shell) -> None:
    assert {"bootstrap.servers": "a:1,b:2", "security.protocol": "plaintext"} == parse_url("kafka://a:1,b:2")
    found = parse_url("kafkas://me:p%40ss@a:1?mechanism=SCRAM-SHA-512&ca=/etc/ca.pem")
    assert {
        "bootstrap.servers": "a:1",
        "security.protocol": "sasl_ssl",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "p@ss",
        "ssl.ca.location": "/etc/ca.pem",
    } == found
    for wrong in ("kafka://", "kafka://a:1?acks=0"):
        with pytest.raises(SinkRefused, match="URL of Kafka"):
            parse_url(wrong)
    assert 2 == shell("sink", "kafka", "--url", "redis://127.0.0.1")
    assert 2 == shell("sink", "kafka", "--url", "kafka://127.0.0.1:1", "--max-length", "5")
    assert "retention" in shell.err
