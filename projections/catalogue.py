"""Every read model of the house, in one list."""

from __future__ import annotations

from projections.charters import CHARTERS
from projections.cycles import CYCLES
from projections.decisions import DECISIONS
from projections.drift_facts import DRIFT
from projections.folding import Projection
from projections.goals import GOALS
from projections.history import HISTORY
from projections.overload_facts import OVERLOAD
from projections.people import MEMBERS, ORGANISATIONS, TEAMS
from projections.support_facts import SUPPORT

PROJECTIONS: tuple[Projection, ...] = (
    CHARTERS,
    CYCLES,
    DECISIONS,
    DRIFT,
    GOALS,
    HISTORY,
    MEMBERS,
    ORGANISATIONS,
    OVERLOAD,
    SUPPORT,
    TEAMS,
)
