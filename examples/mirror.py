"""Mirror every resource that a key may see into SQLite: `python mirror.py URL KEY DATABASE`.

Nothing is folded: with each event comes what its stream is after it. Row and cursor are committed together.
"""

from __future__ import annotations

import json
import sqlite3
import sys

from plimsoll_client import Client, Cursor, EventSelection, Follower, SQLiteCheckpoint


def mirror(url: str, key: str, database: str, *, wait: float = 25.0) -> None:
    """Keep table `resources` as the server's resources are; with `wait=0` up to the log's end."""
    replica = sqlite3.connect(database)
    replica.execute("CREATE TABLE IF NOT EXISTS resources (subject TEXT PRIMARY KEY, resource TEXT)")
    checkpoint = SQLiteCheckpoint(replica, "mirror")
    with Client(url, key) as client:
        for event in Follower(client, checkpoint, EventSelection(with_state=True), wait=wait):
            resource = json.loads(bytes(event.data)).get("state")
            if resource is None:
                replica.execute("DELETE FROM resources WHERE subject = ?", [event.subject])
            else:
                replica.execute("REPLACE INTO resources VALUES (?, ?)", [event.subject, json.dumps(resource)])
            checkpoint.save(Cursor(position=int(event.sequence), epoch=event.epoch))
            replica.commit()
    replica.close()


if __name__ == "__main__":
    mirror(*sys.argv[1:4])
