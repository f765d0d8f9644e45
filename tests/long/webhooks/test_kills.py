"""Twenty workers killed while they send, on both stores, with Redis flushed in between."""

from __future__ import annotations

import random

import pytest

from tests.worker.webhook_kills import run_kills


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twenty_killed_workers_leave_the_receiver_with_exactly_the_log(database_url: str, redis_url: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    run_kills(database_url, redis_url, kills=20, seconds=2.0, failing=0.01, seed=seed)
