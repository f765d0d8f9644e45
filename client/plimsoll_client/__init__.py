"""A client of Plimsoll: typed requests, a follower that misses no event, verified webhooks."""

from plimsoll_client.checkpoints import Checkpoint, Cursor, FileCheckpoint, MemoryCheckpoint, SQLiteCheckpoint
from plimsoll_client.client import AsyncClient, Client
from plimsoll_client.errors import EpochChanged, InvalidSignature, PlimsollError, ProblemError, Unreachable
from plimsoll_client.follower import AsyncFollower, EventSelection, Follower
from plimsoll_client.sending import RetryPolicy

__all__ = [
    "AsyncClient",
    "AsyncFollower",
    "Checkpoint",
    "Client",
    "Cursor",
    "EpochChanged",
    "EventSelection",
    "FileCheckpoint",
    "Follower",
    "InvalidSignature",
    "MemoryCheckpoint",
    "PlimsollError",
    "ProblemError",
    "RetryPolicy",
    "SQLiteCheckpoint",
    "Unreachable",
]
