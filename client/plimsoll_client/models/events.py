"""Models of events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from msgspec import Raw, Struct, field

from plimsoll_client.models.charters import CharterSummary
from plimsoll_client.models.cycles import ClosedCycle
from plimsoll_client.models.decisions import Decision
from plimsoll_client.models.goals import EndedGoal
from plimsoll_client.models.experiments import Experiment
from plimsoll_client.models.goals import GoalDraft
from plimsoll_client.models.members import MemberSummary
from plimsoll_client.models.goals import NegotiatedGoal
from plimsoll_client.models.organisation import PolicyValues
from plimsoll_client.models.goals import PromisedGoal
from plimsoll_client.models.shared_bodies import Reason
from plimsoll_client.models.cycles import RunningCycle
from plimsoll_client.models.teams import TeamSummary
from plimsoll_client.event_data import EventData


class CloudEvent(EventData, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0.2, structured: the event's Struct as `data`, its envelope as attributes."""

    authid: UUID | None = None
    authtype: str
    causationid: UUID | None = None
    correlationid: UUID
    data: Raw
    datacontenttype: str
    dataschema: str
    deprecated: bool | None = None
    deprecationfrom: datetime | None = None
    deprecationmigration: str | None = None
    deprecationsunset: datetime | None = None
    epoch: str
    id: UUID
    keyid: UUID | None = None
    onbehalfof: UUID | None = None
    partitionkey: str
    reasoncode: str | None = None
    reasontext: str | None = None
    recordedtime: datetime
    recordsource: str
    sequence: str
    source: str
    specversion: str
    streamversion: int
    subject: str
    time: datetime
    type: str


class EventType(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One type of event and where its schema is."""

    dataschema: str
    deprecated_since: date | None = None
    description: str
    successor: str | None = None
    sunset: date | None = None
    type: str


class EventTypes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every type of event."""

    event_types: list[EventType]


class FoundEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event in plain words, and of which stream it is."""

    actor: UUID | None
    after: dict[str, Any]
    before: dict[str, Any]
    causation_id: UUID | None
    data: dict[str, Any]
    event_id: UUID
    key_id: UUID | None
    kind: str
    occurred_at: datetime
    on_behalf_of: UUID | None
    position: int
    reason: Reason | None
    recorded_at: datetime
    source: str
    stream: UUID
    text: str
    type: str
    version: int


class HistorySearchPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of what was found, the latest first, or of what was looked at: it may be empty, with more to look at."""

    events: list[FoundEvent]
    names: dict[str, str] = {}
    next: str | None


class OrganisationState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The organisation and every version of its policies, the last one in force."""

    name: str
    policies: list[PolicyValues]
    zone: str


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stream at one version. The field that is named as `kind` holds it."""

    charter: CharterSummary | None = None
    cycle: RunningCycle | ClosedCycle | None = None
    decision: Decision | None = None
    experiment: Experiment | None = None
    goal: GoalDraft | NegotiatedGoal | PromisedGoal | EndedGoal | None = None
    id: UUID
    kind: str
    member: MemberSummary | None = None
    organisation: OrganisationState | None = None
    state: str | None = None
    team: TeamSummary | None = None
    version: int


class SnapshotEnd(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last line of a snapshot: one that lacks it is not whole."""

    position: int
    resources: int


class SnapshotHead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a snapshot: of which log, and at which position, everything behind it is."""

    epoch: str
    organisation: UUID
    position: int
    recorded_as_of: datetime | None


class SnapshotLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, of the kind that its only field names."""

    end: SnapshotEnd | None = None
    resource: Resource | None = None
    snapshot: SnapshotHead | None = None
