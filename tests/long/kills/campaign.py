"""A deployment of which every part is killed, the load on it, and what has to be true at the end."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx

from tests.long.faults.deployed_service import DeployedService, create_members_and_goals
from tests.long.faults.invariants import assert_recovers, compute_figures, list_attempts
from tests.long.faults.load_clients import FeedReader, RetryingClient, run_clients
from tests.long.kills.follower_process import open_database
from tests.long.kills.victims import FollowerVictim, ServerVictim, Victim
from tests.servers import _free_port
from tests.system.deployment import Process
from tests.webhooks.receiver import LOOPBACK, Received, Receiver, Reply, run_receiver

KILLS = int(os.environ.get("PLIMSOLL_TEST_KILLS", "100"))
MINUTES = float(os.environ.get("PLIMSOLL_TEST_MINUTES", KILLS / 4))
CLIENTS = 6
#: Seconds between two commands of one client: a load that goes on for all of it.
PAUSE_S = 0.3
#: How often a receiver fails, and how long it may take until it has everything.
FAILING, DELIVERED_WITHIN_S = 0.01, 240.0


class KilledDeployment(DeployedService):
    """APIs and workers that are started anew after each kill, each by itself."""

    def __init__(self, folder: Path, database_url: str, redis_url: str | None, *, apis: int, workers: int) -> None:
        super().__init__(folder, database_url, redis_url, apis)
        self.deployment.environment["PLIMSOLL_WEBHOOK_ALLOWED_NETWORKS"] = LOOPBACK
        self._sizes = apis, workers
        self.bases = [("127.0.0.1", _free_port()) for _ in range(apis)]
        self.base = self.bases[0]
        self.servers: list[ServerVictim] = []

    def start(self) -> None:
        """Migrate, start everything, and let the people in."""
        self.command("migrate")
        founded = self.command("organisation", "create", "acme", "--steward", "stella")
        self.keys["stella"] = founded["api_key"]
        apis, workers = self._sizes
        for number in range(apis):
            arguments = ["serve", "--port", str(self.bases[number][1])]
            self._add_server(
                f"api{number}", arguments, lambda process: "Plimsoll answers at" in process.log.read_text()
            )
        for number in range(workers):
            self._add_server(
                f"worker{number}", ["worker", "--scheduler"], lambda process: bool(process.log.read_text())
            )
        for base in self.bases:
            self._wait_until_alive(base)
        keys, self.goals = create_members_and_goals(self.base, self.keys["stella"])
        self.keys |= keys

    def create_clients(self, count: int, stopping: threading.Event, *, patience: float = 60.0) -> list[RetryingClient]:
        """Clients of all APIs, not yet at work."""
        found = super().create_clients(count, stopping, patience=patience)
        for number, client in enumerate(found):
            client.base, client.pause_s = self.bases[number % len(self.bases)], PAUSE_S
        return found

    def subscribe(self, url: str) -> None:
        """Have every event of goals and members sent to the address."""
        body = {"url": url, "types": ["goal.*", "member.*"]}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.base[1]}", trust_env=False, timeout=20) as client:
            answer = client.post(
                "/v1/subscriptions", json=body, headers={"Authorization": f"Bearer {self.keys['stella']}"}
            )
        assert answer.is_success, answer.text

    def kill_all(self) -> None:
        self.deployment.processes = [server.process for server in self.servers]
        self.deployment.close()

    def stop(self) -> dict[str, int]:
        """Have every process leave in order; their exit codes."""
        return {server.name: server.process.stop() for server in self.servers}

    def _add_server(self, name: str, arguments: list[str], is_ready: Any) -> None:
        def start(number: int) -> Process:
            return Process(arguments, self.deployment.environment, self._folder / f"{name}-{number}.log")

        self.servers.append(ServerVictim(name, start, is_ready))

    def _wait_until_alive(self, base: tuple[str, int]) -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            connection = HTTPConnection(*base, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.2)
        raise AssertionError("".join(server.process.log.read_text()[-1000:] for server in self.servers))


@contextmanager
def run_killed_deployment(
    folder: Path, database_url: str, redis_url: str | None, *, apis: int, workers: int
) -> Iterator[KilledDeployment]:
    """A deployment at work; at the end every process has to leave in order."""
    found = KilledDeployment(folder, database_url, redis_url, apis=apis, workers=workers)
    try:
        found.start()
        yield found
        codes = found.stop()
    finally:
        found.kill_all()
    assert set(codes.values()) == {0}, codes


def run_kills(
    deployed: KilledDeployment,
    folder: Path,
    chance: random.Random,
    parts: Sequence[Victim],
    *,
    kills: int,
    minutes: float,
    database_url: str | None,
) -> dict[str, Any]:
    """Kill so many parts in so many minutes under load, and then look at everything; figures of it."""
    with ExitStack() as opened:
        receiver = opened.enter_context(run_receiver())
        receiver.answer = lambda _: Reply(503 if chance.random() < FAILING else 204, {"Retry-After": "1"})
        deployed.subscribe(receiver.url)
        stopping = threading.Event()
        clients = deployed.create_clients(CLIENTS, stopping)
        tail = FeedReader(deployed.base, deployed.keys["stella"], stopping)
        followers = [
            FollowerVictim(
                f"follower{number}", f"http://{host}:{port}", deployed.keys["stella"], folder / f"seen{number}.db"
            )
            for number, (host, port) in enumerate(deployed.bases)
        ]
        for follower in followers:
            opened.callback(follower.close)
        with run_clients(stopping, clients, tail):
            killed = _kill(deployed, chance, [*parts, *deployed.servers, *followers], kills, minutes)
            time.sleep(5)
        figures = compute_figures(clients) | {"killed": dict(killed), "feed_refused": tail.refused}
        figures["caught_up_s"] = assert_recovers(deployed, clients, tail, database_url=database_url)
        _assert_followed(followers, tail)
        figures["received"], figures["received_twice"] = _assert_delivered(receiver, tail)
        _assert_rebuilt(deployed)
    assert {0, 200, 201, 503} >= {each.status for each in list_attempts(clients)}
    return figures


def _kill(
    deployed: KilledDeployment, chance: random.Random, parts: Sequence[Victim], kills: int, minutes: float
) -> Counter[str]:
    """Kill one part after another, now and then two at once; how often each."""
    killed, began = Counter[str](), time.monotonic()
    while killed.total() < kills:
        # What killing takes is part of the time.
        due = began + minutes * 60 * killed.total() / kills
        time.sleep(max(0.0, due - time.monotonic()) + chance.uniform(0.0, 1.0))
        assert [] == [server.name for server in deployed.servers if server.has_ended()], "a process ended by itself"
        victims = chance.sample(list(parts), min(chance.choice([1, 1, 1, 2]), kills - killed.total()))
        # What needs the store in order to be killed comes first.
        for victim in sorted(victims, key=lambda part: part.name == "postmaster"):
            victim.kill(chance)
            killed[victim.name] += 1
        for victim in sorted(victims, key=lambda part: part.name != "postmaster"):
            victim.restore()
    return killed


def _assert_followed(followers: Sequence[FollowerVictim], tail: FeedReader) -> None:
    """Each follower has exactly the log, in its order."""
    log = [str(event["id"]) for event in tail.seen]
    for follower in followers:
        database = open_database(follower.path)
        deadline = time.monotonic() + 60
        while (seen := _read_seen(database)) != log and time.monotonic() < deadline:
            time.sleep(0.2)
        database.close()
        assert seen == log, (follower.name, len(seen), len(log), follower.path.with_suffix(".log").read_text()[-1000:])


def _read_seen(database: sqlite3.Connection) -> list[str]:
    return [row[0] for row in database.execute("SELECT id FROM seen ORDER BY place")]


def _assert_delivered(receiver: Receiver, tail: FeedReader) -> tuple[int, int]:
    """The receiver has exactly the log from the subscription on, each subject in order; messages, and repeated ones."""
    began = next(int(event["sequence"]) for event in tail.seen if event["type"].startswith("subscription."))
    wanted = [
        (event["subject"], str(event["id"]))
        for event in tail.seen
        if int(event["sequence"]) > began and event["subject"].startswith(("goal/", "member/"))
    ]
    deadline = time.monotonic() + DELIVERED_WITHIN_S
    while not set(wanted) <= set(_list_delivered(receiver.received)) and time.monotonic() < deadline:
        time.sleep(0.5)
    delivered = _list_delivered(receiver.received)
    first = list(dict.fromkeys(delivered))
    assert set(wanted) == set(first), (len(wanted), len(first))
    for subject in {subject for subject, _ in wanted}:
        assert [e for s, e in wanted if s == subject] == [e for s, e in first if s == subject], subject
    ids = {message.id: message.event["id"] for message in receiver.received}
    assert len(ids) == len(set(ids.values())), "an event came under two ids"
    return len(delivered), len(delivered) - len(first)


def _list_delivered(received: Sequence[Received]) -> list[tuple[str, str]]:
    return [(message.event["subject"], message.event["id"]) for message in list(received)]


def _assert_rebuilt(deployed: KilledDeployment) -> None:
    """Views built anew from the log are the views that were followed through it all."""
    rebuilt = deployed.command("projections", "rebuild")
    assert [] == rebuilt["mended"]
    deployed.command("projections", "verify")
