"""What a live projector caches of streams, so that the next event of a long one costs no more than that of a short.

`Projection.rows` stays the definition: a function of the whole stream. A projection may also be incremental: from
what was cached of a stream at one version and the events right behind it, it gives the same rows. What is cached is a
function of the log's prefix, so it is never wrong, only missing; then the whole stream is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol, runtime_checkable

from ledger.states import RecentlyUsed
from projections.engine.stream_events import StreamEvents

#: Streams; the least recently followed go first. About 10 KB of each are kept, whatever its length.
MAX_CACHED_STREAMS = 10_000

_Rows = dict[str, list[tuple[Any, ...]]]


@runtime_checkable
class IncrementalProjection(Protocol):
    """A projection that can go on from where it left off."""

    def state_after(self, stream: StreamEvents) -> Any:
        """What `apply` needs to go on after a whole stream; None: it cannot."""

    def apply(self, memory: Any, events: StreamEvents) -> tuple[_Rows, Any] | None:
        """The rows that a stream's next events open or close, exactly those of `rows`, and what to remember.

        None where the whole stream is needed: an event was recorded late.
        """


class FoldCache:
    """Safe to share between threads: what is remembered is never changed, only replaced."""

    def __init__(self, limit: int = MAX_CACHED_STREAMS) -> None:
        self._lock = Lock()
        #: Stream -> its version, and what each projection remembers at it.
        self._entries = RecentlyUsed[str, tuple[int, Mapping[str, Any]]](limit)

    def get_at_versions(self, streams: Mapping[str, int]) -> dict[str, Mapping[str, Any]]:
        """What is remembered of these streams at exactly these versions, by projection; others are left out."""
        found = {}
        with self._lock:
            for stream, version in streams.items():
                kept = self._entries.get(stream)
                if kept is not None and kept[0] == version:
                    self._entries.move_to_end(stream)
                    found[stream] = kept[1]
        return found

    def put(self, learned: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
        """Remember these streams, each at its version."""
        with self._lock:
            for stream, known in learned.items():
                self._entries.put(stream, known)
