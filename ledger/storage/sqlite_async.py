"""A SQLite connection that belongs to an event loop: a thread of its own waits for the disk, and does nothing else.

The batch is decided and encoded on the loop. The thread runs one statement, during which SQLite releases the
interpreter lock once, until the batch is on the disk.
"""

from __future__ import annotations

import sqlite3
from asyncio import AbstractEventLoop
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread

from ledger.errors import HeadConflict, LedgerUnavailable, OutcomeUnknown
from ledger.storage.protocol import Append, DoneCallback, Head, load_queries
from ledger.storage.sqlite_statements import APPEND_IF_HEAD, append_if_head_params, append_if_head_setup

#: Seconds to wait for another writer; commands wait longer in the queue, where they can still be cancelled.
_LOCK_WAIT_S = 0.05
#: Seconds that `close` waits for the thread.
_CLOSE_TIMEOUT_S = 2.0

#: The expected head; the parameters of the append, if there is one; the callback.
_Task = tuple[Head, tuple[int | str, ...] | None, DoneCallback]


class SQLiteAsyncAppender:
    """Opened by any thread, used by one loop; closed by `close`."""

    def __init__(self, path: str, loop: AbstractEventLoop, write_lock: Lock) -> None:
        self._loop = loop
        #: Writers of this process queue here, not in SQLite's polling.
        self._write_lock = write_lock
        self._connection = sqlite3.connect(
            path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            # What is acknowledged must be on the disk.
            for statement in ("PRAGMA synchronous = FULL", "PRAGMA temp_store = MEMORY", *append_if_head_setup()):
                self._connection.execute(statement)
        except BaseException:
            self._connection.close()
            raise
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._in_flight = False
        self.is_alive = True
        self._thread = Thread(target=self._run, name="plimsoll-writer", daemon=True)
        self._thread.start()

    def append_if_head(self, head: Head, append: Append | None, on_done: DoneCallback) -> None:
        params = None if append is None else append_if_head_params(head, append)
        self._in_flight = True
        self._tasks.put((head, params, on_done))

    def close(self) -> None:
        if self.is_alive:
            self.is_alive = False
            self._tasks.put(None)
            if not self._in_flight:
                # The file is closed before the ledger is closed.
                self._thread.join(_CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            head, params, on_done = task
            error = self._execute(head, params)
            # A loop that is closed waits for nothing any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._complete, on_done, error)
            del task, on_done
        # By the thread that uses it: closing a connection under a running statement crashes the interpreter.
        self._connection.close()

    def _complete(self, on_done: DoneCallback, error: BaseException | None) -> None:
        self._in_flight = False
        if self.is_alive:
            on_done(error)

    def _execute(self, head: Head, params: tuple[int | str, ...] | None) -> BaseException | None:
        if params is None:
            return self._check_head(head)
        if not self._write_lock.acquire(timeout=_LOCK_WAIT_S):
            return HeadConflict()
        try:
            self._connection.execute(APPEND_IF_HEAD, params)
        except sqlite3.IntegrityError:
            return HeadConflict()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return HeadConflict()
            # It may be on the disk in part, and a later append must not follow a commit that was not acknowledged.
            return OutcomeUnknown(f"the event store is not available: {error}")
        except BaseException as error:  # noqa: BLE001 - the loop gets it, and rejects the commands
            return error
        finally:
            self._write_lock.release()
        return None

    def _check_head(self, head: Head) -> BaseException | None:
        try:
            found = Head(*self._connection.execute(load_queries()["head"]).fetchone())
        except Exception as error:  # noqa: BLE001 - whatever it is, the store did not say where the log ends
            return LedgerUnavailable(f"the event store is not available: {error}")
        return None if found == head else HeadConflict()
