"""Every knob of a running Plimsoll, read from the environment once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

#: A setting's variable is this and the field's name in capitals.
PREFIX = "PLIMSOLL_"

Port = Annotated[int, Meta(ge=0, le=65535)]


class SettingsError(Exception):
    """A variable of the environment has a name or value that no setting takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Each field's description is what `docs/settings.md` prints."""

    database_url: Annotated[
        str,
        Meta(
            pattern=r"^(sqlite:///.+|postgres(ql)?://.+)$",
            description="Where facts and views live: `sqlite:///<path>` (one server) or `postgresql://...`.",
        ),
    ] = "sqlite:///plimsoll.sqlite"
    redis_url: Annotated[
        Annotated[str, Meta(pattern=r"^(rediss?|unix)://.+$")] | None,
        Meta(description="Broker and wake-ups: `redis://...`. Absent: the worker runs inside `plimsoll serve`."),
    ] = None
    host: Annotated[str, Meta(min_length=1, description="Address that `plimsoll serve` binds.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port that `plimsoll serve` binds; 0 takes a free one.")] = 8000
    api_threads: Annotated[
        int,
        Meta(ge=1, le=256, description="Threads of one API process that may wait for the database at a time."),
    ] = 16
    reports_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Reports that one API process computes at a time; an organisation has half of them.",
        ),
    ] = 2
    imports_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Imports that one API process works on at a time; an organisation has half of them.",
        ),
    ] = 2
    import_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds that one import over HTTP may take before it is given up.")
    ] = 600.0
    queued_reads: Annotated[
        int,
        Meta(ge=0, le=100_000, description="Reads of each weight class that may wait for a thread of one API process."),
    ] = 1024
    queue_wait_s: Annotated[
        float,
        Meta(ge=0, le=600, description="Seconds that a read or an import waits for its turn before it is refused."),
    ] = 10.0
    waits_at_once: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Long polls and streams of one API process; an organisation has a quarter."),
    ] = 2000
    waits_per_key: Annotated[
        int, Meta(ge=1, le=100_000, description="Long polls and streams that one key may have in one API process.")
    ] = 20
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^ ]+)?$",
            description="Absolute base of the URLs we hand out; empty: as the request came in.",
        ),
    ] = ""
    connection_limit: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Connections that one API process has at a time; others get 503.")
    ] = 4000
    connections_per_address: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Connections of one address to one process; 0, as behind a proxy: any."),
    ] = 1000
    head_wait_s: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds in which the head of a request has to be there."),
    ] = 10.0
    body_limit_bytes: Annotated[int, Meta(ge=1024, description="Largest body of a request, imports apart.")] = 1_000_000
    body_wait_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds in which the body of a request has to be there, imports apart.")
    ] = 30.0
    store_wait_s: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds that a read waits for the store before it is answered `unavailable`."),
    ] = 30.0
    rate_limit_per_minute: Annotated[
        int, Meta(ge=0, description="Requests a minute that one key may make; 0: as many as it likes.")
    ] = 60_000
    position_wait_s: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds that a read with `after_position` waits for the views to catch up."),
    ] = 5.0
    long_poll_limit_s: Annotated[
        float, Meta(ge=0, le=300, description="Seconds that a pull of the event feed may wait for news at most.")
    ] = 30.0
    lag_limit_events: Annotated[
        int, Meta(ge=1, description="Events that a view may be behind; beyond, `readyz` and `doctor` say so.")
    ] = 10_000
    lag_limit_s: Annotated[
        float,
        Meta(gt=0, description="Seconds that a view may be behind; beyond, `readyz` and `doctor` say so."),
    ] = 30.0
    shutdown_seconds: Annotated[
        int, Meta(ge=0, le=600, description="How long a stopping process lets requests and jobs finish.")
    ] = 10
    projector_poll_ms: Annotated[
        int,
        Meta(ge=10, le=60_000, description="The projector looks for new events this often even without a wake-up."),
    ] = 500
    projector_batch: Annotated[
        int, Meta(ge=1, le=100_000, description="Events that the projector follows before it looks up again.")
    ] = 2000
    sweep_seconds: Annotated[
        int, Meta(ge=1, le=3600, description="The scheduler looks for timers that have fallen due this often.")
    ] = 15
    sweep_batch: Annotated[
        int, Meta(ge=1, le=100_000, description="Goals whose timers one sweep hands to the workers at most.")
    ] = 1000
    worker_threads: Annotated[int, Meta(ge=1, le=128, description="Jobs that one worker process runs at a time.")] = 4
    worker_niceness: Annotated[
        int,
        Meta(
            ge=0,
            le=19,
            description="How far a worker process stands back (`nice`) where it shares a machine; 0: not at all.",
        ),
    ] = 10
    worker_metrics_host: Annotated[
        str, Meta(min_length=1, description="Address of the worker's own Prometheus endpoint.")
    ] = "127.0.0.1"
    worker_metrics_port: Annotated[Port, Meta(description="Port of the worker's own Prometheus endpoint; 0: none.")] = 0
    import_limit_bytes: Annotated[
        int, Meta(ge=1024, description="Bytes, once unpacked, that one import over HTTP may have.")
    ] = 256_000_000
    import_limit_lines: Annotated[
        int, Meta(ge=1, description="Lines that one import over HTTP may have; blank ones do not count.")
    ] = 1_000_000
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe log line that is written.")
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], Meta(description="Log lines for machines (`json`) or for eyes (`console`).")
    ] = "json"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings that `environment` spells; what it leaves out has its default.

        An empty value counts as absent. Raises SettingsError for a value out of range, and for a `PLIMSOLL_` name that
        is no setting: a misspelt knob that silently keeps its default is found out in production.
        """
        given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value != ""}
        known = {variable_name(field.name): field.name for field in msgspec.structs.fields(cls)}
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a setting; see docs/settings.md")
        values = {known[name]: value for name, value in given.items()}
        try:
            return msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$.")
            raise SettingsError(f"{variable_name(path.rstrip('`'))}: {message}") from None

    @property
    def is_embedded(self) -> bool:
        """One process does everything: there is no Redis to carry jobs to another."""
        return self.redis_url is None


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def describe_settings() -> list[tuple[str, object, str]]:
    """Variable, default and description of every setting, in the order of the Struct."""
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    return [(variable_name(name), entry.get("default"), entry["description"]) for name, entry in schema.items()]


def to_table_row(name: str, default: object, description: str) -> str:
    """One setting as a row of the table in `docs/settings.md`."""
    shown = "none" if default is None else f"`{default}`" if default != "" else "empty"
    return f"| `{name}` | {shown} | {description} |"
