"""Embedded, an event loop's batches are decided on the loop and written by a thread that does nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from domain.goal import acts
from ledger.ledger import Ledger
from services.clock import TimeOrderedIds
from tests.ledger.tenant import Clock, Tenant

pytestmark = pytest.mark.usefixtures("unhurried")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "plimsoll-writer"]


async def says(ledger: Ledger, tenant: Tenant, note: str) -> int:
    command = tenant.command("ana", acts.CheckIn(note=note), on="ship")
    return (await ledger.handle_async(command)).version


async def several(ledger: Ledger, tenant: Tenant, count: int) -> list[int]:
    """One after another: the first goes by the committer's thread, which finds the loop a connection."""
    return [await says(ledger, tenant, f"word {number}") for number in range(count)]


def test_a_loops_commands_are_written_by_its_own_thread_which_ends_with_the_ledger(
    ledger: Ledger, tenant: Tenant
) -> None:
    tenant.promised("ship")
    before = len(writers())

    versions = asyncio.run(several(ledger, tenant, 5))

    assert versions == list(range(versions[0], versions[0] + 5))
    assert before + 1 == len(writers())
    ledger.close()
    assert before == len(writers())


def test_where_another_has_written_meanwhile_nothing_is_written_over_it(
    ledger: Ledger, tenant: Tenant, clock: Clock, database_url: str
) -> None:
    tenant.promised("ship")
    with closing(Ledger.open(database_url, clock=clock, new_id=TimeOrderedIds())) as other:

        async def in_turns() -> list[int]:
            versions = await several(ledger, tenant, 3)
            for number in range(3):
                command = tenant.command("ana", acts.CheckIn(note=f"elsewhere {number}"), on="ship")
                versions.append((await asyncio.to_thread(other.handle, command)).version)
                versions.append(await says(ledger, tenant, f"here {number}"))
            return versions

        versions = asyncio.run(in_turns())

    assert versions == list(range(versions[0], versions[0] + 9))
    assert ledger.count() == ledger.head()


def test_a_writer_elsewhere_that_holds_the_file_is_waited_for(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    tenant.promised("ship")
    path = Path(database_url.removeprefix("sqlite:///"))

    async def held_up() -> list[int]:
        versions = await several(ledger, tenant, 2)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.ensure_future(says(ledger, tenant, "patient"))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            other.execute("COMMIT")
            versions.append(await waiting)
        return versions

    versions = asyncio.run(held_up())

    assert versions == list(range(versions[0], versions[0] + 3))
