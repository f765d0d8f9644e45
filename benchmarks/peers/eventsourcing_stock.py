"""The `eventsourcing` library as its documentation shows it: a decorated aggregate, its application, its recorder.

`python -m benchmarks.peers.eventsourcing_stock URL` is a worker process; with a PORT it is served by the same Litestar
as ours, with the same JSON. No key is checked and no request is remembered: it does less than ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import cycle
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.utils import clear_topic_cache
from litestar import Litestar, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from benchmarks.peers.serving import serve
from benchmarks.peers.worker_loop import Work, serve_stdin_with_threads

GOALS, OWNER = 800, "owner"


class NotAllowed(Exception):
    """The act does not fit the goal or its party."""


class Goal(Aggregate):
    """As much of a goal as a check-in asks for."""

    @event("Offered")
    def __init__(self, title: str, owner: str, sponsor: str) -> None:
        self.title, self.owner, self.sponsor = title, owner, sponsor
        self.accepted = False
        self.progress, self.confidence, self.note = "0", "1", ""

    @event("Accepted")
    def accept(self, by: str) -> None:
        if by != self.sponsor:
            raise NotAllowed(by)
        self.accepted = True

    @event("CheckedIn")
    def check_in(self, by: str, note: str, progress: str, confidence: str) -> None:
        if by != self.owner or not self.accepted:
            raise NotAllowed(by)
        self.note, self.progress, self.confidence = note, progress, confidence


class Goals(Application[UUID]):
    """Load, decide, save."""

    def create_goal(self, number: int) -> UUID:
        goal = Goal(f"goal {number}", OWNER, "sponsor")
        goal.accept("sponsor")
        self.save(goal)
        return goal.id

    def check_in(self, goal_id: UUID, by: str, note: str, progress: str, confidence: str) -> int:
        goal: Goal = self.repository.get(goal_id)
        goal.check_in(by, note, progress, confidence)
        self.save(goal)
        return goal.version


class CheckIn(msgspec.Struct, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=4000)]
    progress: str
    confidence: str


def open_application(url: str) -> Goals:
    """The application on PostgreSQL; its pool as large as its callers make use of."""
    parts = urlsplit(url)
    clear_topic_cache()
    return Goals(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.path.strip("/"),
            "POSTGRES_HOST": parts.hostname or "",
            "POSTGRES_PORT": str(parts.port),
            "POSTGRES_USER": parts.username or "",
            "POSTGRES_PASSWORD": parts.password or "",
            "POSTGRES_POOL_SIZE": "16",
            "POSTGRES_MAX_OVERFLOW": "16",
            "POSTGRES_LOCK_TIMEOUT": "20",
        }
    )


def create_application(goals: Goals, ids: Sequence[UUID]) -> Litestar:
    """The goals that there are, and the check-in on one."""

    @get("/goals", sync_to_thread=False)
    def listed() -> list[UUID]:
        return list(ids)

    @post("/v1/goals/{goal:uuid}/check-in", status_code=200, sync_to_thread=True)
    def check_in(goal: FromPath[UUID], data: JSONBody[CheckIn]) -> dict[str, Any]:
        version = goals.check_in(goal, OWNER, data.note, data.progress, data.confidence)
        return {"id": str(goal), "version": version, "progress": data.progress, "confidence": data.confidence}

    return Litestar([listed, check_in], openapi_config=None, logging_config=None)


def make_workers(goals: Goals, ids: Sequence[UUID], clients: int) -> list[Work]:
    """Each client has goals of its own, so that none meets another's version."""

    def work(number: int) -> Work:
        own = cycle(ids[number::clients])
        return lambda: goals.check_in(next(own), OWNER, "on the way, as planned", "0.4", "0.8")

    return [work(number) for number in range(clients)]


def main(url: str, port: str = "") -> None:
    goals = open_application(url)
    ids = [goals.create_goal(number) for number in range(GOALS)]
    if port:
        serve(create_application(goals, ids), int(port))
    else:
        serve_stdin_with_threads(lambda clients: make_workers(goals, ids, clients))


if __name__ == "__main__":
    main(*sys.argv[1:])
