"""How far brokers' streams are that cannot say it themselves: a table next to the log, in its store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from domain.instants import to_micros
from ledger.storage.protocol import LogStore


class SinkPosition(msgspec.Struct, frozen=True, kw_only=True):
    """How far one stream is."""

    #: What it holds, in the words of the sink.
    selection: str
    #: Every event up to here is in it, or was not selected.
    position: int


class PositionStore(Protocol):
    """What the positions need of the ledger."""

    recorder: LogStore

    @property
    def clock(self) -> Callable[[], datetime]: ...


class SinkPositions:
    """The positions of all streams. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, ledger: PositionStore) -> None:
        self._recorder = ledger.recorder
        self._clock = ledger.clock

    def open(self, stream: str, selection: str) -> SinkPosition:
        """How far the stream is; one that is new begins at 0 with this selection."""
        with self._recorder.write() as session:
            session.run("begin_sink", stream=stream, selection=selection, at=to_micros(self._clock()))
            kept, position = session.query("sink", stream=stream)[0]
        return SinkPosition(selection=str(kept), position=int(position))

    def move(self, stream: str, expected: int, position: int) -> bool:
        """Note that the stream is further; False: it is not where it was expected, another sink has moved it."""
        with self._recorder.write() as session:
            moved = session.run(
                "move_sink", stream=stream, expected=expected, position=position, at=to_micros(self._clock())
            )
        return moved == 1
