"""A PostgreSQL of our own that may be killed, frozen, filled up and started again on the same port."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from tests.servers import (
    POSTGRES_SETTINGS,
    PostgresServer,
    ServerUnavailableError,
    _complete,
    _free_port,
    _postgres_binaries,
    _private_directory,
    _require_own_server,
    _start,
    _stop,
    _wait_until_ready,
)

#: Starting again right after a kill: the old one's last children may still hold its shared memory.
RESTART_ATTEMPTS = 40


class Cluster:
    """Its data, and the server while there is one."""

    def __init__(self, home: Path, data: Path, binaries: Path, port: int) -> None:
        self.home = home
        self.data = data
        self._binaries = binaries
        self.server = PostgresServer(port)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where Plimsoll keeps its facts: the cluster has one database."""
        return self.server.url()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        for attempt in range(RESTART_ATTEMPTS):
            command = [str(self._binaries / "postgres"), "-D", str(self.data), "-p", str(self.server.port)]
            self.process = _start(command, self.home, signal.SIGINT)
            try:
                _wait_until_ready(self.process, self._answers, self.server.port)
            except ServerUnavailableError as refusal:
                if attempt == RESTART_ATTEMPTS - 1:
                    raise ServerUnavailableError(f"{refusal}\n{self.log()[-2000:]}") from refusal
                time.sleep(0.25)
            else:
                return

    def _answers(self, port: int) -> None:
        with psycopg.connect(PostgresServer(port).url(), connect_timeout=2) as session:
            found = session.execute("SHOW data_directory").fetchone()
        _require_own_server(str(self.data), found[0] if found else None)

    def kill(self, how: signal.Signals) -> None:
        """End it without any goodbye: SIGQUIT is `pg_ctl stop -m immediate`, SIGKILL a machine's out-of-memory."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    def freeze(self) -> None:
        """Stop every process of it: connections stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        # The parent first: it must not start another while we go through its children.
        parent = self.process.pid
        os.kill(parent, number)
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def stop(self) -> None:
        if self.process is not None:
            _stop(self.process, signal.SIGINT)

    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")


@contextmanager
def cluster(
    settings: Mapping[str, str] | None = None,
    *,
    data_megabytes: int = 0,
    wal_megabytes: int = 0,
) -> Iterator[tuple[Cluster, dict[str, Path]]]:
    """A running cluster; where sizes are given its data, and its log, lie on small disks of their own, by name.

    Raises `ServerUnavailableError` where this machine has no PostgreSQL or may not mount.
    """
    with ExitStack() as stack:
        home = stack.enter_context(_private_directory("plimsoll-faults-", unprivileged=True))
        binaries = _postgres_binaries(home)
        disks: dict[str, Path] = {}
        for name, size in (("data", data_megabytes), ("wal", wal_megabytes)):
            if size:
                disks[name] = stack.enter_context(small_disk(home / f"disk-{name}", size))
        data = disks.get("data", home) / "data"
        flags = ["-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"]
        flags += ["--wal-segsize=1", *([f"--waldir={disks['wal'] / 'wal'}"] if "wal" in disks else [])]
        _complete([str(binaries / "initdb"), *flags], home)
        with (data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{key} = '{value}'\n" for key, value in {**POSTGRES_SETTINGS, **(settings or {})}.items())
        found = Cluster(home, data, binaries, _free_port())
        stack.callback(found.stop)
        found.start()
        yield found, disks


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size. Raises `ServerUnavailableError` where only root may mount, and we are not root."""
    place.mkdir()
    nobody = pwd.getpwnam("nobody")
    options = f"size={megabytes}m,mode=700,uid={nobody.pw_uid},gid={nobody.pw_gid}"
    mounting = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    try:
        done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ServerUnavailableError(f"no small disk on this machine: {error}") from error
    if done.returncode:
        raise ServerUnavailableError(f"no small disk on this machine: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def create_file_disk(stack: ExitStack, megabytes: int) -> Path:
    """A small disk without a server on it."""
    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="plimsoll-faults-"))
    return stack.enter_context(small_disk(Path(home) / "disk", megabytes))


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Fill a small disk with one file, up to the last block or `leave` bytes before it; the file."""
    room = os.statvfs(disk)
    assert room.f_blocks * room.f_frsize < 1_000_000_000, "only small disks are filled up"
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        # Others write meanwhile, so what is left is found out by trying, in smaller and smaller pieces.
        for piece in (65536, 4096):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * piece)
        file.truncate(max(0, file.tell() - leave))
    return ballast
