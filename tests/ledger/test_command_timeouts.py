"""Who waits too long is told so: one alarm for all who wait on an event loop."""

from __future__ import annotations

import asyncio
from uuid import UUID

from ledger.commands import Command
from ledger.commit.queue import PendingCommand, TimeoutWatcher

_COMMAND = Command(organisation_id=UUID(int=1), kind="goal", stream_id=UUID(int=2), act=None, actor=None)


def _add_pending(patience: TimeoutWatcher) -> PendingCommand:
    loop = asyncio.get_running_loop()
    waiting = PendingCommand(_COMMAND, loop, loop.create_future())
    patience.add(waiting)
    return waiting


def test_each_is_told_when_its_own_time_is_over_and_not_before() -> None:
    async def scene() -> list[list[PendingCommand]]:
        told: list[PendingCommand] = []
        patience = TimeoutWatcher(asyncio.get_running_loop(), 0.2, told.append)
        first = _add_pending(patience)
        await asyncio.sleep(0.1)
        second = _add_pending(patience)
        await asyncio.sleep(0.15)
        midway = list(told)
        await asyncio.sleep(0.15)
        return [[first], midway, [first, second], told]

    first, midway, both, told = asyncio.run(scene())

    assert (first, both) == (midway, told)


def test_who_was_answered_or_has_gone_is_told_nothing() -> None:
    async def scene() -> tuple[PendingCommand, list[PendingCommand]]:
        told: list[PendingCommand] = []
        patience = TimeoutWatcher(asyncio.get_running_loop(), 0.05, told.append)
        answered, still_there, gone = _add_pending(patience), _add_pending(patience), _add_pending(patience)
        for waiting, future in ((answered, answered.future), (gone, gone.future)):
            assert waiting.is_abandoned is False
            if future is not None:
                future.cancel() if waiting is gone else future.set_result(None)
        await asyncio.sleep(0.1)
        return still_there, told

    still_there, told = asyncio.run(scene())

    assert [still_there] == told


def test_the_alarm_is_set_again_for_those_who_come_after_it_rang() -> None:
    async def scene() -> tuple[list[PendingCommand], list[PendingCommand]]:
        told: list[PendingCommand] = []
        patience = TimeoutWatcher(asyncio.get_running_loop(), 0.05, told.append)
        first = _add_pending(patience)
        await asyncio.sleep(0.1)
        later = _add_pending(patience)
        await asyncio.sleep(0.1)
        return [first, later], told

    came, told = asyncio.run(scene())

    assert came == told
