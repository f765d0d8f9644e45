"""What the processes of the concurrency tests do; a module of its own, so that a fresh interpreter can import it."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

from domain.errors import InvalidField, Refusal
from domain.goal import acts
from ledger.commands import IdempotencyKey
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, capacity, ids, offer


def write(database_url: str, organisation_id: str, threads: int, acts_each: int) -> None:
    """Threads that say things about members of their own, one member that all share, and goals."""
    ledger = Ledger.open(database_url, clock=lambda: datetime.now(UTC), new_id=ids())
    tenant = Tenant(ledger, Clock(), UUID(organisation_id))

    def work(number: int) -> None:
        for step in range(acts_each):
            subject = "sam" if step % 3 == 0 else "ana"
            tenant.handle("stella", capacity((number + step) % 40), on=subject)
            if step % 10 == 0:
                goal = ledger.new_id()
                tenant.handle("ana", offer_due_next_year(), on=goal)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    ledger.close()


def write_until_killed(database_url: str, organisation_id: str) -> None:
    """Say what was recorded, one log position a line, until somebody pulls the plug; bulks among single commands."""
    ledger = Ledger.open(database_url, clock=lambda: datetime.now(UTC), new_id=ids())
    tenant = Tenant(ledger, Clock(), UUID(organisation_id))
    while True:
        try:
            for hours in range(20):
                receipt = tenant.handle("stella", capacity(hours), on="ana")
                sys.stdout.write(f"{receipt.log_position}\n")
                sys.stdout.flush()
            with ledger.bulk() as bulk:
                for hours in range(200):
                    bulk.handle(tenant.command("stella", capacity(hours % 40), on="sam"))
                bulk.commit()
        except (Refusal, LedgerUnavailable):
            continue


def write_with_retries(database_url: str, organisation_id: str, threads: int, acts_each: int) -> None:
    """Threads that repeat each request with its key until it is answered; says each answer's first event id.

    Every fifth command is refused by its rule, and every tenth comes without a key: that one is not repeated.
    """
    ledger = Ledger.open(database_url, clock=lambda: datetime.now(UTC), new_id=ids())
    tenant = Tenant(ledger, Clock(), UUID(organisation_id))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    sys.stdin.readline()

    told: list[UUID] = []

    def work(number: int) -> None:
        for step in range(acts_each):
            name = f"{os.getpid()}-{number}-{step}"
            key = None if step % 10 == 7 else IdempotencyKey(scope="insist", key=name, digest=name)
            hours = 999 if step % 5 == 0 else step % 40
            while True:
                try:
                    receipt = tenant.handle("stella", capacity(hours), on="ana", idempotency=key)
                    told.append(receipt.event_ids[0])
                except LedgerUnavailable:
                    if key is not None:
                        continue
                except InvalidField:
                    assert hours == 999
                break

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    sys.stdout.write("\n".join(map(str, told)))
    ledger.close()


def offer_due_next_year() -> acts.Offer:
    today = datetime.now(UTC).date()
    return offer(due=today.replace(year=today.year + 1, day=1))


if __name__ == "__main__":
    match sys.argv[1]:
        case "write":
            write(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        case "insist":
            write_with_retries(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        case _:
            write_until_killed(sys.argv[2], sys.argv[3])
