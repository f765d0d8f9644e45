"""What the sending of webhooks counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)

ATTEMPTS = Counter(
    "plimsoll_webhook_deliveries",
    "Attempts to deliver an event, by outcome; `dead` and `withheld`: given up without another.",
    ["outcome"],
)
ATTEMPT_SECONDS = Histogram("plimsoll_webhook_attempt_seconds", "How long targets took to answer.", buckets=_BUCKETS)
ACTIVE = Gauge(
    "plimsoll_webhook_active_subscriptions",
    "Subscriptions for which this process is sending.",
    multiprocess_mode="livesum",
)
