"""A NATS JetStream stream as a sink: subject `<stream>.<organisation id>.<type>`, `Nats-Msg-Id` the event's id.

A batch is published at once; each message names the sequence number that has to come before it, so that the server
refuses whatever would follow a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import nats
from nats.aio.client import Client
from nats.errors import AuthorizationError, Error, InvalidUserCredentialsError, MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck, StreamConfig
from nats.js.errors import APIError, BucketNotFoundError, KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from services.cloud_events import MEDIA_TYPE
from services.sinks.follower import Message, Selection, SinkRefused, SinkUnavailable

#: The key-value bucket in which each stream has a key of its name.
BUCKET = "plimsoll-sinks"
POSITION_HEADER, SELECTION_HEADER = "Plimsoll-Position", "Plimsoll-Selection"
_TIMEOUT_S = 10
#: What the client and its sockets raise where the server is away.
_AWAY = (Error, OSError, asyncio.TimeoutError)


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a stream is: of use where its last message is gone, or far behind what was looked at."""

    selection: str
    position: int
    #: The stream's last sequence number when this was written.
    sequence: int


class NatsSink:
    """One stream; it is made where it is missing, with every message kept unless `max_length` says otherwise."""

    is_binary = False

    def __init__(self, url: str, stream: str, selection: Selection, *, max_length: int = 0) -> None:
        self._url = url
        self._stream = stream
        self._selection = selection
        self._encoded = selection.encode()
        self._max_length = max_length
        self._client = Client()
        self._jetstream: JetStreamContext
        self._checkpoints: KeyValue
        #: The stream's last sequence number.
        self._sequence = 0

    async def open(self) -> int:
        try:
            await self._connect()
            return await self._find_position()
        except _AWAY as error:
            raise _translate(error) from error

    async def _connect(self) -> None:
        self._client = await nats.connect(
            self._url,
            # A new connection begins with looking where the stream is.
            allow_reconnect=False,
            connect_timeout=_TIMEOUT_S,
            error_cb=_ignore,
            name=f"plimsoll sink {self._stream}",
        )
        self._jetstream = self._client.jetstream(timeout=_TIMEOUT_S)
        try:
            self._checkpoints = await self._jetstream.key_value(BUCKET)
        except BucketNotFoundError:
            self._checkpoints = await self._jetstream.create_key_value(bucket=BUCKET)

    async def _find_position(self) -> int:
        self._sequence = await self._find_or_create_stream()
        named = f"the JetStream stream {self._stream!r}"
        kept = await self._load_checkpoint()
        if self._sequence == 0 and (kept.sequence, kept.selection) != (0, self._encoded):
            # There was no stream, or it was deleted since.
            await self._save_checkpoint(0)
            return 0
        if kept.sequence == self._sequence:
            self._selection.require(kept.selection, named)
            return kept.position
        try:
            last = await self._jetstream.get_msg(self._stream, self._sequence)
        except NotFoundError:
            # The stream's limits removed it: from the checkpoint on, events may come again, under their ids.
            self._selection.require(kept.selection, named)
            return kept.position if kept.sequence < self._sequence else 0
        headers = last.headers or {}
        self._selection.require(headers.get(SELECTION_HEADER, ""), named)
        return int(headers[POSITION_HEADER])

    async def _find_or_create_stream(self) -> int:
        try:
            return (await self._jetstream.stream_info(self._stream)).state.last_seq
        except NotFoundError:
            config = StreamConfig(name=self._stream, subjects=[f"{self._stream}.>"], max_msgs=self._max_length or -1)
            await self._jetstream.add_stream(config)
            return 0

    async def append(self, messages: Sequence[Message], position: int) -> None:
        first = self._sequence
        try:
            outcomes = await asyncio.gather(
                *(self._publish(message, first + number) for number, message in enumerate(messages)),
                return_exceptions=True,
            )
            failed = next((each for each in outcomes if isinstance(each, BaseException)), None)
            done = outcomes.index(failed) if failed is not None else len(outcomes)
            # As the server says: what another sink stored meanwhile is a duplicate here, yet counts in the stream. A
            # number that is too low would be the right one for a later message of the next batch, behind a gap.
            self._sequence = max([self._sequence, *(each.seq for each in outcomes[:done] if isinstance(each, PubAck))])
            if done or failed is None:
                await self._save_checkpoint(position if failed is None else messages[done - 1].position)
            if isinstance(failed, asyncio.CancelledError):
                # The client cancels what waits for an answer when its connection ends.
                raise SinkUnavailable("NATS: disconnected")
            if failed is not None:
                raise failed
        except _AWAY as error:
            raise _translate(error) from error

    async def _publish(self, message: Message, after: int) -> PubAck:
        headers = {
            Header.MSG_ID.value: message.event_id,
            Header.EXPECTED_LAST_SEQUENCE.value: str(after),
            "Content-Type": MEDIA_TYPE,
            POSITION_HEADER: str(message.position),
            SELECTION_HEADER: self._encoded,
        }
        subject = f"{self._stream}.{message.organisation_id}.{message.type}"
        return await self._jetstream.publish(subject, message.body, stream=self._stream, headers=headers)

    async def _load_checkpoint(self) -> _Checkpoint:
        try:
            kept = (await self._checkpoints.get(self._stream)).value
        except KeyNotFoundError:
            return _Checkpoint(selection="", position=0, sequence=-1)
        return msgspec.json.decode(kept or b"", type=_Checkpoint)

    async def _save_checkpoint(self, position: int) -> None:
        kept = _Checkpoint(selection=self._encoded, position=position, sequence=self._sequence)
        await self._checkpoints.put(self._stream, msgspec.json.encode(kept))

    async def close(self) -> None:
        if not self._client.is_closed:
            await self._client.close()


async def _ignore(_: Exception) -> None:
    """What goes wrong is raised where it is waited for."""


def _translate(error: BaseException) -> Exception:
    words = f"NATS: {' '.join(str(error).split()) or type(error).__name__}"
    if isinstance(error, MaxPayloadError):
        return SinkRefused("NATS takes no message as large as an event is: raise its max_payload")
    if isinstance(error, AuthorizationError | InvalidUserCredentialsError) or "authorization" in words.lower():
        return SinkRefused(words)
    if isinstance(error, APIError) and error.description:
        return SinkUnavailable(f"NATS: {error.description}")
    return SinkUnavailable(words)
