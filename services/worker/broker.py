"""The broker that carries jobs: Redis between processes, memory inside one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dramatiq.brokers.stub import StubBroker

from services.worker.metrics import JobMetrics

if TYPE_CHECKING:
    import dramatiq

    from services.settings import Settings


def create_broker(settings: Settings) -> dramatiq.Broker:
    if settings.redis_url is None:
        return StubBroker(middleware=[JobMetrics()])
    # Its import takes as long as all others together and is needed only with Redis.
    from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415

    return RedisBroker(url=settings.redis_url, middleware=[JobMetrics()], namespace="plimsoll:jobs")
