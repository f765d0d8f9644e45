"""What a decision may know besides its own stream: frozen values, read under the append's lock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.charter.state import Charter
from domain.cycle.state import Cycle
from domain.decision.state import Decision
from domain.envelope import NewEvent, RecordedEvent, Source
from domain.errors import InvalidField, NotFound
from domain.goal.state import Goal
from domain.member.member import SEVERAL_TEAMS, Member
from domain.organisation.organisation import Organisation, PolicyVersion
from domain.policy import Policy
from domain.promise_book import PromiseBook
from domain.references import require_external_reference, resolve_stream_id
from domain.team.team import Team

_UTC = ZoneInfo("UTC")
_DEFAULT_POLICY = PolicyVersion(version=0, since=None, policy=Policy())


class StateReader(Protocol):
    """Where the other streams' states come from: the ledger within its transaction, or a test's given history."""

    def state(self, organisation_id: UUID, kind: str, stream_id: UUID) -> Any:
        """The stream's latest state; None where this organisation has none of this kind."""

    def state_at(self, organisation_id: UUID, kind: str, stream_id: UUID, at: datetime) -> Any:
        """The stream's state as its events up to `at` make it, in the order of business time; None: not there yet."""

    def find_event(self, organisation_id: UUID, kind: str, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        """The event of that stream with this id (None: its last one), or None where there is none."""

    def list_streams(self, organisation_id: UUID, listed_under: UUID) -> list[UUID]:
        """The streams that the index lists under this, as of the latest events, in the order of their ids."""

    def promises(self, organisation_id: UUID, owner: UUID) -> PromiseBook:
        """The owner's live promises, as of the latest events."""

    def next_id(self) -> UUID: ...


class DecisionContext:
    """One command's inputs: who acts, when (UTC), on which stream, and the other states that the rules read."""

    def __init__(  # noqa: PLR0913 - a value construction: each is used as it is
        self,
        *,
        reader: StateReader,
        organisation_id: UUID,
        stream_id: UUID,
        at: datetime,
        now: datetime,
        party: UUID | None,
        source: Source,
        roles: frozenset[str] = frozenset(),
        act: Any = None,
        external_source: str | None = None,
    ) -> None:
        self.reader = reader
        self.organisation_id = organisation_id
        self.stream_id = stream_id
        #: Business time of the act: `now`, or earlier in an import.
        self.at = at
        #: When we learn it.
        self.now = now
        #: The member whose act this is: the one acted for, else the actor; None for a timer.
        self.party = party
        self.source = source
        #: Roles of the *acting principal* (an importing steward keeps them while acting for others).
        self.roles = roles
        #: What is decided; None: the sweep.
        self.act = act
        #: The tracker or file that an import's row came from.
        self.external_source = external_source
        self.next_id = reader.next_id

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        organisation = self._organisation()
        return ZoneInfo(organisation.zone) if organisation is not None else _UTC

    @property
    def today(self) -> date:
        """The act's day in the organisation's zone."""
        return self.at.astimezone(self.zone).date()

    @property
    def policy(self) -> PolicyVersion:
        """The policy in force at the act's time."""
        return self.policy_at(self.at)

    def policy_at(self, at: datetime) -> PolicyVersion:
        """The policy in force at an instant of business time."""
        organisation = self._organisation()
        return organisation.policy_at(at) if organisation is not None else _DEFAULT_POLICY

    def watermark_of(self, source: str) -> datetime | None:
        """Up to when the external source has reported everything; None: it sets no watermarks."""
        organisation = self._organisation()
        return organisation.watermark_of(source) if organisation is not None else None

    def id_of(self, kind: str, ref: str) -> UUID:
        """The stream id that a reference names here; the stream need not exist yet."""
        return resolve_stream_id(self.organisation_id, kind, ref)

    def member(self, member_id: UUID) -> Member | None:
        """The member's latest state, or None for one never named by an event of its own."""
        member: Member | None = self.reader.state(self.organisation_id, "member", member_id)
        return member

    def team(self, team_id: UUID) -> Team | None:
        """The team's latest state."""
        team: Team | None = self.reader.state(self.organisation_id, "team", team_id)
        return team

    def goal(self, goal_id: UUID) -> Goal | None:
        """The goal as it stood at the act's time; one that began later, and is named before, as it stands."""
        latest: Goal | None = self.reader.state(self.organisation_id, "goal", goal_id)
        if latest is None or latest.moved_at <= self.at:
            return latest
        then: Goal | None = self.reader.state_at(self.organisation_id, "goal", goal_id, self.at)
        return then or latest

    def has_goal(self, goal_id: UUID) -> bool:
        """Whether there is such a goal, at whatever time it began."""
        return self.reader.state(self.organisation_id, "goal", goal_id) is not None

    def charter(self, charter_id: UUID) -> Charter | None:
        """The charter's latest state."""
        charter: Charter | None = self.reader.state(self.organisation_id, "charter", charter_id)
        return charter

    def cycle(self, cycle_id: UUID) -> Cycle | None:
        """The cycle's latest state."""
        cycle: Cycle | None = self.reader.state(self.organisation_id, "cycle", cycle_id)
        return cycle

    def decision(self, decision_id: UUID) -> Decision | None:
        """The decision's latest state."""
        decision: Decision | None = self.reader.state(self.organisation_id, "decision", decision_id)
        return decision

    # These read the index, as an owner's promises do, so that two acts which change one list at once conflict.

    def open_cycle(self, charter_id: UUID) -> Cycle | None:
        """The cycle that is open now under this charter, as of the latest events."""
        return next(map(self.cycle, self.list_streams(charter_id)), None)

    def successor_of(self, cycle_id: UUID) -> Cycle | None:
        """The closed cycle that followed this one, as of the latest events: it is listed under the one before it."""
        return next(map(self.cycle, self.list_streams(cycle_id)), None)

    def members_of(self, team_id: UUID) -> tuple[Member, ...]:
        """Everybody who is or ever was in the team, as of the latest events; others may be among them."""
        # Listed under their team or, where they have been in several, together.
        listed = {*self.list_streams(team_id), *self.list_streams(SEVERAL_TEAMS)}
        return tuple(member for member in map(self.member, sorted(listed)) if member is not None)

    def list_streams(self, listed_under: UUID) -> list[UUID]:
        """The streams that the index lists under this, as of the latest events."""
        return self.reader.list_streams(self.organisation_id, listed_under)

    def _organisation(self) -> Organisation | None:
        organisation: Organisation | None = self.reader.state(
            self.organisation_id, "organisation", self.organisation_id
        )
        return organisation

    def require_present_member(self, ref: str, pointer: str) -> Member:
        """The joined member that `ref` names; raises `NotFound` naming the field."""
        member = self.member(self.id_of("member", ref))
        if member is None or not member.is_present:
            raise NotFound(f"no member {ref!r} has joined", pointer=pointer)
        return member

    def preview_event(self, kind: str, version: int, fact: NewEvent) -> RecordedEvent:
        """The fact as the fold takes it before it is recorded: no fold reads a position."""
        return RecordedEvent(
            event_id=fact.event_id,
            organisation_id=self.organisation_id,
            stream=f"{kind}/{self.stream_id}",
            version=version,
            type=str(fact.data.__struct_config__.tag),
            occurred_at=fact.occurred_at,
            recorded_at=self.now,
            actor=self.party,
            on_behalf_of=None,
            source=self.source,
            causation_id=None,
            correlation_id=fact.event_id,
            reason=fact.reason,
            position=0,
            log_position=0,
            data=fact.data,
        )


def require_own_reference(ref: str | None, kind: str, world: DecisionContext) -> str | None:
    """The external reference that a stream gives itself; raises `InvalidField` where it would name another stream."""
    if ref is None:
        return None
    composed = require_external_reference(ref)
    if world.id_of(kind, composed) != world.stream_id:
        raise InvalidField(f"{ref!r} names another {kind}: a reference is given at the beginning", pointer="/ref")
    return composed
