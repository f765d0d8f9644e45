"""Every read model, in one list."""

from __future__ import annotations

from projections.attribution import ATTRIBUTION
from projections.charters.charters import CHARTERS
from projections.cycles.cycles import CYCLES
from projections.decisions.decisions import DECISIONS
from projections.drift.facts import DRIFT
from projections.engine.fold import Projection
from projections.experiments import EXPERIMENTS
from projections.goals import GOALS
from projections.history.history import HISTORY
from projections.marts.projection import MARTS_PROJECTION
from projections.overload.facts import OVERLOAD
from projections.people import MEMBERS, ORGANISATIONS, TEAMS
from projections.pulse.pulses import PULSES
from projections.recognition.recognitions import RECOGNITIONS
from projections.reliability.facts import RELIABILITY
from projections.subscriptions import SUBSCRIPTIONS
from projections.support.facts import SUPPORT

PROJECTIONS: tuple[Projection, ...] = (
    ATTRIBUTION,
    CHARTERS,
    CYCLES,
    DECISIONS,
    DRIFT,
    EXPERIMENTS,
    GOALS,
    HISTORY,
    MARTS_PROJECTION,
    MEMBERS,
    ORGANISATIONS,
    OVERLOAD,
    PULSES,
    RELIABILITY,
    RECOGNITIONS,
    SUBSCRIPTIONS,
    SUPPORT,
    TEAMS,
)
