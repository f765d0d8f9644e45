"""What a live projector remembers of streams, so that the next event of a long one costs no more than that of a short.

`Projection.rows` stays the definition: a function of the whole stream. A projection may also know how to go on: from
what it remembers of a stream at one version and the events right behind it, it gives the same rows. What is remembered
is a function of the log's prefix, so it is never wrong, only missing; then the whole stream is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from domain.envelope import Recorded

#: Streams of one projection, all projections together; the least recently followed go first.
REMEMBERED = 40_000

_Rows = dict[str, list[tuple[Any, ...]]]


@runtime_checkable
class Follows(Protocol):
    """A projection that can go on from where it left off."""

    def remember(self, stream: Sequence[Recorded]) -> Any:
        """What `follow` needs to go on after a whole stream; None: it cannot."""

    def follow(self, memory: Any, events: Sequence[Recorded]) -> tuple[_Rows, Any] | None:
        """The rows that a stream's next events open or close, exactly those of `rows`, and what to remember.

        None where the whole stream is needed: an event was told late.
        """


class Memories:
    """Safe to share between threads: what is remembered is never changed, only replaced."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._lock = Lock()
        #: Projection and stream -> version of the stream, and what is remembered at it.
        self._kept: OrderedDict[tuple[str, UUID], tuple[int, Any]] = OrderedDict()

    def at(self, projection: str, stream_id: UUID, version: int) -> Any:
        """What is remembered of a stream at exactly this version; None: nothing."""
        key = (projection, stream_id)
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != version:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def keep(self, projection: str, stream_id: UUID, version: int, memory: Any) -> None:
        """Remember; None: forget."""
        key = (projection, stream_id)
        with self._lock:
            if memory is None:
                self._kept.pop(key, None)
                return
            self._kept[key] = (version, memory)
            self._kept.move_to_end(key)
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
