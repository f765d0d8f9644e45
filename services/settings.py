"""Every knob of a running Plimsoll, read from the environment once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

#: A setting's variable is this and the field's name in capitals.
PREFIX = "PLIMSOLL_"
#: The variable of a secret with this at its end names a file that holds the value.
FILE_SUFFIX = "_FILE"
#: Bytes that such a file may have.
_MAX_SECRET_BYTES = 10_000
#: The settings that are secrets, or may hold one: each can be read from a file.
SECRET_FIELDS = (
    "database_url",
    "database_password",
    "views_database_url",
    "views_database_password",
    "redis_url",
    "redis_password",
    "sink_url",
)

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
    database_password: Annotated[
        str, Meta(description="Password of that URL's role, any characters; empty: as the URL says.")
    ] = ""
    views_database_url: Annotated[
        str,
        Meta(
            pattern=r"^(postgres(ql)?://.+)?$",
            description="The same database under the role that reads (API) or keeps (worker) the views, whose rows are"
            " then limited to one organisation at a time; empty: as `PLIMSOLL_DATABASE_URL`.",
        ),
    ] = ""
    views_database_password: Annotated[
        str, Meta(description="Password of that URL's role, any characters; empty: as the URL says.")
    ] = ""
    redis_url: Annotated[
        Annotated[str, Meta(pattern=r"^(rediss?|unix)://.+$")] | None,
        Meta(
            description="Broker and wake-ups: `redis://...`. Absent: the worker runs inside `plimsoll serve`.",
        ),
    ] = None
    redis_password: Annotated[str, Meta(description="Redis' password, any characters; empty: as the URL says.")] = ""
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
        Meta(
            ge=1, le=100_000, description="Long polls and streams of one API process; an organisation has half of them."
        ),
    ] = 4000
    waits_per_key: Annotated[
        int, Meta(ge=1, le=100_000, description="Long polls and streams that one key may have in one API process.")
    ] = 100
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^ ]+)?$",
            description="Absolute base of the URLs we hand out; empty: `http://`, address and port as bound.",
        ),
    ] = ""
    connection_limit: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Connections that one API process has at a time; others get 503.")
    ] = 10_000
    connections_per_address: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Connections of one address to one process; 0, as behind a proxy: any."),
    ] = 2000
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
    mart_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="The worker refreshes the computed marts of schema `bi` this often; 0: never. PostgreSQL only.",
        ),
    ] = 60
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
    webhook_allowed_networks: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-fA-F.:]+/[0-9]+(, *[0-9a-fA-F.:]+/[0-9]+)*)?$",
            description="Networks (CIDR, parted by commas) that webhooks may reach too, over http as well.",
        ),
    ] = ""
    webhook_ports: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,5}(, *[0-9]{1,5})*$",
            description="Ports of public addresses that webhooks may be sent to, parted by commas.",
        ),
    ] = "443, 8443"
    webhook_ca_file: Annotated[
        str, Meta(description="File of certificate authorities (PEM) that webhooks trust besides the public ones.")
    ] = ""
    webhook_timeout_s: Annotated[
        float, Meta(gt=0, le=60, description="Seconds in which the target of a webhook has to have answered.")
    ] = 15.0
    webhook_concurrency: Annotated[
        int, Meta(ge=1, le=64, description="Messages that are on their way to one subscription's target at a time.")
    ] = 16
    webhook_log_days: Annotated[
        int, Meta(ge=1, le=365, description="Days for which the log of webhook deliveries is kept.")
    ] = 30
    sink_url: Annotated[
        str, Meta(description="The broker of `plimsoll sink`, where its `--url` names none; it may hold a password.")
    ] = ""
    sink_metrics_port: Annotated[
        Port, Meta(description="Port of a sink's own Prometheus endpoint, at the worker's address; 0: none.")
    ] = 0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe log line that is written.")
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], Meta(description="Log lines for machines (`json`) or for eyes (`console`).")
    ] = "json"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings that `environment` spells; what it leaves out has its default.

        An empty value counts as absent. A secret may be in a file that `<variable>_FILE` names. Raises SettingsError
        for a value out of range, for a file that cannot be read, and for a `PLIMSOLL_` name that is no setting: a
        misspelt knob that silently keeps its default is found out in production.
        """
        return _with_passwords(_read_environment(cls, environment))

    @property
    def base_url(self) -> str:
        """Base of absolute addresses, without a slash at its end. Never what a request says of itself."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def is_embedded(self) -> bool:
        """One process does everything: there is no Redis to carry jobs to another."""
        return self.redis_url is None


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the commands that call a server over HTTP."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s?#]+$",
            description="Server that `plimsoll me`, `goals`, `act` and their like call, with the path of a proxy.",
        ),
    ] = "http://127.0.0.1:8000"
    key: Annotated[
        Annotated[str, Meta(pattern="^plim_[0-9A-Za-z]+$")] | None,
        Meta(description="API key of the person who calls it: `plim_...`."),
    ] = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], saved: Mapping[str, str] | None = None) -> Self:
        """The settings that `environment` spells, before those that were `saved` in a file.

        Raises SettingsError as `Settings.from_environment`.
        """
        named = {variable_name(name): value for name, value in (saved or {}).items()}
        return _read_environment(cls, {**named, **{name: value for name, value in environment.items() if value}})


#: What a setting with a pattern looks like, in words.
_FORMS = {
    "database_url": "sqlite:///PATH or postgresql://...",
    "views_database_url": "postgresql://...",
    "redis_url": "redis://..., rediss://... or unix://...",
    "public_url": "https://HOST or http://HOST",
    "webhook_allowed_networks": "networks like 10.0.0.0/8, parted by commas",
    "webhook_ports": "ports like 443, parted by commas",
    "url": "https://HOST or http://HOST:PORT",
    "key": "plim_ and letters and digits, as it was shown when it was made",
}
_S = TypeVar("_S", bound="Settings | ClientSettings")


def _read_environment(settings: type[_S], environment: Mapping[str, str]) -> _S:
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value != ""}
    given = _read_secret_files(given)
    known = {variable_name(name) for group in (Settings, ClientSettings) for name in group.__struct_fields__}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting; see docs/settings.md")
    values = {
        name: given[variable] for name in settings.__struct_fields__ if (variable := variable_name(name)) in given
    }
    try:
        return msgspec.convert(values, settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        # A pattern is for programs.
        message = f"expected {_FORMS[name]}" if name in _FORMS and "regex" in message else message
        raise SettingsError(f"{variable_name(name)}: {message}") from None


def _read_secret_files(given: Mapping[str, str]) -> dict[str, str]:
    """The variables with the contents of the files that they name, without the line end of an editor."""
    values = dict(given)
    for variable in map(variable_name, SECRET_FIELDS):
        path = values.pop(variable + FILE_SUFFIX, None)
        if path is None:
            continue
        if variable in values:
            raise SettingsError(f"{variable}: given twice, by itself and by {variable}{FILE_SUFFIX}")
        try:
            with Path(path).open("rb") as file:
                content = file.read(_MAX_SECRET_BYTES + 1)
            text = content.decode().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            # Not its content: that is the secret.
            raise SettingsError(f"{variable}{FILE_SUFFIX}: {path} cannot be read ({type(error).__name__})") from None
        if not text or len(content) > _MAX_SECRET_BYTES:
            raise SettingsError(f"{variable}{FILE_SUFFIX}: {path} holds 1 to {_MAX_SECRET_BYTES} bytes")
        values[variable] = text
    return values


_Server = TypeVar("_Server", bound=Settings)


def _with_passwords(settings: _Server) -> _Server:
    """The passwords put into the URLs, percent-encoded."""
    if settings.views_database_url and not settings.database_url.startswith(("postgresql://", "postgres://")):
        name = variable_name("views_database_url")
        raise SettingsError(f"{name}: the views of a SQLite file are in a file of their own; leave it empty")
    return msgspec.structs.replace(
        settings,
        database_url=_with_password("database", settings.database_url, settings.database_password),
        views_database_url=_with_password(
            "views_database", settings.views_database_url, settings.views_database_password
        ),
        redis_url=_with_password("redis", settings.redis_url or "", settings.redis_password) or None,
        database_password="",
        views_database_password="",
        redis_password="",
    )


def _with_password(name: str, url: str, password: str) -> str:
    if not password:
        return url
    parts = urlsplit(url)
    if not parts.hostname:
        raise SettingsError(f"{variable_name(name + '_password')}: {variable_name(name + '_url')} names no host")
    user, _, place = parts.netloc.rpartition("@")
    name_and_password = f"{user.partition(':')[0]}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{name_and_password}@{place}"))


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def describe_settings(settings: type[Settings | ClientSettings] = Settings) -> list[tuple[str, object, str]]:
    """Variable, default and description of every setting, in the order of the Struct."""
    schema = msgspec.json.schema(settings)["$defs"][settings.__name__]["properties"]
    return [(variable_name(name), entry.get("default"), entry["description"]) for name, entry in schema.items()]


def to_table_row(name: str, default: object, description: str) -> str:
    """One setting as a row of the table in `docs/settings.md`."""
    shown = "none" if default is None else f"`{default}`" if default != "" else "empty"
    return f"| `{name}` | {shown} | {description} |"
