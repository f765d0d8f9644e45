"""A founded organisation, somebody who subscribes, and events to send: what tests of deliveries begin with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.member import member
from domain.references import resolve_stream_id
from domain.subscription.subscription import CreateSubscription
from ledger.commands import Command, Receipt
from services.runtime import Runtime
from services.settings import Settings
from services.webhooks.signatures import generate_secret
from services.worker.webhooks.dispatcher import Dispatcher
from tests.services.conftest import Installation, open_installation
from tests.webhooks.receiver import LOOPBACK


class MovableClock:
    """Real time, and as much more as a test has let pass."""

    def __init__(self, real: Callable[[], datetime]) -> None:
        self._real = real
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return self._real() + self.passed


class WebhookStory:
    """One organisation on one store."""

    def __init__(self, installation: Installation) -> None:
        self.runtime = installation.runtime
        self.organisation = installation.founded.organisation_id
        self.steward = installation.founded.steward_id
        self._renames = 0

    def id(self, ref: str, kind: str = "member") -> UUID:
        return resolve_stream_id(self.organisation, kind, ref)

    def says(self, kind: str, stream_id: UUID, act: Any, *, by: UUID | None = None) -> Receipt:
        roles = frozenset({"steward"}) if by is None else frozenset[str]()
        command = Command(
            organisation_id=self.organisation,
            kind=kind,
            stream_id=stream_id,
            act=act,
            actor=by or self.steward,
            roles=roles,
        )
        return self.runtime.handle(command)

    def join(self, name: str) -> Receipt:
        return self.says("member", self.id(name), member.Join(name=name.title(), ref=name))

    def rename(self, name: str) -> Receipt:
        """One more event of a member's."""
        self._renames += 1
        return self.says("member", self.id(name), member.RenameMember(name=f"{name} {self._renames}"))

    def subscribe(self, url: str, *, by: str | None = None, **fields: Any) -> tuple[UUID, str]:
        """A subscription (of the steward, who sees all) and its secret."""
        subscription_id, secret = self.runtime.new_id(), generate_secret()
        self.runtime.deliveries.begin(self.organisation, subscription_id, secret)
        owner = self.id(by) if by is not None else self.steward
        self.says("subscription", subscription_id, CreateSubscription(url=url, **fields), by=owner)
        self.runtime.deliveries.wake(subscription_id)
        return subscription_id, secret

    def act(self, subscription_id: UUID, act: Any) -> None:
        self.says("subscription", subscription_id, act)

    def state(self, subscription_id: UUID) -> Any:
        return self.runtime.ledger.load(self.organisation, "subscription", subscription_id)

    def count(self, subscription_id: UUID, state: str) -> int:
        return self.runtime.deliveries.count(subscription_id).get(state, 0)


@contextmanager
def open_story(database_url: str, **settings: Any) -> Iterator[WebhookStory]:
    chosen = Settings(database_url=database_url, webhook_allowed_networks=LOOPBACK, **settings)
    installation = open_installation(chosen)
    clock = MovableClock(installation.runtime.clock)
    installation.runtime.close()
    with Runtime(chosen, clock=clock) as runtime:
        yield WebhookStory(Installation(runtime, installation.founded, installation.principal))


@contextmanager
def dispatching(runtime: Runtime, **how: Any) -> Iterator[Dispatcher]:
    """A dispatcher that sends meanwhile."""
    stopping, dispatcher = threading.Event(), Dispatcher(runtime, **how)
    thread = threading.Thread(target=dispatcher.run, args=(stopping,))
    thread.start()
    try:
        yield dispatcher
    finally:
        stopping.set()
        runtime.wakeups.publish()
        thread.join(30)
    assert not thread.is_alive()


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()
