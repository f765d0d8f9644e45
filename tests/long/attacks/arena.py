"""Who attacks and who is measured: keys, requests, latencies, and how much memory the server takes."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec

from domain.references import resolve_stream_id
from ledger.api_keys import Principal
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.long.attacks.large_organisation import build_rows
from tests.long.faults.deployed_service import read_resident_megabytes
from tests.system.deployment import Deployment

TIMEOUT_S = 120.0
#: Seconds for which each measurement goes on.
MEASURED_S = 20.0
#: Attackers are spread over these.
ATTACKING_PROCESSES = 4
#: What they do is a function of the test: nothing is pickled.
_FORK = multiprocessing.get_context("fork")
SMALL_MEMBERS, SMALL_GOALS = 10, 30
#: Members of the large organisation who have a key: `m0`, `m1` ...
CROWD = 200


class Latencies(msgspec.Struct, kw_only=True):
    """Seconds of each answer, by what was asked; and answers that were no success."""

    seconds: dict[str, list[float]]
    failed: list[str] = []
    #: Of the server, while this was measured.
    megabytes: float = 0.0

    def p99(self, what: str) -> float:
        found = sorted(self.seconds[what])
        return found[min(len(found) - 1, int(len(found) * 0.99))]

    def to_figures(self) -> dict[str, Any]:
        """Milliseconds, to be printed."""
        return {
            **{
                what: {
                    "n": len(found),
                    "p50_ms": round(statistics.median(found) * 1000),
                    "p99_ms": round(self.p99(what) * 1000),
                    "max_ms": round(max(found) * 1000),
                }
                for what, found in self.seconds.items()
            },
            "failed": len(self.failed),
            "megabytes": round(self.megabytes),
        }


class Arena:
    """One API process with a large organisation and a small one."""

    def __init__(self, deployment: Deployment, keys: dict[str, str]) -> None:
        self._deployment = deployment
        #: `steward` and `m0`, `m1` ... of the large organisation; `small` of the other.
        self.keys = keys
        self.port = int(deployment.apis[0].rpartition(":")[2])
        self._goals = self._offer_goals()

    @property
    def pid(self) -> int:
        return self._deployment.processes[0].popen.pid

    def request(
        self, who: str, method: str, path: str, body: bytes | None = None, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            headers = {"Authorization": f"Bearer {self.keys[who]}", "Content-Type": media_type}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def measure(self, seconds: float = MEASURED_S) -> Latencies:
        """What the small organisation waits for its reads and commands, and anybody for `/livez`."""
        found = Latencies(seconds={"me": [], "command": [], "livez": []})
        deadline = time.monotonic() + seconds
        asked: dict[str, Callable[[int], tuple[int, bytes]]] = {
            "me": lambda _: self.request("small", "GET", "/v1/me"),
            "livez": lambda _: self.request("small", "GET", "/livez"),
            "command": self._check_in,
        }

        def repeat(what: str) -> None:
            number = 0
            while time.monotonic() < deadline:
                began = time.monotonic()
                try:
                    status, body = asked[what](number)
                except (OSError, HTTPException) as error:
                    status, body = 0, repr(error).encode()
                found.seconds[what].append(time.monotonic() - began)
                if status not in (200, 201):
                    found.failed.append(f"{what}: {status} {body[:200]!r}")
                number += 1
                time.sleep(0.02)

        threads = [threading.Thread(target=repeat, args=(what,)) for what in asked]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            found.megabytes = max(found.megabytes, read_resident_megabytes(self.pid))
            time.sleep(0.2)
        return found

    @contextmanager
    def under_attack(self, attackers: int, attack: Callable[[int], object]) -> Iterator[Counter[str]]:
        """Have so many clients repeat the attack while the block runs; afterwards what it returned or raised, counted.

        They are processes of their own, with the least priority: those who are measured share no interpreter with them,
        and as little of the machine as may be.
        """
        came = Counter[str]()
        ends = [_FORK.Pipe() for _ in range(ATTACKING_PROCESSES)]
        each = attackers // ATTACKING_PROCESSES
        processes = [
            _FORK.Process(target=_attack_until_told, args=(attack, number * each, each, theirs), daemon=True)
            for number, (_, theirs) in enumerate(ends)
        ]
        for process in processes:
            process.start()
        # Until it is under way.
        time.sleep(2)
        try:
            yield came
        finally:
            for ours, _ in ends:
                ours.send("stop")
            for (ours, _), process in zip(ends, processes, strict=True):
                if ours.poll(TIMEOUT_S):
                    came.update(ours.recv())
                process.terminate()
                process.join()

    def _offer_goals(self) -> list[str]:
        terms = {"conditions": ["works"], "due": "2099-06-28", "effort_hours": 1}
        why = {"code": "new_need", "text": "the quarter begins"}
        offer = {"do": "offer", "title": "G", "owner": "stella", "sponsor": "stella", "terms": terms, "reason": why}
        found = []
        for _ in range(4):
            status, body = self._send_json("/v1/goals", offer)
            assert status == 201, body
            found.append(str(msgspec.json.decode(body)["id"]))
        return found

    def _check_in(self, number: int) -> tuple[int, bytes]:
        return self._send_json(f"/v1/goals/{self._goals[number % len(self._goals)]}/check-in", {"note": "well"})

    def _send_json(self, path: str, body: object) -> tuple[int, bytes]:
        return self.request("small", "POST", path, msgspec.json.encode(body))


def _attack_until_told(attack: Callable[[int], object], first: int, threads: int, connection: Any) -> None:
    """Repeat the attack in so many threads, until there is a message; answer with what came of it."""
    os.nice(19)
    stopping, came = threading.Event(), Counter[str]()

    def repeat(number: int) -> None:
        while not stopping.is_set():
            try:
                came[str(attack(number))] += 1
            except (OSError, HTTPException) as error:
                came[type(error).__name__] += 1
                time.sleep(0.05)

    running = [threading.Thread(target=repeat, args=(first + number,), daemon=True) for number in range(threads)]
    for thread in running:
        thread.start()
    connection.recv()
    stopping.set()
    for thread in running:
        thread.join(TIMEOUT_S / 4)
    connection.send(came)


def fill(runtime: Runtime, name: str, members: int, goals: int) -> tuple[str, dict[str, str]]:
    """An organisation with its history; its steward's key, and those of some plain members."""
    created = create_organisation(runtime, name, steward="stella")
    organisation = created.organisation_id
    scopes = frozenset({"admin", "import", "read", "act"})
    principal = Principal(
        key_id=organisation, organisation_id=organisation, member_id=created.steward_id, scopes=scopes
    )
    result = import_lines(runtime, organisation, build_rows(datetime.now(UTC), members, goals), principal=principal)
    assert result.refused == 0, result.errors[:3]
    keys = {
        ref: runtime.keys.create(
            organisation, resolve_stream_id(organisation, "member", ref), ("read", "act"), name="attacks"
        )
        for ref in (f"m{number}" for number in range(min(members, CROWD)))
    }
    return created.api_key, keys


@contextmanager
def open_arena(folder: Path, database_url: str, members: int, goals: int) -> Iterator[Arena]:
    """Fill the store, and serve it."""
    settings = Settings(database_url=database_url)
    migrate(settings)
    with Runtime(settings) as runtime:
        steward, keys = fill(runtime, "large", members, goals)
        small, _ = fill(runtime, "small", SMALL_MEMBERS, SMALL_GOALS)
        runtime.engine.catch_up()
    deployment = Deployment(folder, database_url, None)
    # The rate, and connections, are other bounds than those that are looked at here.
    deployment.environment["PLIMSOLL_RATE_LIMIT_PER_MINUTE"] = "0"
    deployment.environment["PLIMSOLL_CONNECTION_LIMIT"] = "12000"
    deployment.environment["PLIMSOLL_CONNECTIONS_PER_ADDRESS"] = "12000"
    try:
        deployment.start(apis=1, workers=0)
        arena = Arena(deployment, {**keys, "steward": steward, "small": small})
        with suppress(OSError):
            arena.measure(2)
        yield arena
    finally:
        deployment.close()
