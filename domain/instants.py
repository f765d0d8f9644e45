"""Instants as whole microseconds since 1970-01-01T00:00:00Z, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """The microseconds of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC instant of these microseconds; raises `OverflowError` beyond the year 9999."""
    return _EPOCH + timedelta(microseconds=micros)
