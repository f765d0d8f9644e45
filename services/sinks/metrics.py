"""What a sink says of itself: a process follows into one stream."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

POSITION = Gauge("plimsoll_sink_position", "Position up to which the stream holds what is selected of the log.")
LAG = Gauge("plimsoll_sink_lag_events", "Events of the log that the sink has yet to look at.")
MESSAGES = Counter("plimsoll_sink_messages", "Messages that the broker has taken.")
FAILURES = Counter("plimsoll_sink_failures", "Times that the broker or the log was away.")
