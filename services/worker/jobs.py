"""The jobs that a broker carries: ids only, safe to run twice, lose or reorder. Their state is in the database.

No job is retried by the broker: what is still due is found again by the next sweep, and a retry middleware would store
tracebacks, and with them people's words, in Redis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import dramatiq
import structlog

if TYPE_CHECKING:
    from services.runtime import Runtime

QUEUE = "plimsoll"

_log = structlog.get_logger(__name__)


class Jobs:
    """Every job, declared on one broker. Sending needs the broker only; running needs the runtime."""

    def __init__(self, broker: dramatiq.Broker, runtime: Runtime) -> None:
        self._runtime = runtime
        #: What carries them.
        self.broker = broker
        self.run_timers = dramatiq.actor(actor_name="run_timers", queue_name=QUEUE, broker=broker)(self._run_timers)
        self.rebuild = dramatiq.actor(actor_name="rebuild", queue_name=QUEUE, broker=broker)(self._rebuild)

    def _run_timers(self, organisation_id: str, stream_id: str) -> None:
        """Record what has fallen due on one stream; nothing where another worker was quicker."""
        receipt = self._runtime.ledger.run_timers(UUID(organisation_id), UUID(stream_id))
        if receipt is not None and receipt.event_ids:
            # A timer changes goals and decisions only: cached members and keys stay valid.
            self._runtime.wakeups.publish()
            _log.debug("timers.ran", stream=stream_id, events=len(receipt.event_ids))

    def _rebuild(self, projection: str) -> None:
        """Rebuild one projection into shadow tables, then swap them in."""
        self._runtime.engine.rebuild(projection)
        _log.info("projection.rebuilt", projection=projection)
