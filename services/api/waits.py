"""The waits of requests that a stopping server ends: for news, for a position, for the rest of a refused body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Seconds between two reads of the projector's checkpoint while requests wait for it.
_POLL_S = 0.01


class Waits:
    """The waits of one application's requests. Used from its event loop only."""

    def __init__(self) -> None:
        self._timeouts: set[asyncio.Timeout] = set()
        #: Held between two parts of refused bodies, whichever they are of.
        self.draining = asyncio.Lock()
        self.is_stopping = False

    @asynccontextmanager
    async def limit(self, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
        """Let the block wait so many seconds (None: without end), and no longer once the server stops.

        It is given its timeout, by which it may be ended sooner.

        Raises TimeoutError.
        """
        async with asyncio.timeout(0 if self.is_stopping else seconds) as timeout:
            self._timeouts.add(timeout)
            try:
                yield timeout
            finally:
                self._timeouts.discard(timeout)

    def end(self) -> None:
        """End all of them, and those that begin from now on."""
        self.is_stopping = True
        for timeout in self._timeouts:
            if not timeout.expired():
                timeout.reschedule(0)


class FollowedPosition:
    """Up to where every read model has followed the log: read once for all requests that wait for it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reading: asyncio.Task[int] | None = None

    async def wait_for(self, target: int) -> None:
        """Return once they have followed the log up to this position. Raises `DatabaseUnavailable`."""
        while await self._read() < target:
            self._runtime.readers_waiting.set()
            await asyncio.sleep(_POLL_S)

    async def _read(self) -> int:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(asyncio.to_thread(self._runtime.engine.position))
        # Shielded: one request that ends must not cancel what the others wait for.
        return await asyncio.shield(self._reading)
