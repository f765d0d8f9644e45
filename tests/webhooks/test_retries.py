"""Ten attempts in three days, as the target asks for pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhooks.retries import DELAYS, MAX_ATTEMPTS, next_attempt_at, parse_retry_after

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def test_a_message_is_tried_ten_times_in_three_days() -> None:
    assert 10 == MAX_ATTEMPTS
    assert timedelta(days=3) < sum(DELAYS, timedelta()) < timedelta(days=3, hours=6)
    assert [timedelta(seconds=5), timedelta(minutes=5)] == [
        found - NOW for n in (1, 2) if (found := next_attempt_at(n, NOW, chance=0.0))
    ]
    assert next_attempt_at(10, NOW, chance=0.0) is None


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_shorter_than_planned_nor_a_fifth_longer(attempts: int, chance: float) -> None:
    found = next_attempt_at(attempts, NOW, chance=chance)

    assert found is not None
    assert DELAYS[attempts] <= found - NOW <= DELAYS[attempts] * 1.2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Wed, 04 Mar 2026 10:30:00 GMT", 3600),
        ("999999999999", 86_400),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_a_pause_that_is_asked_for_is_seconds_or_a_date(value: str, seconds: int | None) -> None:
    found = parse_retry_after(value, NOW)

    assert (None if seconds is None else NOW + timedelta(seconds=seconds)) == found


def test_a_target_may_put_off_the_next_attempt_but_not_bring_it_forward_nor_beyond_a_day() -> None:
    assert NOW + timedelta(seconds=60) == next_attempt_at(1, NOW, chance=0.0, retry_after="60")
    assert NOW + timedelta(minutes=5) == next_attempt_at(2, NOW, chance=0.0, retry_after="1")
    assert NOW + timedelta(days=1) == next_attempt_at(1, NOW, chance=0.0, retry_after="Fri, 01 Jan 2100 00:00:00 GMT")
