"""A Kafka topic as a sink: CloudEvents in binary content mode, keyed by their stream (`partitionkey`).

A topic has several partitions, none of which holds the whole: how far the log was sent stands in our store.
It is written after every message of a batch was acknowledged, so a sink that is killed in between sends that batch
again, under the ids it had. Within one run nothing comes twice: the producer is idempotent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ledger.sinks import SinkPositions
from services.sinks.follower import Message, Selection, SinkRefused, SinkUnavailable

_TIMEOUT_S = 10.0
#: Headers of the binary content mode (CloudEvents 1.0.2, Kafka protocol binding, 3.2).
_PREFIX, _CONTENT_TYPE = "ce_", ("content-type", b"application/json")
POSITION_HEADER = "plimsoll-position"
#: What may follow the `?` of a URL -> the client's setting.
_OPTIONS = {"mechanism": "sasl.mechanisms", "ca": "ssl.ca.location"}
#: What no further attempt mends.
_REFUSALS = frozenset(
    {
        # Public, though the client's own codes begin so.
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.POLICY_VIOLATION,
    }
)
_logger = logging.getLogger("plimsoll.kafka")


def parse_url(url: str) -> dict[str, str]:
    """The client's settings of `kafka[s]://[user:password@]host:port[,host:port...][?mechanism=...&ca=...]`.

    Raises `SinkRefused`.
    """
    parts = urlsplit(url)
    credentials, _, servers = parts.netloc.rpartition("@")
    if not servers:
        raise SinkRefused("the URL of Kafka names no server: kafka://HOST:9092")
    is_tls = parts.scheme == "kafkas"
    settings = {
        "bootstrap.servers": servers,
        "security.protocol": ("sasl_" if credentials else "") + ("ssl" if is_tls else "plaintext"),
    }
    if credentials:
        user, _, password = credentials.partition(":")
        settings |= {
            "sasl.mechanisms": "PLAIN",
            "sasl.username": unquote(user),
            "sasl.password": unquote(password),
        }
    for name, value in parse_qsl(parts.query):
        if name not in _OPTIONS:
            raise SinkRefused(f"the URL of Kafka takes {' and '.join(_OPTIONS)}, not {name}")
        settings[_OPTIONS[name]] = value
    return settings


class KafkaSink:
    """One topic; it is made where it is missing, as the cluster makes topics."""

    is_binary = True

    def __init__(self, url: str, topic: str, selection: Selection, positions: SinkPositions) -> None:
        self._settings = parse_url(url)
        self._topic = topic
        self._selection = selection
        self._positions = positions
        self._producer: Producer | None = None
        #: What the topic is called in our store.
        self._stream = ""
        self._position = 0
        #: What the client said last that no further attempt mends.
        self._refusal: KafkaError | None = None

    async def open(self) -> int:
        return await asyncio.to_thread(self._open)

    def _open(self) -> int:
        try:
            admin = AdminClient(self._settings | self._common(), logger=_logger)
            cluster = admin.list_topics(timeout=_TIMEOUT_S)
            if self._topic not in cluster.topics:
                # Partitions and replicas as the cluster's own settings have them.
                made = admin.create_topics([NewTopic(self._topic, num_partitions=-1, replication_factor=-1)])
                _ignore_existing(made[self._topic])
            found = admin.describe_topics(TopicCollection([self._topic]), request_timeout=_TIMEOUT_S)
            topic_id = found[self._topic].result(_TIMEOUT_S).topic_id
            self._producer = Producer(
                self._settings
                | self._common()
                | {"enable.idempotence": True, "linger.ms": 5, "delivery.timeout.ms": int(_TIMEOUT_S * 1000)},
                logger=_logger,
            )
        except KafkaException as error:
            raise self._translate(error.args[0]) from error
        # A topic that was deleted and made anew has another id: it is filled from the first event.
        self._stream = f"kafka/{cluster.cluster_id}/{self._topic}/{topic_id}"
        kept = self._positions.open(self._stream, self._selection.encode())
        self._selection.require(kept.selection, f"the Kafka topic {self._topic!r}")
        self._position = kept.position
        return kept.position

    def _common(self) -> dict[str, Any]:
        return {"client.id": f"plimsoll-sink-{self._topic}", "error_cb": self._note, "socket.timeout.ms": 10_000}

    def _note(self, error: KafkaError) -> None:
        if error.code() in _REFUSALS or error.fatal():
            self._refusal = error

    async def append(self, messages: Sequence[Message], position: int) -> None:
        await asyncio.to_thread(self._append, messages, position)

    def _append(self, messages: Sequence[Message], position: int) -> None:
        producer = self._producer
        if producer is None:
            raise SinkUnavailable("Kafka: not connected")
        failures: list[KafkaError] = []

        def note_delivery(error: KafkaError | None, _: Any) -> None:
            if error is not None:
                failures.append(error)

        try:
            for message in messages:
                producer.produce(
                    self._topic,
                    key=message.key,
                    value=message.body,
                    headers=_build_headers(message),
                    on_delivery=note_delivery,
                )
            left = producer.flush(_TIMEOUT_S)
        except KafkaException as error:
            raise self._translate(error.args[0]) from error
        except BufferError as error:
            raise SinkUnavailable("Kafka: the broker takes no more for the moment") from error
        if failures or left:
            raise self._translate(failures[0] if failures else None)
        if not self._positions.move(self._stream, self._position, position):
            raise SinkUnavailable("another sink has moved this stream on")
        self._position = position

    def _translate(self, error: KafkaError | None) -> Exception:
        reason = self._refusal or error
        if reason is None:
            return SinkUnavailable(f"Kafka: no answer within {_TIMEOUT_S:.0f} s")
        words = f"Kafka: {reason.str()}"
        if reason.code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE):
            words = f"{words}: an event is larger than the topic's max.message.bytes"
        return SinkRefused(words) if reason.code() in _REFUSALS else SinkUnavailable(words)

    async def close(self) -> None:
        producer, self._producer, self._refusal = self._producer, None, None
        if producer is not None:
            # What was not acknowledged is sent again by the next run: nothing of it may come later than that.
            producer.purge()
            await asyncio.to_thread(producer.flush, 0.0)


def _build_headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    headers: list[tuple[str, str | bytes | None]] = [
        (_PREFIX + name, value.encode()) for name, value in message.attributes.items()
    ]
    return [*headers, _CONTENT_TYPE, (POSITION_HEADER, str(message.position).encode())]


def _ignore_existing(made: Any) -> None:
    """Wait for a topic to be made; that another sink was quicker is well. Raises KafkaException."""
    try:
        made.result(_TIMEOUT_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
