"""Workers killed while they send: the receiver ends with exactly the log."""

from __future__ import annotations

import pytest

from tests.worker.webhook_kills import run_kills


@pytest.mark.timeout(180)
def test_a_killed_worker_leaves_the_receiver_with_exactly_the_log_in_order(postgres_url: str, redis_url: str) -> None:
    run_kills(postgres_url, redis_url, kills=2, seconds=0.8, failing=0.0, seed=7)
