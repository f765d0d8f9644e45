"""How far a consumer has come: in a file, in SQLite, or where the consumer keeps it itself."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Protocol

import msgspec


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """A place in an organisation's log."""

    #: Of the last event that was handled; 0: none.
    position: int = 0
    #: The log's; empty: not known yet.
    epoch: str = ""


class Checkpoint(Protocol):
    """Where a consumer's cursor is kept."""

    def load(self) -> Cursor:
        """The cursor that was saved last; of nothing saved, the log's beginning."""

    def save(self, cursor: Cursor) -> None:
        """Keep the cursor."""


class MemoryCheckpoint:
    """For one run only."""

    def __init__(self, cursor: Cursor | None = None) -> None:
        self.cursor = cursor or Cursor()

    def load(self) -> Cursor:
        return self.cursor

    def save(self, cursor: Cursor) -> None:
        self.cursor = cursor


class FileCheckpoint:
    """A file that is replaced in one step: a kill leaves the old cursor or the new one."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self) -> Cursor:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Cursor)
        except FileNotFoundError:
            return Cursor()

    def save(self, cursor: Cursor) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(cursor))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


class SQLiteCheckpoint:
    """A row in the consumer's own database: saved in the transaction that is open, it moves with what it counts.

    With it each event is handled once in effect: the consumer commits what it did together with the cursor.
    """

    def __init__(self, connection: sqlite3.Connection, name: str = "plimsoll") -> None:
        self._connection = connection
        self._name = name
        connection.execute(
            "CREATE TABLE IF NOT EXISTS plimsoll_cursor (name TEXT PRIMARY KEY, position INTEGER, epoch TEXT)"
        )
        connection.commit()

    def load(self) -> Cursor:
        query = "SELECT position, epoch FROM plimsoll_cursor WHERE name = ?"
        row = self._connection.execute(query, (self._name,)).fetchone()
        return Cursor(position=row[0], epoch=row[1]) if row else Cursor()

    def save(self, cursor: Cursor) -> None:
        self._connection.execute(
            "INSERT INTO plimsoll_cursor VALUES (?, ?, ?) ON CONFLICT (name)"
            " DO UPDATE SET position = excluded.position, epoch = excluded.epoch",
            (self._name, cursor.position, cursor.epoch),
        )
