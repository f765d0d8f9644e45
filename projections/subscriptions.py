"""Subscriptions as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.subscription.subscription import Subscription, evolve
from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.paging import ALL_ROWS, ORDER_BY_ID, RowSelection, page_sql
from projections.database.sql import without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection

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


def load_subscriptions_page(
    database: Database, as_of: AsOf, *, owner: UUID | None, after: str = "", limit: int
) -> list[Subscription]:
    """Those behind an id that are not removed, by id; `owner` None: of every member."""
    where, params = ["state <> 'removed'"], {**as_of.params, "rows": limit}
    if owner is not None:
        where, params = [*where, "owner = :owner"], params | {"owner": str(owner)}
    if after:
        where, params = [*where, "stream_id > :after"], params | {"after": after}
    # Of every member: state by state, so that those that were removed are not passed by.
    any_of = () if owner is not None else tuple(f"state = '{state}'" for state in _SENDING_STATES)
    selection = RowSelection(table="subscriptions", where=where, any_of=any_of)
    rows = database.query(page_sql(selection, as_of.disjoint_predicates, ORDER_BY_ID), params)
    return [_SUBSCRIPTION.decode(row.body) for row in rows]


def disabled_subscriptions_at(database: Database, as_of: AsOf, *, owner: UUID | None) -> list[Subscription]:
    """Those whose deliveries have ended by themselves, by id; `owner` None: of every member."""
    where, params = ["state = 'disabled'"], {**as_of.params, "rows": ALL_ROWS}
    if owner is not None:
        where, params = [*where, "owner = :owner"], params | {"owner": str(owner)}
    rows = database.query(
        page_sql(RowSelection(table="subscriptions", where=where), as_of.disjoint_predicates, ORDER_BY_ID), params
    )
    return [_SUBSCRIPTION.decode(row.body) for row in rows]
