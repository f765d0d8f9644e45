"""Admission: how much of one process each key, each organisation and all of them together may use at once.

Every route has a weight class (`services.api.operations.Weight`). A class that works in threads has its own, so that
none waits for another's. Within it a key has a share of what its organisation has, and that a share of what the
process has: one key leaves room for its colleagues, one organisation for the others. What finds no room waits in a
short queue, which is served by turns between organisations and, within one, between keys.

What is admitted is cancelled once its client has gone or its time is over, down to the statement in the store; its
place is free when its thread is. Everything here is used from one event loop.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from ledger.cancellation import Work
from services.api.http.problems import ProblemError
from services.api.operations import Weight
from services.settings import Settings

T = TypeVar("T")

#: Whose share a request uses: organisation and key.
Share = tuple[UUID, str]

#: Seconds after which it is worth a task to notice that a client has gone.
_WATCH_AFTER_S = 0.1
#: Each holds a thread, a connection and room on the disk for as long as it takes.
EXPORTS_AT_ONCE = 2
_QUEUED_EXPORTS = 16
#: Threads of what is not bounded by weight: look-ups of commands, and the waits for a position.
LOOKUP_THREADS = 8


#: Classes that compute for long in Python, and for how long a thread keeps the interpreter beside them.
_COMPUTING = frozenset({Weight.PAGE, Weight.REPORT, Weight.IMPORT})
_SHORT_SWITCH_S = 0.0005
#: Imports that wait, for each that is worked on; and of one key.
_QUEUED_IMPORTS = 4
#: Imports that are received at once, for each that is worked on.
_UPLOADS = 8


class DeadlineExceeded(Exception):  # noqa: N818 - named after what happened
    """The time of a request is over; `seconds` is what it had."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not ready within {seconds:g} s")
        self.seconds = seconds


class ClientDisconnected(Exception):  # noqa: N818 - a state of the connection
    """The client has closed the connection."""


class WeightLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of one class are admitted at once, and how many may wait for that."""

    per_process: int
    per_organisation: int
    per_key: int
    #: Requests that wait, of one key and of all together.
    queued_per_key: int = 0
    queued: int = 0
    #: Seconds that one waits before it is refused.
    queue_wait_s: float = 0
    #: Seconds from the arrival to the answer.
    deadline_s: float = 0


def compute_limits(settings: Settings) -> dict[Weight, WeightLimits]:
    """The limits of each class that has any."""
    pages = max(1, settings.api_threads // 4)
    return {
        Weight.LIGHT: _read_limits(settings, settings.api_threads, (3 / 8, 1 / 4), queued=1 / 4),
        Weight.PAGE: _read_limits(settings, pages, (1 / 2, 1 / 4), queued=1 / 8),
        Weight.REPORT: _read_limits(settings, settings.reports_at_once, (1 / 2, 1 / 2), queued=1 / 128),
        Weight.IMPORT: WeightLimits(
            per_process=settings.imports_at_once,
            per_organisation=_share(settings.imports_at_once, 1 / 2),
            per_key=_share(settings.imports_at_once, 1 / 2),
            queued_per_key=_QUEUED_IMPORTS,
            queued=_QUEUED_IMPORTS * settings.imports_at_once,
            queue_wait_s=settings.queue_wait_s,
            deadline_s=settings.import_seconds,
        ),
        Weight.EXPORT: WeightLimits(
            per_process=EXPORTS_AT_ONCE,
            per_organisation=1,
            per_key=1,
            queued_per_key=EXPORTS_AT_ONCE,
            queued=_QUEUED_EXPORTS,
            queue_wait_s=settings.queue_wait_s,
            deadline_s=settings.import_seconds,
        ),
        Weight.UPLOAD: WeightLimits(
            per_process=_UPLOADS * settings.imports_at_once,
            per_organisation=max(2, _UPLOADS * settings.imports_at_once // 4),
            per_key=2,
        ),
        Weight.WAIT: WeightLimits(
            per_process=settings.waits_at_once,
            per_organisation=_share(settings.waits_at_once, 1 / 2),
            per_key=settings.waits_per_key,
        ),
    }


def _read_limits(settings: Settings, threads: int, shares: tuple[float, float], *, queued: float) -> WeightLimits:
    """Of a class of reads: the shares of an organisation and of a key in its threads, that of a key in its queue."""
    return WeightLimits(
        per_process=threads,
        per_organisation=_share(threads, shares[0]),
        per_key=_share(threads, shares[1]),
        queued_per_key=_share(settings.queued_reads, queued) if settings.queued_reads else 0,
        queued=settings.queued_reads,
        queue_wait_s=settings.queue_wait_s,
        deadline_s=settings.store_wait_s,
    )


def _share(whole: int, part: float) -> int:
    return max(1, int(whole * part))


class _Interpreter:
    """How long a thread keeps the interpreter while others want it: less while something computes for long.

    An event loop wants it a dozen times in each request, and would wait for Python's usual 5 ms each time. Always kept
    short it costs commands a third more processor time, on a busy machine.
    """

    def __init__(self) -> None:
        self._computing = 0
        self._usual_s = sys.getswitchinterval()

    def begin(self) -> None:
        """Something computes for long."""
        self._computing += 1
        sys.setswitchinterval(_SHORT_SWITCH_S)

    def end(self) -> None:
        """It does no more."""
        self._computing -= 1
        if not self._computing:
            sys.setswitchinterval(self._usual_s)


class Admission:
    """The admission of one application's requests."""

    def __init__(self, settings: Settings) -> None:
        interpreter = _Interpreter()
        self._classes = {
            weight: _Places(weight, limits, interpreter if weight in _COMPUTING else None)
            for weight, limits in compute_limits(settings).items()
        }
        #: Interrupting a statement takes a connection of its own, and time.
        self._cancelling = ThreadPoolExecutor(2, thread_name_prefix="plimsoll-cancel")

    @asynccontextmanager
    async def hold(self, weight: Weight, share: Share) -> AsyncIterator[None]:
        """A place of this class while the block runs, for what occupies no thread, such as a stream.

        Raises ProblemError 429 or 503 where there is none.
        """
        places = self._classes[weight]
        if not places.has_place(share):
            raise places.build_refusal(share)
        places.take(share)
        try:
            yield
        finally:
            places.release(share)

    async def run(
        self,
        weight: Weight,
        share: Share,
        receive: Callable[[], Any],
        function: Callable[..., T],
        *args: Any,
        **kwargs: Any,
    ) -> T:
        """What the function returns, called in a thread of this class once there is a place.

        Raises ProblemError 429 or 503 where there is none, DeadlineExceeded where the time is over, and
        ClientDisconnected where `receive` says that the client has gone: then the work is cancelled.
        """
        places, work = self._classes[weight], Work()
        arrived = asyncio.get_running_loop().time()
        await self._acquire(places, share, receive)
        thread = places.start(share, work, function, *args, **kwargs)
        left = places.limits.deadline_s - (asyncio.get_running_loop().time() - arrived)
        try:
            return await _wait_for_thread(thread, receive, left)
        except TimeoutError:
            raise DeadlineExceeded(places.limits.deadline_s) from None
        finally:
            if not thread.done():
                # No request waits for it any more; what it raises then is of no use.
                thread.add_done_callback(_retrieve_exception)
                self._cancelling.submit(work.cancel)
            # What it raised refers to this frame, and it to what it raised: a cycle, which would keep all that the
            # work's frames hold (a megabyte of an import's line) until the collector comes by.
            del thread

    async def _acquire(self, places: _Places, share: Share, receive: Callable[[], Any]) -> None:
        waiting = places.try_acquire(share)
        if waiting is None:
            return
        try:
            if not await _finish_before_disconnect(waiting, receive, places.limits.queue_wait_s):
                raise places.build_refusal(share)
        except BaseException:
            places.withdraw(share, waiting)
            raise

    def count(self) -> dict[Weight, tuple[int, int]]:
        """Class -> requests at work, and requests that wait."""
        return {weight: (places.busy, places.queued) for weight, places in self._classes.items()}


class _Places:
    """The places of one class, and who waits for one."""

    def __init__(self, weight: Weight, limits: WeightLimits, interpreter: _Interpreter | None) -> None:
        self.weight = weight
        self._interpreter = interpreter
        self.limits = limits
        self.busy = self.queued = 0
        self._by_organisation: Counter[UUID] = Counter()
        self._by_key: Counter[Share] = Counter()
        #: Whose turn is next comes first.
        self._queue: OrderedDict[UUID, OrderedDict[str, deque[asyncio.Future[None]]]] = OrderedDict()
        self._executor = ThreadPoolExecutor(limits.per_process, thread_name_prefix=f"plimsoll-{weight}")

    def try_acquire(self, share: Share) -> asyncio.Future[None] | None:
        """Take a place (None), or join the queue: the future is done once a place is this share's.

        Raises ProblemError where the queue has no room either.
        """
        if self.has_place(share):
            self.take(share)
            return None
        keys = self._queue.setdefault(share[0], OrderedDict())
        waiting = keys.setdefault(share[1], deque())
        if len(waiting) >= self.limits.queued_per_key or self.queued >= self.limits.queued:
            self._forget_empty(share)
            raise self.build_refusal(share)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        self.queued += 1
        return future

    def withdraw(self, share: Share, waiting: asyncio.Future[None]) -> None:
        """Leave the queue, or give back the place that came too late."""
        if waiting.done() and not waiting.cancelled():
            self.release(share)
            return
        waiting.cancel()
        with suppress(KeyError, ValueError):
            self._queue[share[0]][share[1]].remove(waiting)
            self.queued -= 1
        self._forget_empty(share)

    def start(
        self, share: Share, work: Work, function: Callable[..., T], *args: Any, **kwargs: Any
    ) -> asyncio.Future[T]:
        """Run the function in a thread; the share's place is free when it ends, however long it is waited for."""
        loop = asyncio.get_running_loop()
        thread = self._executor.submit(work.run, function, *args, **kwargs)
        thread.add_done_callback(lambda _: _call_soon(loop, self.release, share))
        return asyncio.wrap_future(thread)

    def release(self, share: Share) -> None:
        """Give the place back, to the next in the queue that may have it."""
        self.busy -= 1
        if self._interpreter is not None:
            self._interpreter.end()
        self._by_organisation[share[0]] -= 1
        self._by_key[share] -= 1
        if not self._by_key[share]:
            # Counters hold those that have something under way, not all that ever had.
            del self._by_key[share]
        if not self._by_organisation[share[0]]:
            del self._by_organisation[share[0]]
        while self.busy < self.limits.per_process and (following := self._find_next()) is not None:
            self._serve(following)

    def build_refusal(self, share: Share) -> ProblemError:
        """429 where the caller itself is over a limit, 503 where the process is."""
        limits, retry = self.limits, {"Retry-After": "1"}
        own = self._by_key[share] >= limits.per_key
        if own or self._by_organisation[share[0]] >= limits.per_organisation:
            whose, number = ("this key", limits.per_key) if own else ("this organisation", limits.per_organisation)
            detail = f"{whose} has {number} requests of the class `{self.weight}` at work, and others wait"
            return ProblemError("too_many_at_once", detail, headers=retry)
        detail = f"all {limits.per_process} places of the class `{self.weight}` are taken, and others wait"
        return ProblemError("overloaded", detail, headers=retry)

    def has_place(self, share: Share) -> bool:
        """Whether a request of this share may begin now."""
        limits = self.limits
        return (
            self.busy < limits.per_process
            and self._by_organisation[share[0]] < limits.per_organisation
            and self._by_key[share] < limits.per_key
        )

    def take(self, share: Share) -> None:
        """Occupy a place."""
        self.busy += 1
        if self._interpreter is not None:
            self._interpreter.begin()
        self._by_organisation[share[0]] += 1
        self._by_key[share] += 1

    def _find_next(self) -> Share | None:
        for organisation, keys in self._queue.items():
            if self._by_organisation[organisation] < self.limits.per_organisation:
                for key in keys:
                    if self._by_key[organisation, key] < self.limits.per_key:
                        return organisation, key
        return None

    def _serve(self, share: Share) -> None:
        """Give a place to the share's first request; the turn passes to the next key and organisation."""
        organisation, key = share
        future = self._queue[organisation][key].popleft()
        self.queued -= 1
        self._queue[organisation].move_to_end(key)
        self._queue.move_to_end(organisation)
        self._forget_empty(share)
        self.take(share)
        future.set_result(None)

    def _forget_empty(self, share: Share) -> None:
        organisation, key = share
        keys = self._queue.get(organisation)
        if keys is not None and not keys.get(key):
            keys.pop(key, None)
        if keys is not None and not keys:
            del self._queue[organisation]


async def _wait_for_thread(thread: asyncio.Future[T], receive: Callable[[], Any], seconds: float) -> T:
    """Raises TimeoutError, ClientDisconnected; the thread goes on then."""
    try:
        if not await _finish_before_disconnect(thread, receive, seconds):
            raise TimeoutError
        return thread.result()
    finally:
        # As in `Admission.run`.
        del thread


async def _finish_before_disconnect(future: asyncio.Future[Any], receive: Callable[[], Any], seconds: float) -> bool:
    """Whether it is done within so many seconds; raises ClientDisconnected where the client goes before."""
    first = min(seconds, _WATCH_AFTER_S)
    if (await asyncio.wait({future}, timeout=max(0, first)))[0]:
        return True
    if seconds <= first:
        return False
    disconnected = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        await asyncio.wait({future, disconnected}, timeout=seconds - first, return_when=asyncio.FIRST_COMPLETED)
    finally:
        disconnected.cancel()
    if future.done():
        return True
    if disconnected.done() and not disconnected.cancelled():
        raise ClientDisconnected
    return False


async def wait_for_disconnect(receive: Callable[[], Any]) -> None:
    """Return once the client has gone. The request's body was read, or it has none."""
    ended = False
    while (message := await receive())["type"] != "http.disconnect":
        if ended:
            # Not what a server sends after the end of a body: nothing will be known of its client.
            await asyncio.get_running_loop().create_future()
        ended = not message.get("more_body", False)


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any) -> None:
    # A loop that was closed has no places to give.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)


def _retrieve_exception(thread: asyncio.Future[Any]) -> None:
    """Retrieve it, or asyncio reports it as never retrieved."""
    if not thread.cancelled():
        thread.exception()
