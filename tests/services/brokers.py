"""Brokers as the tests of sinks see them: what a stream of them holds, read by the brokers' own clients."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import msgspec
import nats
import redis
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.sinks.follower import Selection, Sink
from services.sinks.nats import NatsSink
from services.sinks.redis import RedisSink

T = TypeVar("T")


class Entry(msgspec.Struct, frozen=True):
    """One event of a stream."""

    position: int
    event_id: str
    #: What the broker tells messages apart by: the type, or a subject that ends in it.
    label: str
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class Broker(Protocol):
    """One broker, and the stream of one test."""

    kind: str
    url: str
    stream: str

    def make_sink(self, selection: Selection, *, max_length: int = 0) -> Sink: ...
    def count(self) -> int: ...
    def read(self) -> list[Entry]: ...
    def delete(self) -> None: ...


class RedisBroker:
    kind = "redis"

    def __init__(self, url: str) -> None:
        self.url = url
        self.stream = f"t{uuid4().hex}"

    def make_sink(self, selection: Selection, *, max_length: int = 0) -> Sink:
        return RedisSink(self.url, self.stream, selection, max_length=max_length)

    def connect(self) -> Any:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def count(self) -> int:
        with self.connect() as client:
            return int(client.xlen(self.stream))

    def read(self) -> list[Entry]:
        with self.connect() as client:
            found = client.xrange(self.stream)
        assert all(id_.endswith("-0") for id_, _ in found)
        return [Entry(int(id_[:-2]), fields["id"], fields["type"], fields["event"].encode()) for id_, fields in found]

    def delete(self) -> None:
        with self.connect() as client:
            client.delete(self.stream)


class NatsBroker:
    kind = "nats"

    def __init__(self, url: str) -> None:
        self.url = url
        self.stream = f"t{uuid4().hex}"

    def make_sink(self, selection: Selection, *, max_length: int = 0) -> Sink:
        return NatsSink(self.url, self.stream, selection, max_length=max_length)

    def call(self, use: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        async def connected() -> T:
            client = await nats.connect(self.url, allow_reconnect=False)
            try:
                return await use(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())

    def count(self) -> int:
        async def count(jetstream: JetStreamContext) -> int:
            try:
                return (await jetstream.stream_info(self.stream)).state.messages
            except NotFoundError:
                return 0

        return self.call(count)

    def read(self) -> list[Entry]:
        async def read(jetstream: JetStreamContext) -> list[Entry]:
            wanted = (await jetstream.stream_info(self.stream)).state.messages
            reader = await jetstream.subscribe(f"{self.stream}.>", ordered_consumer=True)
            return [self._to_entry(await reader.next_msg(timeout=10)) for _ in range(wanted)]

        return self.call(read)

    def _to_entry(self, message: Any) -> Entry:
        stream, organisation, label = message.subject.split(".", 2)
        headers = message.headers
        assert stream == self.stream
        assert "application/cloudevents+json" == headers["Content-Type"]
        entry = Entry(int(headers["Plimsoll-Position"]), headers["Nats-Msg-Id"], label, message.data)
        assert f"/organisations/{organisation}" == entry.event["source"]
        return entry

    def delete(self) -> None:
        self.call(lambda jetstream: jetstream.delete_stream(self.stream))

    def purge(self) -> None:
        self.call(lambda jetstream: jetstream.purge_stream(self.stream))


class KafkaMessage(msgspec.Struct, frozen=True):
    """One message of a topic."""

    partition: int
    key: str
    headers: dict[str, str]
    body: bytes

    @property
    def position(self) -> int:
        return int(self.headers["plimsoll-position"])

    @property
    def event_id(self) -> str:
        return self.headers["ce_id"]


class KafkaTopic:
    """A topic of one test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"t{uuid4().hex}"
        self._servers: dict[str, str | int | float | bool] = {"bootstrap.servers": url.partition("://")[2]}

    def read(self) -> list[KafkaMessage]:
        """What each partition holds, in its order, one partition after another."""
        cluster = AdminClient(self._servers).list_topics(timeout=10)
        if self.name not in cluster.topics:
            return []
        options = {"group.id": uuid4().hex, "enable.partition.eof": True, "fetch.wait.max.ms": 10}
        consumer = Consumer({**self._servers, **options})
        partitions = cluster.topics[self.name].partitions
        found: dict[int, list[KafkaMessage]] = {partition: [] for partition in sorted(partitions)}
        try:
            consumer.assign([TopicPartition(self.name, partition, 0) for partition in partitions])
            ended: set[int] = set()
            while len(ended) < len(partitions) and (message := consumer.poll(5.0)) is not None:
                partition = int(message.partition() or 0)
                if message.error() is not None:
                    ended.add(partition)
                else:
                    found[partition].append(_to_kafka_message(partition, message))
        finally:
            consumer.close()
        return [message for messages in found.values() for message in messages]

    def delete(self) -> None:
        admin = AdminClient(self._servers)
        admin.delete_topics([self.name])[self.name].result(10)


def _to_kafka_message(partition: int, message: Any) -> KafkaMessage:
    headers = {name: value.decode() for name, value in message.headers()}
    return KafkaMessage(partition, message.key().decode(), headers, message.value())
