"""Subscriptions as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.subscription.subscription import Subscription, evolve
from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.paging import ALL_ROWS, RowSelection
from projections.database.sql import without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.streams import query_by_id

_SQL = "subscriptions"
#: States of a subscription that is not removed.
_SENDING_STATES = ("active", "paused", "disabled")

SUBSCRIPTIONS = VersionedProjection(
    name="subscriptions",
    version=2,
    kind="subscription",
    evolve=evolve,
    columns=(
        Column("owner", "uuid", "The member on whose behalf events are sent."),
        Column("name", "text", "What the subscription is called; may be empty."),
        Column("url", "text", "Where events are sent."),
        Column("state", "text", "active, paused, disabled or removed."),
    ),
    fields=lambda state: (str(state.owner), without_nul(state.name), without_nul(state.url), state.state),
    latest_indexes=(("owner", "stream_id"), ("state", "stream_id")),
    comment="Subscriptions: which events are sent where, for whom (in body).",
)

_SUBSCRIPTION = msgspec.json.Decoder(Subscription)


def load_subscriptions_page(  # noqa: PLR0913 - a page, and what narrows it
    database: Database,
    as_of: AsOf,
    *,
    owner: UUID | None,
    states: Sequence[str] = _SENDING_STATES,
    after: str = "",
    limit: int = ALL_ROWS,
) -> list[Subscription]:
    """Those behind an id that are in these states (any but removed), by id; `owner` None: of every member."""
    in_state = [f"state = '{state}'" for state in states]
    # Of every member: state by state, so that those that were removed are not passed by.
    selection = RowSelection(table="subscriptions", any_of=in_state)
    params: dict[str, str] = {}
    if owner is not None:
        selection = RowSelection(table="subscriptions", where=["owner = :owner", f"({' OR '.join(in_state)})"])
        params = {"owner": str(owner)}
    rows = query_by_id(database, as_of, selection, params, after=after, limit=limit)
    return [_SUBSCRIPTION.decode(row.body) for row in rows]
