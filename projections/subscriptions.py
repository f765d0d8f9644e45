"""Subscriptions as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.subscription.subscription import Subscription, evolve
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_id
from projections.database.sql import without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection

_SQL = "subscriptions"

SUBSCRIPTIONS = VersionedProjection(
    name="subscriptions",
    version=1,
    kind="subscription",
    evolve=evolve,
    columns=(
        Column("owner", "uuid", "The member on whose behalf events are sent."),
        Column("name", "text", "What the subscription is called; may be empty."),
        Column("url", "text", "Where events are sent."),
        Column("state", "text", "active, paused, disabled or removed."),
    ),
    fields=lambda state: (str(state.owner), without_nul(state.name), without_nul(state.url), state.state),
    comment="Subscriptions: which events are sent where, for whom (in body).",
)

_SUBSCRIPTION = msgspec.json.Decoder(Subscription)


def subscriptions_at(database: Database, as_of: AsOf) -> list[Subscription]:
    """Those that are not removed, by id."""
    rows = database.query(named_statements(_SQL)["subscriptions"], as_of.params)
    return [_SUBSCRIPTION.decode(row.body) for row in rows]


def disabled_subscriptions_at(database: Database, as_of: AsOf) -> list[Subscription]:
    """Those whose deliveries have ended by themselves, by id."""
    rows = database.query(named_statements(_SQL)["disabled"], as_of.params)
    return [_SUBSCRIPTION.decode(row.body) for row in rows]


def load_stream_versions(database: Database, as_of: AsOf) -> dict[UUID, int]:
    """Subscription -> the version of its stream that was known by then: what `If-Match` takes."""
    rows = database.query(named_statements(_SQL)["versions"], as_of.params)
    return {to_id(row.stream_id): row.version for row in rows}
