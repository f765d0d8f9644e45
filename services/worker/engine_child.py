"""The views' engine in a process of its own.

The process that answers requests starts it (`services.worker.engine_process`). Its first line of input is the settings,
each later line a log position to follow to; each of these is answered by one line. It keeps nothing that is not in the
store, so it may be killed at any moment. It ends when its input does, and so with the process that started it.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from contextlib import ExitStack
from typing import BinaryIO

import msgspec

from ledger.ledger import Ledger
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from services.clock import TimeOrderedIds, utc_now
from services.settings import Settings

#: For `gc.set_threshold`: allocations before the youngest generation is collected, collections of it before the middle
#: one is, and collections of that before the oldest is. Each is a pause for all threads: 2 to 4 ms for 5,000 objects,
#: 10 to 20 ms for four times that. With 80 in the middle it was up to 140 ms beside a report of 2,000 members. The
#: product of the last two is as it was with (80, 20), and so is how seldom the oldest generation is collected.
_GC_THRESHOLDS = (5_000, 4, 400)


class CatchUpResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one line."""

    applied: int = 0
    #: What went wrong instead, with its trace.
    error: str = ""


class EngineServer:
    """An engine that is opened by its first round, and again where that did not succeed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._exit_stack = ExitStack()

    def run_round(self, limit: int) -> CatchUpResult:
        """Follow about `limit` events; whatever goes wrong is the answer."""
        try:
            self._engine = self._engine or self._open()
            return CatchUpResult(applied=self._engine.catch_up(limit))
        except Exception:  # noqa: BLE001 - reported to the parent, which asks again
            return CatchUpResult(error=traceback.format_exc())

    def close(self) -> None:
        """Close what the first round opened."""
        self._exit_stack.close()

    def _open(self) -> Engine:
        with ExitStack() as opened:
            ledger = Ledger.open(self._settings.database_url, clock=utc_now, new_id=TimeOrderedIds())
            opened.callback(ledger.close)
            url = self._settings.views_database_url or self._settings.database_url
            database = Database.open(url, connections=1)
            opened.callback(database.close)
            self._exit_stack = opened.pop_all()
        return Engine(ledger, database, PROJECTIONS)


def tune_interpreter() -> None:
    """What a server wants of the interpreter, and a program that ends in a second does not."""
    # What is loaded stays for good, and most of what comes goes with its request, without any collection: looking for
    # cycles among it took a tenth of the time, in pauses of up to 100 ms.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def serve_catch_up_requests(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer line by line until there are no more."""
    settings = msgspec.json.decode(asked.readline(), type=Settings)
    # Requests go before the views, which catch up when there is time.
    os.nice(settings.worker_niceness)
    tune_interpreter()
    follower = EngineServer(settings)
    try:
        for line in asked:
            answers.write(msgspec.json.encode(follower.run_round(int(line))) + b"\n")
            answers.flush()
    except BrokenPipeError:
        # The parent is gone.
        return
    finally:
        follower.close()


if __name__ == "__main__":
    # Standard output is for answers alone: whatever else is printed must not come between them.
    _answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve_catch_up_requests(sys.stdin.buffer, _answers)
