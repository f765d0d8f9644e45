"""How each view stands to the log: how far behind, in events and in seconds, and what is wrong with that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from projections.engine.engine import Status

if TYPE_CHECKING:
    from services.runtime import Runtime
    from services.settings import Settings


#: A log that was begun a moment ago is followed in a moment.
_FRESH_EVENTS, _FRESH_S = 10, 1.0


class ViewHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One view."""

    status: Status
    #: Seconds since the first event that it has yet to follow was recorded; 0 where there is none.
    lag_seconds: float
    #: Why its rows are not what a reader may expect; empty: they are.
    fault: str

    @property
    def lag(self) -> int:
        """Events that it has yet to follow."""
        return self.status.head - self.status.position


def load_view_health(runtime: Runtime) -> list[ViewHealth]:
    """Every view's health. Raises `LedgerUnavailable` and `DatabaseUnavailable`."""
    statuses = runtime.engine.status()
    seconds = {position: _measure_lag(runtime, position) for position in {s.position for s in statuses}}
    return [
        ViewHealth(
            status=status,
            lag_seconds=seconds[status.position],
            fault=_find_fault(status, seconds[status.position], runtime.settings),
        )
        for status in statuses
    ]


def _measure_lag(runtime: Runtime, position: int) -> float:
    waiting = runtime.ledger.read_log(position, 1)
    return max(0.0, (runtime.clock() - waiting[0].recorded_at).total_seconds()) if waiting else 0.0


def _find_fault(status: Status, seconds: float, settings: Settings) -> str:
    events = status.head - status.position
    if status.outdated:
        return "outdated: run `plimsoll migrate`"
    if not status.position and (events > _FRESH_EVENTS or seconds > _FRESH_S):
        return f"empty: it has followed none of {events} events yet; is `plimsoll serve` or a worker running?"
    if events > settings.lag_limit_events or seconds > settings.lag_limit_s:
        limits = f"{settings.lag_limit_events} events and {settings.lag_limit_s:g} s"
        return f"{events} events and {seconds:.0f} s behind, more than {limits}"
    return ""
