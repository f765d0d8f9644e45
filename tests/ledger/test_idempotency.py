"""A request that comes twice is answered twice and recorded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.errors import IdempotencyMismatch, InvalidField
from ledger.commands import IdempotencyKey
from ledger.idempotency import RETENTION
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, capacity


def key(name: str, digest: str = "body") -> IdempotencyKey:
    return IdempotencyKey(scope="ana POST /v1/members", key=name, digest=digest)


def test_the_same_request_again_gets_the_first_answer(ledger: Ledger, tenant: Tenant) -> None:
    first = tenant.handle("ana", capacity(30), on="ana", idempotency=key("k"))
    tenant.handle("ana", capacity(20), on="ana")
    head = ledger.head()

    again = tenant.handle("ana", capacity(30), on="ana", idempotency=key("k"), expected_versions=(1,))

    assert head == ledger.head()
    assert again.replayed
    assert (first.event_ids, first.version, first.position, first.log_position, first.state) == (
        again.event_ids,
        again.version,
        again.position,
        again.log_position,
        again.state,
    )


def test_the_same_key_with_another_body_is_refused(ledger: Ledger, tenant: Tenant) -> None:
    tenant.handle("ana", capacity(30), on="ana", idempotency=key("k"))
    head = ledger.head()

    with pytest.raises(IdempotencyMismatch):
        tenant.handle("ana", capacity(20), on="ana", idempotency=key("k", "another body"))

    assert head == ledger.head()


def test_a_refusal_does_not_use_the_key_up(tenant: Tenant) -> None:
    with pytest.raises(InvalidField):
        tenant.handle("ana", capacity(999), on="ana", idempotency=key("k", "999"))

    receipt = tenant.handle("ana", capacity(30), on="ana", idempotency=key("k", "30"))

    assert not receipt.replayed


def test_a_key_belongs_to_its_scope_and_its_organisation(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    other = Tenant.create(ledger, clock)
    elsewhere = IdempotencyKey(scope="sam POST /v1/members", key="k", digest="x")

    receipts = [
        tenant.handle("ana", capacity(30), on="ana", idempotency=key("k")),
        tenant.handle("ana", capacity(31), on="ana", idempotency=elsewhere),
        other.handle("ana", capacity(32), on="ana", idempotency=key("k", "other body")),
    ]

    assert [False, False, False] == [receipt.replayed for receipt in receipts]


def test_two_requests_with_one_key_at_the_same_time_are_recorded_once(ledger: Ledger, tenant: Tenant) -> None:
    for attempt in range(10):
        before = ledger.head()
        with ThreadPoolExecutor(8) as pool:
            waiting = [
                pool.submit(tenant.handle, "ana", capacity(attempt + 1), on="ana", idempotency=key(f"k{attempt}"))
                for _ in range(8)
            ]
            receipts = [future.result() for future in waiting]

        assert before + 1 == ledger.head()
        assert 1 == sum(not receipt.replayed for receipt in receipts)
        assert 1 == len({tuple(receipt.event_ids) for receipt in receipts})


def test_a_key_is_forgotten_after_a_week(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    tenant.handle("ana", capacity(30), on="ana", idempotency=key("old"))
    clock.now += RETENTION - timedelta(minutes=1)
    assert tenant.handle("ana", capacity(30), on="ana", idempotency=key("old")).replayed
    tenant.handle("ana", capacity(30), on="ana", idempotency=key("young"))
    clock.now += timedelta(minutes=2)

    assert not tenant.handle("ana", capacity(20), on="ana", idempotency=key("old", "new body")).replayed
    clock.now += RETENTION - timedelta(minutes=1, seconds=30)
    assert 1 == ledger.purge_idempotency_keys()
    assert tenant.handle("ana", capacity(20), on="ana", idempotency=key("old", "new body")).replayed
