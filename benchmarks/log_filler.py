"""A log that is long already: valid events of another organisation's goals, written by the database itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.stores import Store, build_settings
from benchmarks.workload import MANY, Size, build_commands, prepared_workload
from services import runtime as composition

#: Events of each of those goals.
EVENTS_EACH = 20
#: Every so many of them came with an idempotency key that is still kept.
KEY_EVERY = 5

_FILL_SQL = """
    INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, organisation_id,
                               position, recorded_at)
    SELECT goal_id, version, topic,
           convert_to(format(state, md5(number::text)::uuid, goal_id, number,
                             to_char(to_timestamp({began} + number * 0.001) AT TIME ZONE 'UTC',
                                     'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '{organisation}'), 'UTF8'),
           number, '{organisation}', number, ({began} * 1000000 + number * 1000)::bigint
    FROM (SELECT md5('goal ' || goal)::uuid AS goal_id, t.version, t.topic, t.state, goal * {each} + t.version AS number
          FROM generate_series(0, {goals} - 1) AS goal CROSS JOIN template AS t
          ORDER BY goal, t.version) AS numbered
"""


def load_template(store: Store, size: Size = MANY) -> list[tuple[int, str, str]]:
    """Version, topic and stored form of one goal's events: an offer, an acceptance, check-ins.

    What differs from clone to clone is a place in a format of PostgreSQL's: 1 event, 2 goal, 3 position, 4 instant,
    5 organisation.
    """
    with prepared_workload(store.create_database(), size) as (runtime, people):
        own = build_commands(people, 0, 1)
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
    return [(version, topic, _to_format(bytes(state).decode(), str(goal))) for version, topic, state in found]


def _to_format(state: str, goal: str) -> str:
    header = msgspec.json.decode(state)["header"]
    text = state.replace("%", "%%").replace(header["event_id"], "%1$s").replace(goal, "%2$s")
    text = text.replace(header["organisation_id"], "%5$s")
    text = text.replace(f'"position":{header["position"]},', '"position":%3$s,')
    text = text.replace(f'"log_position":{header["log_position"]}}}', '"log_position":%3$s}')
    return text.replace(header["occurred_at"], "%4$s").replace(header["recorded_at"], "%4$s")


def fill_log(store: Store, events: list[tuple[int, str, str]], count: int) -> str:
    """The URL of a fresh, migrated store whose log holds `count` events (PostgreSQL)."""
    url = store.create_database()
    composition.migrate(build_settings(url))
    connection = store.connect(url)
    connection.execute("SET synchronous_commit = off")
    connection.execute("CREATE TEMPORARY TABLE template (version bigint, topic text, state text)")
    for event in events:
        connection.execute("INSERT INTO template VALUES (%s, %s, %s)", event)
    # A year ago, so that whatever is recorded now comes later.
    began = "extract(epoch FROM now() - interval '1 year')"
    with connection.transaction():
        again = _drop_indexes(connection)
        fields = {"each": EVENTS_EACH, "goals": count // EVENTS_EACH, "organisation": uuid4(), "began": began}
        connection.execute(_FILL_SQL.format(**fields))
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


def _drop_indexes(connection: Any) -> list[str]:
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
