"""What is killed: each part of a deployment, how it dies, and how it is there again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import psycopg
import redis

from tests.long.faults.cluster import Cluster
from tests.servers import redis_server
from tests.system.deployment import ROOT, Process, clean_environment

#: A start may meet a store that has just been killed: it is tried again so often.
_START_ATTEMPTS = 10
_READY_S = 120.0


class Victim(Protocol):
    """One part that is killed."""

    name: str

    def kill(self, chance: random.Random) -> None:
        """End it without warning."""

    def restore(self) -> None:
        """Have it there again, if it is not by itself."""


class ServerVictim:
    """A process of Plimsoll: an API, a worker, an embedded server."""

    def __init__(self, name: str, start: Callable[[int], Process], is_ready: Callable[[Process], bool]) -> None:
        self.name = name
        self._start = start
        self._is_ready = is_ready
        self._starts = 0
        self.process = self._start_once()

    def kill(self, _chance: random.Random) -> None:
        """Its parent process alone: what it has started has to notice."""
        self.process.popen.kill()
        self.process.popen.wait(_READY_S)

    def restore(self) -> None:
        for _ in range(_START_ATTEMPTS):
            self.process = self._start_once()
            deadline = time.monotonic() + _READY_S
            while self.process.popen.poll() is None and time.monotonic() < deadline:
                if self._is_ready(self.process):
                    return
                time.sleep(0.1)
            time.sleep(1)
        raise AssertionError(f"{self.name} does not start: {self.process.log.read_text()[-2000:]}")

    def has_ended(self) -> bool:
        """Whether it has ended, by itself."""
        return self.process.popen.poll() is not None

    def _start_once(self) -> Process:
        self._starts += 1
        return self._start(self._starts)


class FollowerVictim:
    """A follower in a process of its own; its database outlives it."""

    def __init__(self, name: str, url: str, key: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._command = [sys.executable, "-m", "tests.long.kills.follower_process", url, key, str(path)]
        self.popen = self._start()

    def kill(self, _chance: random.Random) -> None:
        self.close()

    def restore(self) -> None:
        self.popen = self._start()

    def close(self) -> None:
        """End it for good."""
        self.popen.kill()
        self.popen.wait(_READY_S)

    def _start(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join([str(ROOT), str(ROOT / "client")])
        with self.path.with_suffix(".log").open("ab") as log:
            environment = clean_environment() | {"PYTHONPATH": paths}
            return subprocess.Popen(self._command, cwd=ROOT, env=environment, stdout=log, stderr=log)


class BackendVictim:
    """Connections of PostgreSQL: those that are in the middle of something first."""

    name = "backend"
    _STATEMENT = """
    SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        ORDER BY (state <> 'idle') DESC, random() LIMIT %s
    ) AS victims
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def kill(self, chance: random.Random) -> None:
        with psycopg.connect(self._database_url, autocommit=True) as operator:
            operator.execute(self._STATEMENT, [chance.choice([1, 1, 3, 50])])

    def restore(self) -> None:
        """Those who had them connect anew."""


class PostmasterVictim:
    """PostgreSQL as a whole, as `pg_ctl stop -m immediate` or a machine without memory ends it."""

    name = "postmaster"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._away_s = 0.0

    def kill(self, chance: random.Random) -> None:
        self._away_s = chance.uniform(0.0, 5.0)
        self._cluster.kill(chance.choice([signal.SIGQUIT, signal.SIGKILL]))

    def restore(self) -> None:
        time.sleep(self._away_s)
        self._cluster.start()


class RedisVictim:
    """Redis, which keeps nothing: its queues and wake-ups are gone with it."""

    name = "redis"

    def __init__(self) -> None:
        self._servers = ExitStack()
        self.url = self._servers.enter_context(redis_server())
        self._away_s = 0.0

    def kill(self, chance: random.Random) -> None:
        self._away_s = chance.uniform(0.0, 5.0)
        with redis.Redis.from_url(self.url) as client:
            os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)

    def restore(self) -> None:
        time.sleep(self._away_s)
        self._servers.close()
        port = int(self.url.rpartition(":")[2].partition("/")[0])
        self._servers.enter_context(redis_server(port=port))

    def close(self) -> None:
        self._servers.close()
