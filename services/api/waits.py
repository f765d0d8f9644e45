"""The waits of requests that a stopping server ends: for news, for a position, for the rest of a refused body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Waits:
    """The waits of one application's requests. Used from its event loop only."""

    def __init__(self) -> None:
        self._timeouts: set[asyncio.Timeout] = set()
        self.is_stopping = False

    @asynccontextmanager
    async def limit(self, seconds: float | None) -> AsyncIterator[None]:
        """Let the block wait so many seconds (None: without end), and no longer once the server stops.

        Raises TimeoutError.
        """
        async with asyncio.timeout(0 if self.is_stopping else seconds) as timeout:
            self._timeouts.add(timeout)
            try:
                yield
            finally:
                self._timeouts.discard(timeout)

    def end(self) -> None:
        """End all of them, and those that begin from now on."""
        self.is_stopping = True
        for timeout in self._timeouts:
            if not timeout.expired():
                timeout.reschedule(0)
