"""Following the log: every event that the key may see, in order, none left out, from where the checkpoint says.

An event is handled at least once. It is handled once in effect where the checkpoint is saved in the transaction that
keeps what the consumer made of the event (`SQLiteCheckpoint`, or one of the consumer's own).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from plimsoll_client import requests
from plimsoll_client.checkpoints import Checkpoint, Cursor
from plimsoll_client.client import AsyncClient, Client
from plimsoll_client.errors import EpochChanged, ProblemError
from plimsoll_client.models import CloudEvent
from plimsoll_client.request import Request, Response

Page = Response[list[CloudEvent]]


class EventSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Which events; what is not named does not narrow."""

    #: Types, or beginnings of them: `goal.*`, `goal.checked_in.*`.
    types: Sequence[str] | None = None
    #: One stream, such as `goal/report-1`.
    subject: str | None = None
    team: str | None = None
    #: `data.state` of each event is what its stream is after it: a mirror need not fold.
    with_state: bool = False


#: Everything that the key may see.
ALL_EVENTS = EventSelection()


class _Follower:
    """What both followers share: which page is next, and where the cursor is after it."""

    def __init__(self, checkpoint: Checkpoint, selection: EventSelection, page_size: int) -> None:
        self.checkpoint = checkpoint
        self._selection = selection
        self._page_size = page_size
        self.cursor = checkpoint.load()

    def next_request(self, wait: float) -> Request[list[CloudEvent]]:
        chosen = self._selection
        return requests.pull_events(
            after=self.cursor.position,
            epoch=self.cursor.epoch or None,
            types=chosen.types,
            subject=chosen.subject,
            team=chosen.team,
            limit=self._page_size,
            include=["state"] if chosen.with_state else None,
            timeout=wait,
        )

    def handle(self, page: Page) -> Iterator[CloudEvent]:
        """Each event of the page; the cursor moves past it when the next one is asked for."""
        for event in page.answer:
            yield event
            self._advance(Cursor(position=int(event.sequence), epoch=event.epoch))

    def is_at_end(self, page: Page) -> bool:
        """Whether there was nothing more; the cursor moves past what is not for this key."""
        end = Cursor(position=page.position or self.cursor.position, epoch=page.headers.get("plimsoll-epoch", ""))
        if end != self.cursor:
            self._advance(end)
            return False
        return not page.answer

    def _advance(self, cursor: Cursor) -> None:
        self.checkpoint.save(cursor)
        self.cursor = cursor

    def explain(self, error: ProblemError) -> Exception:
        if error.code == "epoch_changed":
            return EpochChanged(self.cursor.epoch, str(next(iter(error.problem.allowed), "")))
        return error


class Follower(_Follower):
    """Follows with a `Client`.

    `wait`: seconds that one request waits for news; 0: until the end of the log, and no further.
    Raises EpochChanged where the log was restored from a copy that lacks what was handled; ProblemError, Unreachable.
    """

    def __init__(
        self,
        client: Client,
        checkpoint: Checkpoint,
        selection: EventSelection = ALL_EVENTS,
        *,
        wait: float = 25.0,
        page_size: int = 500,
    ) -> None:
        super().__init__(checkpoint, selection, page_size)
        self._client = client
        self._wait = wait

    def __iter__(self) -> Iterator[CloudEvent]:
        """Each event; the cursor moves past it when the next one is asked for."""
        while True:
            try:
                page = self._client.exchange(self.next_request(self._wait))
            except ProblemError as error:
                raise self.explain(error) from error
            yield from self.handle(page)
            if self.is_at_end(page) and not self._wait:
                return


class AsyncFollower(_Follower):
    """Follows with an `AsyncClient`; as `Follower`."""

    def __init__(
        self,
        client: AsyncClient,
        checkpoint: Checkpoint,
        selection: EventSelection = ALL_EVENTS,
        *,
        wait: float = 25.0,
        page_size: int = 500,
    ) -> None:
        super().__init__(checkpoint, selection, page_size)
        self._client = client
        self._wait = wait

    async def __aiter__(self) -> AsyncIterator[CloudEvent]:
        while True:
            try:
                page = await self._client.exchange(self.next_request(self._wait))
            except ProblemError as error:
                raise self.explain(error) from error
            for event in self.handle(page):
                yield event
            if self.is_at_end(page) and not self._wait:
                return
