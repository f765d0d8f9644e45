"""The demo's history, told as import rows."""

from services.seed.cast import MEMBERS, STEWARD, TEAMS
from services.seed.telling import rows

__all__ = ["MEMBERS", "STEWARD", "TEAMS", "rows"]
