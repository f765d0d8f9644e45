"""Answers about the state of the whole service, from threads of their own: one for all who ask while it is computed.

No key is needed to ask, so what is asked often must not cost often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.api.http.responses import HttpResponse


class Probes:
    """The probes that are being answered. Used from one event loop."""

    def __init__(self) -> None:
        # `/readyz` and `/metrics`: neither waits for the other.
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="plimsoll-probe")
        self._running: dict[str, asyncio.Future[HttpResponse]] = {}

    async def answer(self, path: str, compute: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer at this path, which is computed once at a time; what computing it raises."""
        running = self._running.get(path)
        if running is None:
            running = self._running[path] = asyncio.get_running_loop().run_in_executor(self._executor, compute)
            running.add_done_callback(lambda _: self._running.pop(path, None))
        # Shielded: a request that ends must not cancel what others wait for.
        return await asyncio.shield(running)
