"""When a message that did not arrive is sent again, and when that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

#: How long after the attempt before it each attempt is made: ten in three days.
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_ATTEMPTS = len(DELAYS)
#: A subscription of which nothing was delivered for so long is disabled.
DISABLE_AFTER = timedelta(days=5)
#: A target may ask for no longer pause than this.
MAX_PAUSE = timedelta(hours=24)
#: Each delay is up to so much longer: what failed together is not tried again together.
JITTER = 0.2


def next_attempt_at(attempts: int, now: datetime, *, chance: float, retry_after: str = "") -> datetime | None:
    """When to try again after so many attempts; None: it is given up.

    `chance`: in [0, 1), for the jitter. `retry_after`: what the target asked for, seconds or a date.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    planned = now + DELAYS[attempts] * (1 + JITTER * chance)
    asked = parse_retry_after(retry_after, now)
    return planned if asked is None else max(planned, min(asked, now + MAX_PAUSE))


def parse_retry_after(value: str, now: datetime) -> datetime | None:
    """The instant that a `Retry-After` header names; None where it names none."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:9]), int(MAX_PAUSE.total_seconds())))
    try:
        named = parsedate_to_datetime(text)
    except ValueError:
        return None
    return named if named.tzinfo is not None else None
