"""A follower as a consumer runs it: each event is kept with the cursor, in one transaction of its own database."""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

from plimsoll_client import Client, Cursor, Follower, ProblemError, SQLiteCheckpoint, Unreachable

#: Seconds before the API is asked again.
_PAUSE_S = 0.2


def open_database(path: Path) -> sqlite3.Connection:
    """Where a follower keeps what it saw: in the order in which it saw it."""
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE IF NOT EXISTS seen (place INTEGER PRIMARY KEY, id TEXT UNIQUE)")
    database.commit()
    return database


def follow(url: str, key: str, database: sqlite3.Connection) -> None:
    """Follow the feed from the checkpoint on, until the API is away."""
    checkpoint = SQLiteCheckpoint(database)
    with Client(url, key) as client:
        for event in Follower(client, checkpoint, wait=2, page_size=100):
            database.execute("INSERT INTO seen (id) VALUES (?)", (str(event.id),))
            checkpoint.save(Cursor(position=int(event.sequence), epoch=event.epoch))
            database.commit()


def main(url: str, key: str, path: str) -> None:
    """Follow for good."""
    database = open_database(Path(path))
    while True:
        try:
            follow(url, key, database)
        except (ProblemError, Unreachable):
            database.rollback()
            time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
