"""The least that a Litestar application over the same store can do: one row by its key, as JSON.

`python -m benchmarks.peers.minimal_litestar URL PORT`; the table is `peer_goals (id text primary key, body text)`.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from typing import Any

import psycopg
import uvicorn
from litestar import Litestar, Response, get

_QUERY = "SELECT body FROM peer_goals WHERE id = "
_thread_local = threading.local()


def create_application(url: str) -> Litestar:
    """A route, no key, no validation, no history: the floor under every read."""

    @get("/rows/{key:str}", sync_to_thread=True)
    def row(key: str) -> Response[bytes]:
        found = _get_connection(url).execute(_query_sql(url), (key,)).fetchone()
        return Response(found[0].encode() if found else b"null", media_type="application/json")

    return Litestar([row], openapi_config=None, logging_config=None)


def _query_sql(url: str) -> str:
    return _QUERY + ("?" if url.startswith("sqlite") else "%s")


def _get_connection(url: str) -> Any:
    """One connection per thread, kept."""
    if not hasattr(_thread_local, "connection"):
        lite = url.startswith("sqlite")
        _thread_local.connection = (
            sqlite3.connect(url.removeprefix("sqlite:///")) if lite else psycopg.connect(url, autocommit=True)
        )
    return _thread_local.connection


if __name__ == "__main__":
    uvicorn.run(create_application(sys.argv[1]), port=int(sys.argv[2]), log_config=None, access_log=False)
