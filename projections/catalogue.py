"""Every read model of the house, in one list."""

from __future__ import annotations

from projections.engine import Projection
from projections.goals import GOALS
from projections.history import HISTORY
from projections.people import MEMBERS, ORGANISATIONS, TEAMS

PROJECTIONS: tuple[Projection, ...] = (GOALS, HISTORY, MEMBERS, ORGANISATIONS, TEAMS)
