"""`plimsoll sink`: the log into a broker's stream, in a process that runs until it is stopped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ledger.sinks import SinkPositions
from services import logs
from services.commands.serving import handle_stop_signals
from services.commands.store import find_organisation
from services.console import CommandFailed, WrongUsage
from services.event_filter import TYPE_PATTERNS
from services.runtime import Runtime
from services.sinks.follower import Selection, Sink, SinkFollower, SinkRefused
from services.sinks.redis import RedisSink
from services.worker.worker import serve_metrics

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

SinkKind = Literal["redis", "nats", "kafka"]
#: What a broker's URL begins with.
_SCHEMES: dict[SinkKind, tuple[str, ...]] = {
    "redis": ("redis://", "rediss://", "unix://"),
    "nats": ("nats://", "tls://"),
    "kafka": ("kafka://", "kafkas://"),
}
_STREAM = re.compile(r"[A-Za-z0-9_-]{1,64}")


def run_sink(  # noqa: PLR0913 - what a sink is
    settings: Settings,
    console: Console,
    kind: SinkKind,
    *,
    url: str | None,
    stream: str,
    organisation: str | None,
    types: Sequence[str],
    max_length: int,
) -> int:
    """Follow the log into a stream of Redis, NATS or Kafka, until SIGINT or SIGTERM."""
    url = url or settings.sink_url
    if not url:
        raise WrongUsage("say where the broker is: --url or PLIMSOLL_SINK_URL")
    _require_usable(kind, url, stream, types, max_length)
    logs.configure(settings)
    serve_metrics(settings.worker_metrics_host, settings.sink_metrics_port)
    with handle_stop_signals() as stop, Runtime.open(settings) as runtime:
        selection = Selection(
            epoch=runtime.ledger.epoch,
            organisation=find_organisation(runtime, organisation) if organisation is not None else None,
            types=tuple(sorted(set(types))),
        )
        wakeups = runtime.wakeups.subscribe()
        try:
            sink = _create_sink(runtime, kind, url, stream, selection, max_length)
            follower = SinkFollower(runtime.ledger, selection, sink, wakeups, settings.base_url)
            console.print_note(f"sink started: {selection.describe()}, into {stream!r} of {kind}")
            asyncio.run(follower.run(lambda: stop.requested))
        except SinkRefused as error:
            raise CommandFailed(str(error)) from None
        finally:
            wakeups.close()
    return 0


def _require_usable(kind: SinkKind, url: str, stream: str, types: Sequence[str], max_length: int) -> None:
    """Raise WrongUsage for what no sink of this kind can mean."""
    if not url.startswith(_SCHEMES[kind]):
        raise WrongUsage(f"the URL of the broker begins with {' or '.join(_SCHEMES[kind])}")
    if not _STREAM.fullmatch(stream):
        raise WrongUsage("--stream: 1 to 64 letters, digits, hyphens and underscores")
    if kind == "kafka" and max_length:
        raise WrongUsage("--max-length: Kafka keeps what the topic's retention says")
    if unknown := sorted(set(types) - set(TYPE_PATTERNS)):
        raise WrongUsage(
            f"--types {unknown[0]}: there is no such type; one is goal.promised.v1, goal.promised.* or goal.*"
        )


def _create_sink(  # noqa: PLR0913 - what a sink is
    runtime: Runtime, kind: SinkKind, url: str, stream: str, selection: Selection, max_length: int
) -> Sink:
    if kind == "redis":
        return RedisSink(url, stream, selection, max_length=max_length)
    try:
        if kind == "kafka":
            from services.sinks.kafka import KafkaSink  # noqa: PLC0415 - an extra

            return KafkaSink(url, stream, selection, SinkPositions(runtime.ledger))
        from services.sinks.nats import NatsSink  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        wanted = f"needs the extra `{kind}`: pip install 'plimsoll[{kind}]'"
        raise CommandFailed(f"`plimsoll sink {kind}` {wanted}") from None
    return NatsSink(url, stream, selection, max_length=max_length)
