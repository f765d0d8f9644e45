"""What a decision may ask about the rest of its organisation, answered from states under the head's lock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast, runtime_checkable
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.aggregates import commitment
from domain.charter.state import Charter
from domain.cycle.state import Cycle
from domain.decision.state import Decision
from domain.goal.state import Goal
from domain.load import Commitment
from domain.member import Member
from domain.organisation import Organisation, PolicyVersion
from domain.policy import Policy
from domain.team import Team
from ledger.states import BatchStates

_UTC = ZoneInfo("UTC")
_DEFAULTS = PolicyVersion(version=0, since=None, policy=Policy())


@runtime_checkable
class _EventLookup(Protocol):
    """A source that finds one event of a stream without reading the stream."""

    def event(self, organisation_id: UUID, stream_id: UUID, event_id: UUID | None) -> UUID | None: ...


class StateReader:
    """Implements `domain.world.Reader`. A stream of another organisation, or of another kind, is not there."""

    def __init__(self, states: BatchStates, new_id: Callable[[], UUID]) -> None:
        self._states = states
        self._new_id = new_id

    def member(self, organisation_id: UUID, member_id: UUID) -> Member | None:
        return cast("Member | None", self._state("member", organisation_id, member_id))

    def team(self, organisation_id: UUID, team_id: UUID) -> Team | None:
        return cast("Team | None", self._state("team", organisation_id, team_id))

    def policy(self, organisation_id: UUID, at: datetime) -> PolicyVersion:
        organisation = self._organisation(organisation_id)
        return organisation.policy_at(at) if organisation else _DEFAULTS

    def zone(self, organisation_id: UUID) -> ZoneInfo:
        organisation = self._organisation(organisation_id)
        return ZoneInfo(organisation.zone) if organisation else _UTC

    def goal(self, organisation_id: UUID, goal_id: UUID) -> Goal | None:
        return cast("Goal | None", self._state("goal", organisation_id, goal_id))

    def charter(self, organisation_id: UUID, charter_id: UUID) -> Charter | None:
        return cast("Charter | None", self._state("charter", organisation_id, charter_id))

    def find_event(self, organisation_id: UUID, kind: str, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        """Read from the log itself: what this very batch is about to record has not happened yet."""
        if self._state(kind, organisation_id, stream_id) is None:
            return None
        source = self._states.source
        if isinstance(source, _EventLookup):
            return source.event(organisation_id, stream_id, event_id)
        # An import's staging copy: read aside, while nobody waits for the head's lock.
        ids = [recorded.event_id for recorded in source.stream(organisation_id, stream_id)]
        if event_id is None:
            return ids[-1] if ids else None
        return event_id if event_id in ids else None

    def goal_exists(self, organisation_id: UUID, goal_id: UUID) -> bool:
        return self._state("goal", organisation_id, goal_id) is not None

    def decision(self, organisation_id: UUID, decision_id: UUID) -> Decision | None:
        return cast("Decision | None", self._state("decision", organisation_id, decision_id))

    def live_commitments(self, organisation_id: UUID, owner: UUID) -> tuple[Commitment, ...]:
        """The owner's live promises, found by the standing index, in the order of their ids."""
        goals = (self._state("goal", organisation_id, goal) for goal in self._states.live_goals(organisation_id, owner))
        return tuple(held for goal in goals if (held := commitment(goal)) is not None)

    def cycle(self, organisation_id: UUID, cycle_id: UUID) -> Cycle | None:
        return cast("Cycle | None", self._state("cycle", organisation_id, cycle_id))

    def open_cycle(self, organisation_id: UUID, charter_id: UUID) -> Cycle | None:
        """Found by the standing index as an owner's promises are: two that open at once meet there."""
        return next(
            (self.cycle(organisation_id, found) for found in self._states.live_goals(organisation_id, charter_id)), None
        )

    def successor_of(self, organisation_id: UUID, cycle_id: UUID) -> Cycle | None:
        """Found by the standing index too: a closed cycle stands there under the one that it followed."""
        return next(
            (self.cycle(organisation_id, found) for found in self._states.live_goals(organisation_id, cycle_id)), None
        )

    def next_id(self) -> UUID:
        return self._new_id()

    def _organisation(self, organisation_id: UUID) -> Organisation | None:
        return cast("Organisation | None", self._state("organisation", organisation_id, organisation_id))

    def _state(self, kind: str, organisation_id: UUID, stream_id: UUID) -> object:
        entry = self._states.entry(organisation_id, stream_id)
        return entry.state if entry.kind == kind else None
