"""How far the read models have followed: told in headers, never in bodies, so that equal answers stay equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.api.problems import field_error

if TYPE_CHECKING:
    from services.runtime import Runtime


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer from the read models contains."""

    #: Position of the organisation's last event that is surely in it.
    position: int
    #: Events of the whole log that the slowest read model has yet to follow.
    lag: int
    #: Log position that every read model has followed.
    followed: int
    #: Read models that hold back a stream of this organisation.
    degraded: tuple[str, ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """As response headers; `Plimsoll-As-Of` is the answer's own business."""
        told = {"Plimsoll-Position": str(self.position), "Plimsoll-Lag": str(self.lag)}
        return told | ({"Plimsoll-Degraded": ", ".join(self.degraded)} if self.degraded else {})


def current_freshness(runtime: Runtime, organisation_id: UUID) -> Freshness:
    """Taken before the question is asked, so that what it promises is surely in the answer."""
    position, head = runtime.ledger.positions(organisation_id)
    followed, held = runtime.engine.freshness_for(organisation_id)
    if followed < head:
        position = min(position, runtime.ledger.position_at(organisation_id, followed))
    return Freshness(position=position, lag=max(0, head - followed), followed=followed, degraded=held)


def to_log_position(runtime: Runtime, organisation_id: UUID, position: int) -> int:
    """The log position behind an organisation's position.

    Raises ProblemError 422 for a position that this organisation has not reached: waiting for it would be in vain.
    """
    found = runtime.ledger.feed(organisation_id, position - 1, 1)
    if not found:
        raise field_error("/after_position", "this organisation has not reached that position", where="query")
    return found[0].log_position
