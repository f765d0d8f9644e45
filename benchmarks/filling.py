"""A log that is long already: valid events of somebody else's goals, written by the database itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from benchmarks.people import OWNERS, commands, peopled
from benchmarks.stores import Store, settings
from services import runtime as composition

#: Events of each of those goals.
EVENTS_EACH = 20
#: Every so many of them came with an idempotency key that is still kept.
KEY_EVERY = 5

_FILL = """
    INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, organisation_id,
                               position, recorded_at)
    SELECT md5('goal ' || goal)::uuid, t.version, t.topic, t.state, goal * {each} + t.version, '{organisation}',
           goal * {each} + t.version, {began} + (goal * {each} + t.version) * 1000
    FROM generate_series(0, {goals} - 1) AS goal CROSS JOIN template AS t
    ORDER BY goal, t.version
"""


def template(store: Store) -> list[tuple[int, str, bytes]]:
    """Version, topic and stored form of one goal's events: an offer, an acceptance, check-ins."""
    with peopled(store.fresh()) as (runtime, people):
        own = commands(people.organisation_id, 0, OWNERS)
        goal = next(own).stream_id
        done = 2
        while done < EVENTS_EACH:
            command = next(own)
            if command.stream_id == goal:
                runtime.ledger.handle(command)
                done += 1
    connection = store.connect(people.url)
    query = "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = %s ORDER BY 1"
    found = connection.execute(query, [goal]).fetchall()
    connection.close()
    assert len(found) == EVENTS_EACH
    return [(version, topic, bytes(state)) for version, topic, state in found]


def filled(store: Store, events: list[tuple[int, str, bytes]], count: int) -> str:
    """The URL of a fresh, migrated store whose log holds `count` events (PostgreSQL)."""
    url = store.fresh()
    composition.migrate(settings(url))
    connection = store.connect(url)
    connection.execute("SET synchronous_commit = off")
    connection.execute("CREATE TEMPORARY TABLE template (version bigint, topic text, state bytea)")
    for event in events:
        connection.execute("INSERT INTO template VALUES (%s, %s, %s)", event)
    # A year ago, so that whatever is recorded now comes later.
    began = "(extract(epoch FROM now() - interval '1 year') * 1000000)::bigint"
    with connection.transaction():
        again = _without_indexes(connection)
        fields = {"each": EVENTS_EACH, "goals": count // EVENTS_EACH, "organisation": uuid4(), "began": began}
        connection.execute(_FILL.format(**fields))
        for statement in again:
            connection.execute(statement)
        connection.execute(
            "UPDATE ledger_head SET (log_position, recorded_at) ="
            " (SELECT notification_id, recorded_at FROM stored_events ORDER BY notification_id DESC LIMIT 1)"
        )
        connection.execute(
            "INSERT INTO ledger_idempotency (organisation_id, scope, key, digest, answer, created_at)"
            " SELECT organisation_id, 'POST /v1/goals', originator_id::text || originator_version,"
            " md5(position::text), md5(position::text), (extract(epoch FROM now()) * 1000000)::bigint"
            " FROM stored_events WHERE position %% %s = 0",
            [KEY_EVERY],
        )
    # As autovacuum and the checkpointer leave it, and not in the middle of what is measured.
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")
    connection.close()
    return url


def _without_indexes(connection: Any) -> list[str]:
    """Drop the log's indexes, and what makes them again: built at the end, each is one sort."""
    constraints = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'stored_events'::regclass AND contype IN ('p', 'u')"
    ).fetchall()
    for name, _ in constraints:
        connection.execute(f"ALTER TABLE stored_events DROP CONSTRAINT {name}")
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'stored_events'"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    return [f"ALTER TABLE stored_events ADD CONSTRAINT {name} {text}" for name, text in constraints] + [
        text for _, text in indexes
    ]
