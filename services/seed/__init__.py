"""The demo's history as import rows."""

from services.seed.people import MEMBERS, STEWARD, TEAMS
from services.seed.rows import rows

__all__ = ["MEMBERS", "STEWARD", "TEAMS", "rows"]
