"""Sinks: the log in a stream of a broker, exactly, whatever ends in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from domain.references import derive_organisation_id
from services.cloud_events import encode_event
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from services.sinks import metrics
from services.sinks.follower import Message, Selection, SinkFollower, SinkRefused, SinkUnavailable
from tests.conftest import skip_or_fail
from tests.fixtures import synthetic
from tests.servers import ServerUnavailableError, nats_server, redis_server
from tests.services.brokers import Broker, NatsBroker, RedisBroker
from tests.services.conftest import Installation
from tests.services.shell import Shell

ROOT = Path(__file__).parents[2]
ORGANISATION = derive_organisation_id("default")
EVERYTHING_S = 30.0


@pytest.fixture(scope="session")
def nats_url(servers: ExitStack) -> str:
    try:
        return servers.enter_context(nats_server())
    except ServerUnavailableError as refusal:
        skip_or_fail(str(refusal))


@pytest.fixture(params=["redis", "nats"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """A stream of its own for each test."""
    return make_broker(request.param, request.getfixturevalue(f"{request.param}_url"))


def make_broker(kind: str, url: str) -> Broker:
    return RedisBroker(url) if kind == "redis" else NatsBroker(url)


def select(runtime: Runtime, *, whole_log: bool = True, types: tuple[str, ...] = ()) -> Selection:
    return Selection(epoch=runtime.ledger.epoch, organisation=None if whole_log else ORGANISATION, types=types)


class Following:
    """A sink that runs on a thread."""

    def __init__(
        self, runtime: Runtime, broker: Broker, selection: Selection | None = None, max_length: int = 0
    ) -> None:
        self._stop = threading.Event()
        self._selection = selection or select(runtime)
        self._runtime = runtime
        self._sink = broker.make_sink(self._selection, max_length=max_length)
        self.refusal: SinkRefused | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        wakeups = self._runtime.wakeups.subscribe()
        follower = SinkFollower(self._runtime.ledger, self._selection, self._sink, wakeups, "http://plimsoll.test")
        try:
            asyncio.run(follower.run(self._stop.is_set))
        except SinkRefused as refusal:
            self.refusal = refusal
        finally:
            wakeups.close()

    def stop(self) -> None:
        self._stop.set()
        self._runtime.wakeups.publish()
        self.thread.join(EVERYTHING_S)
        assert not self.thread.is_alive()


@contextmanager
def following(
    runtime: Runtime, broker: Broker, selection: Selection | None = None, max_length: int = 0
) -> Iterator[Following]:
    running = Following(runtime, broker, selection, max_length)
    running.thread.start()
    try:
        yield running
    finally:
        running.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + EVERYTHING_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def write(installation: Installation, goals: int, *, prefix: str = "") -> None:
    lines = synthetic.encode_lines(goals=goals, prefix=prefix)
    assert 0 == import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal).refused
    installation.runtime.notify_committed()


def encode_messages(runtime: Runtime, selection: Selection) -> list[Message]:
    """The log as a sink with JSON bodies gets it."""
    return [
        Message(
            position=event.log_position,
            event_id=str(event.event_id),
            organisation_id=event.organisation_id,
            type=event.type,
            key=event.stream,
            attributes={},
            body=encode_event(event, "http://plimsoll.test", selection.epoch),
        )
        for event in runtime.ledger.read_log(0, 100)
    ]


def log_of(runtime: Runtime) -> list[tuple[int, str]]:
    return [(event.log_position, str(event.event_id)) for event in runtime.ledger.read_log(0, 100_000)]


def sent_to(broker: Broker) -> list[tuple[int, str]]:
    return [(entry.position, entry.event_id) for entry in broker.read()]


def test_a_stream_is_the_log_event_by_event_in_its_order(installation: Installation, broker: Broker) -> None:
    # given
    runtime = installation.runtime
    write(installation, 8)

    # when it follows, and more is recorded meanwhile
    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())
        write(installation, 2, prefix="more-")
        create_organisation(runtime, "other", steward="stella")
        runtime.notify_committed()
        wait_until(lambda: broker.count() == runtime.ledger.head())

    # then
    entries = broker.read()
    assert log_of(runtime) == [(entry.position, entry.event_id) for entry in entries]
    for entry in entries:
        event = entry.event
        assert (entry.event_id, entry.label, runtime.ledger.epoch) == (event["id"], event["type"], event["epoch"])
    assert 2 == len({entry.event["source"] for entry in entries})


def test_a_stream_of_one_organisation_and_some_types_has_the_positions_of_its_feed(
    sqlite_installation: Installation, broker: Broker
) -> None:
    # given
    runtime = sqlite_installation.runtime
    create_organisation(runtime, "other", steward="stella")
    write(sqlite_installation, 8)
    wanted = [
        (event.position, str(event.event_id))
        for event in runtime.ledger.read_feed(ORGANISATION, 0, 100_000)
        if event.type == "goal.offered.v1" or event.kind == "member"
    ]

    # when
    selection = select(runtime, whole_log=False, types=("goal.offered.*", "member.*"))
    with following(runtime, broker, selection):
        wait_until(lambda: broker.count() >= len(wanted))

    # then
    assert wanted == sent_to(broker)
    assert 20 < len(wanted) < runtime.ledger.position(ORGANISATION)


def test_a_sink_says_how_far_it_is_behind_also_while_its_broker_is_away(
    sqlite_installation: Installation,
) -> None:
    # given a sink whose broker is gone
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 3)
    failures = metrics.FAILURES._value.get()
    with redis_server() as url:
        broker = RedisBroker(url)

    # when
    with following(runtime, broker):
        wait_until(lambda: metrics.FAILURES._value.get() > failures + 1)
        assert runtime.ledger.head() == metrics.LAG._value.get()

        # then it catches up once there is one again
        with redis_server(port=int(url.rpartition(":")[2].partition("/")[0])):
            wait_until(lambda: broker.count() == runtime.ledger.head())
            wait_until(lambda: metrics.LAG._value.get() == 0)
            assert runtime.ledger.head() == metrics.POSITION._value.get()


def test_a_sink_that_is_killed_anywhere_goes_on_without_a_gap(
    sqlite_installation: Installation, broker: Broker, sqlite_url: str
) -> None:
    runtime = sqlite_installation.runtime
    environment = {**os.environ, "PLIMSOLL_DATABASE_URL": sqlite_url, "PLIMSOLL_SINK_URL": broker.url}
    command = [sys.executable, "-m", "services.cli", "sink", broker.kind, "--stream", broker.stream]

    @contextmanager
    def running() -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    # when it is killed as soon as it has sent something, again and again
    for number in range(2):
        write(sqlite_installation, 80, prefix=f"{number}-")
        before = broker.count()
        with running():
            wait_until(lambda before=before: broker.count() > before)  # type: ignore[misc]
    write(sqlite_installation, 1, prefix="last-")
    with running() as process:
        wait_until(lambda: broker.count() >= runtime.ledger.head())
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(EVERYTHING_S)

    # then
    assert log_of(runtime) == sent_to(broker)


def test_two_sinks_of_one_stream_double_nothing(sqlite_installation: Installation, broker: Broker) -> None:
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 60)

    with following(runtime, broker), following(runtime, broker):
        write(sqlite_installation, 10, prefix="more-")
        wait_until(lambda: broker.count() >= runtime.ledger.head())
        time.sleep(0.3)

    assert log_of(runtime) == sent_to(broker)


def test_a_sink_that_another_has_overtaken_leaves_no_gap(sqlite_installation: Installation, broker: Broker) -> None:
    # given two sinks of one empty stream
    write(sqlite_installation, 5)
    selection = select(sqlite_installation.runtime)
    messages = encode_messages(sqlite_installation.runtime, selection)[:25]

    async def append_from_both() -> None:
        one, other = (broker.make_sink(selection) for _ in range(2))
        assert [0, 0] == [await sink.open() for sink in (one, other)]
        await one.append(messages[:5], messages[4].position)

        # when the other goes on as if nothing had been sent
        with suppress(SinkUnavailable):
            await other.append(messages[:5], messages[4].position)
            await other.append(messages[5:], messages[-1].position)

        # and then from where the stream is
        await other.close()
        position = await other.open()
        rest = [message for message in messages if message.position > position]
        await other.append(rest, messages[-1].position)
        for sink in (one, other):
            await sink.close()

    asyncio.run(append_from_both())

    # then
    assert [(message.position, message.event_id) for message in messages] == sent_to(broker)


def test_a_restored_log_stops_its_sinks(database_url: str, broker: Broker, shell: Shell) -> None:
    # given
    settings = Settings(database_url=database_url)
    with Runtime.open(settings) as runtime:
        create_organisation(runtime, "default", steward="stella")
        with following(runtime, broker) as running:
            wait_until(lambda: broker.count() == runtime.ledger.head())

            # when
            assert migrate(settings, restored=True).restored

            # then one that runs stops
            running.thread.join(EVERYTHING_S)
            assert "the log was restored from a copy" in str(running.refusal)
        before = sent_to(broker)

    # and one that is started again
    assert 1 == shell("sink", broker.kind, "--url", broker.url, "--stream", broker.stream)
    assert "it was restored from a copy" in shell.err
    assert "consumers begin anew" in shell.err
    assert before == sent_to(broker)


@pytest.fixture
def shell(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", database_url)
    return Shell(capsys)


def test_a_stream_ahead_of_its_log_is_refused(
    sqlite_installation: Installation, broker: Broker, tmp_path: Path
) -> None:
    # given a stream of a log whose copy has not got so far
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 3)
    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())

    # when
    behind = select(runtime)
    other = Settings(database_url=f"sqlite:///{tmp_path / 'behind'}")
    migrate(other)
    with Runtime.open(other) as copy:
        running = Following(copy, broker, behind)
        running.thread.start()
        running.thread.join(EVERYTHING_S)

    # then
    assert "plimsoll migrate --restored" in str(running.refusal)


def test_a_stream_holds_one_selection_for_good(sqlite_installation: Installation, broker: Broker) -> None:
    # given
    runtime = sqlite_installation.runtime
    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())

    # when
    for other in (select(runtime, whole_log=False), select(runtime, types=("goal.*",))):
        running = Following(runtime, broker, other)
        running.thread.start()
        running.thread.join(EVERYTHING_S)

        # then
        assert "was begun for all organisations, all types" in str(running.refusal)
        assert "another --stream" in str(running.refusal)


def test_a_stream_that_is_deleted_is_filled_anew(sqlite_installation: Installation, broker: Broker) -> None:
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 3)

    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())
        broker.delete()
        write(sqlite_installation, 1, prefix="more-")
        wait_until(lambda: broker.count() >= runtime.ledger.head())

    assert log_of(runtime) == sent_to(broker)


def test_a_stream_keeps_as_many_events_as_it_may_and_misses_none_behind_them(
    sqlite_installation: Installation, broker: Broker
) -> None:
    runtime = sqlite_installation.runtime
    write(sqlite_installation, 60)
    with following(runtime, broker, max_length=100):
        wait_until(lambda: broker.count() > 0 and sent_to(broker)[-1][0] == runtime.ledger.head())

    write(sqlite_installation, 3, prefix="more-")
    with following(runtime, broker, max_length=100):
        wait_until(lambda: sent_to(broker)[-1][0] == runtime.ledger.head())

    found = sent_to(broker)
    # Redis drops whole nodes of a hundred entries.
    assert 100 <= len(found) <= 300 < runtime.ledger.head()
    assert log_of(runtime)[-len(found) :] == found


@pytest.mark.parametrize("kind", ["redis", "nats"])
def test_a_broker_that_goes_away_and_comes_back_misses_nothing(
    sqlite_installation: Installation, kind: str, tmp_path: Path
) -> None:
    # given
    runtime = sqlite_installation.runtime
    serve = redis_server if kind == "redis" else nats_server
    with ExitStack() as server:
        try:
            url = server.enter_context(serve(tmp_path))
        except ServerUnavailableError as refusal:
            skip_or_fail(str(refusal))
        broker = make_broker(kind, url)
        with following(runtime, broker):
            wait_until(lambda: broker.count() == runtime.ledger.head())

            # when
            server.close()
            write(sqlite_installation, 5)
            time.sleep(0.2)
            server.enter_context(serve(tmp_path, urlsplit(url).port))
            wait_until(lambda: broker.count() >= runtime.ledger.head())

        # then
        assert log_of(runtime) == sent_to(broker)


def test_a_redis_that_lost_its_last_writes_gets_them_again(sqlite_installation: Installation, redis_url: str) -> None:
    # given a replica that was behind
    runtime, broker = sqlite_installation.runtime, RedisBroker(redis_url)
    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())
        keys = (broker.stream, f"{{{broker.stream}}}:plimsoll")
        with redis.Redis.from_url(redis_url) as raw:
            copies = [(key, raw.dump(key)) for key in keys]
            write(sqlite_installation, 3)
            wait_until(lambda: broker.count() == runtime.ledger.head())

            # when it takes the other's place
            for key, copy in copies:
                raw.restore(key, 0, copy, replace=True)
        write(sqlite_installation, 1, prefix="more-")
        wait_until(lambda: broker.count() >= runtime.ledger.head())

    # then
    assert log_of(runtime) == sent_to(broker)


def test_a_jetstream_that_was_purged_goes_on_behind_what_it_had(
    sqlite_installation: Installation, nats_url: str
) -> None:
    runtime, broker = sqlite_installation.runtime, NatsBroker(nats_url)
    with following(runtime, broker):
        wait_until(lambda: broker.count() == runtime.ledger.head())
    before = runtime.ledger.head()

    broker.purge()
    write(sqlite_installation, 1)
    with following(runtime, broker):
        wait_until(lambda: broker.count() >= runtime.ledger.head() - before)

    assert log_of(runtime)[before:] == sent_to(broker)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "PLIMSOLL_SINK_URL"),
        (("--url", "redis://127.0.0.1:1", "--types", "goal.pondered.v1"), "--types goal.pondered.v1"),
        (("--url", "redis://127.0.0.1:1", "--stream", "a.b"), "--stream"),
        (("--url", "redis://127.0.0.1:1", "--max-length", "0"), "a number from 1"),
    ],
)
def test_a_sink_that_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    monkeypatch.delenv("PLIMSOLL_SINK_URL", raising=False)
    shell = Shell(capsys)

    assert 2 == shell("sink", "redis", *words)
    assert reason in shell.err


@pytest.mark.parametrize("kind", ["redis", "nats"])
def test_a_url_that_is_none_of_a_broker_is_refused(
    sqlite_url: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", sqlite_url)
    shell = Shell(capsys)

    assert 2 == shell("sink", kind, "--url", "http://127.0.0.1:1")
    assert {"redis": "redis://", "nats": "nats://"}[kind] in shell.err
