"""A Redis stream as a sink: the id of an entry is `<position>-0`.

A script appends a batch whole, or not at all where the stream's last id is not the one that was seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio

# Of its own kind: that of `redis.retry` does not wait for a loop.
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.sinks.follower import Message, Selection, SinkRefused, SinkUnavailable

_TIMEOUT_S = 10.0
_EMPTY = "0-0"
#: KEYS: stream, checkpoint. ARGV: the last id, the selection, the position, entries to keep (0: all), then of each
#: entry its id and three values. Returns 1, or 0 where another sink, a failover or an operator changed the stream.
_APPEND = """
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
if last ~= ARGV[1] or redis.call('HGET', KEYS[2], 'selection') ~= ARGV[2] then return 0 end
for i = 5, #ARGV, 4 do
  last = ARGV[i]
  local fields = {'id', ARGV[i + 1], 'type', ARGV[i + 2], 'event', ARGV[i + 3]}
  if ARGV[4] == '0' then
    redis.call('XADD', KEYS[1], last, unpack(fields))
  else
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], last, unpack(fields))
  end
end
redis.call('HSET', KEYS[2], 'position', ARGV[3], 'last', last)
return 1
"""


class RedisSink:
    """One stream, and a hash `{<stream>}:plimsoll` with what it holds and how far it is."""

    is_binary = False

    def __init__(self, url: str, stream: str, selection: Selection, *, max_length: int = 0) -> None:
        try:
            self._client: Any = redis.asyncio.Redis.from_url(
                url,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
            )
        except ValueError as error:
            raise SinkRefused(f"the URL of Redis: {error}") from None
        self._stream = stream
        # In one slot of a cluster with the stream.
        self._checkpoint = f"{{{stream}}}:plimsoll"
        self._selection = selection
        self._max_length = max_length
        self._append = self._client.register_script(_APPEND)
        self._last = _EMPTY

    async def open(self) -> int:
        try:
            return await self._open()
        except redis.RedisError as error:
            raise _translate(error) from error

    async def _open(self) -> int:
        self._last = _EMPTY
        if await self._client.exists(self._stream):
            self._last = (await self._client.xinfo_stream(self._stream))["last-generated-id"]
        kept = await self._client.hgetall(self._checkpoint)
        encoded = self._selection.encode()
        if self._last == _EMPTY and (kept.get("last"), kept.get("selection")) != (_EMPTY, encoded):
            # There is no stream yet, or none any more.
            begun = {"selection": encoded, "position": "0", "last": _EMPTY}
            await self._client.hset(self._checkpoint, mapping=begun)
            return 0
        self._selection.require(kept.get("selection", ""), f"the Redis stream {self._stream!r}")
        return int(kept["position"] if kept["last"] == self._last else self._last.partition("-")[0])

    async def append(self, messages: Sequence[Message], position: int) -> None:
        entries = [word for each in messages for word in (f"{each.position}-0", each.event_id, each.type, each.body)]
        state = (self._last, self._selection.encode(), position, self._max_length)
        try:
            done = await self._append(keys=[self._stream, self._checkpoint], args=[*state, *entries])
        except redis.RedisError as error:
            raise _translate(error) from error
        if not done:
            raise SinkUnavailable("the stream's end is not where it was left")
        if messages:
            self._last = f"{messages[-1].position}-0"

    async def close(self) -> None:
        await self._client.aclose()


def _translate(error: redis.RedisError) -> Exception:
    words = f"Redis: {' '.join(str(error).split()) or type(error).__name__}"
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError) or "WRONGTYPE" in words:
        return SinkRefused(words)
    return SinkUnavailable(words)
