"""Load the log into a table of a warehouse, each event once: `python warehouse.py URL KEY DATABASE`.

SQLite stands for any database with transactions: the rows and the cursor are committed together.
"""

from __future__ import annotations

import sqlite3
import sys

from plimsoll_client import Client, Cursor, Follower, SQLiteCheckpoint

_TABLE = """CREATE TABLE IF NOT EXISTS plimsoll_events (
    position INTEGER PRIMARY KEY, type TEXT, subject TEXT, happened_at TEXT, recorded_at TEXT, actor TEXT, data TEXT
)"""
_COMMIT_EVERY = 500


def load(url: str, key: str, database: str, *, wait: float = 0) -> int:
    """Append what is new; with `wait=0` up to the log's end. How many events were added."""
    warehouse = sqlite3.connect(database)
    warehouse.execute(_TABLE)
    checkpoint, added = SQLiteCheckpoint(warehouse, "warehouse"), 0
    with Client(url, key) as client:
        for event in Follower(client, checkpoint, wait=wait, page_size=_COMMIT_EVERY):
            position = int(event.sequence)
            row = (position, event.type, event.subject, event.time, event.recordedtime, event.authid, bytes(event.data))
            warehouse.execute("INSERT INTO plimsoll_events VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(map(_to_sql, row)))
            checkpoint.save(Cursor(position=position, epoch=event.epoch))
            added += 1
            if added % _COMMIT_EVERY == 0:
                warehouse.commit()
    warehouse.commit()
    warehouse.close()
    return added


def _to_sql(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, int | None) else str(value)


if __name__ == "__main__":
    print(load(*sys.argv[1:4]), "events added")
