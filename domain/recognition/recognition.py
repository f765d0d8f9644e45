"""Recognition: a member says what another did for a goal or a cycle, as a result or in working together."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.envelope import Event, Instant, RecordedEvent
from domain.personal import Personal
from domain.references import Ref
from domain.terms import Text

#: What is recognised: an outcome that was reached, or the way in which a member worked with others.
RecognitionKind = Literal["result", "relationship"]
State = Literal["given", "taken_back"]


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """A recognition's state."""

    id: UUID
    organisation_id: UUID
    ref: str | None = None
    #: Who gave it.
    giver: UUID
    #: Who is recognised.
    member: UUID
    kind: RecognitionKind
    text: str
    #: What it is for: a goal or a cycle.
    goal: UUID | None = None
    cycle: UUID | None = None
    #: The team of that goal or cycle when it was given; None: the organisation's own.
    team: UUID | None = None
    given_at: Instant
    given_event: UUID
    state: State = "given"
    #: The event that holds its present words, and when that was.
    last_event: UUID
    last_at: datetime


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something said in a recognition."""

    #: Whether it carries authority (`domain.authority`): it commits neither side to anything.
    is_authoritative: ClassVar[bool] = False


class GiveRecognition(Act, tag="give", frozen=True, kw_only=True):
    """Recognise what another member did for a goal or a cycle."""

    member: Ref
    kind: RecognitionKind
    text: Text
    #: One of the two.
    goal: Ref | None = None
    cycle: Ref | None = None
    ref: Ref | None = None


class CorrectRecognition(Act, tag="correct", frozen=True, kw_only=True):
    """Say it in other words, or as the other kind; what was said before stays in the history."""

    kind: RecognitionKind | None = None
    text: Text | None = None


class TakeBackRecognition(Act, tag="take_back", frozen=True, kw_only=True):
    """Take it back: it counts no longer, and stays in the history."""


RecognitionAct = GiveRecognition | CorrectRecognition | TakeBackRecognition


class RecognitionGiven(Event, tag="recognition.given.v1", frozen=True, kw_only=True):
    """A member recognised what another did for a goal or a cycle."""

    member: UUID
    kind: RecognitionKind
    text: Personal[str]
    goal: UUID | None = None
    cycle: UUID | None = None
    team: UUID | None = None
    ref: str | None = None


class RecognitionCorrected(Event, tag="recognition.corrected.v1", frozen=True, kw_only=True):
    """The giver said it in other words, or as the other kind."""

    corrects: UUID
    kind: RecognitionKind
    text: Personal[str]


class RecognitionTakenBack(Event, tag="recognition.taken_back.v1", frozen=True, kw_only=True):
    """The recognition was taken back."""

    corrects: UUID


RecognitionEvent = RecognitionGiven | RecognitionCorrected | RecognitionTakenBack


def evolve(recognition: Recognition | None, recorded: RecordedEvent) -> Recognition | None:
    """The state after `recorded`; never fails on a recorded event."""
    event = recorded.data
    if isinstance(event, RecognitionGiven):
        return None if recorded.party is None else _begin(event, recorded.party, recorded)
    if recognition is None:
        return None
    changed: dict[str, object] = {}
    if isinstance(event, RecognitionCorrected):
        changed = {"kind": event.kind, "text": event.text}
    elif isinstance(event, RecognitionTakenBack):
        changed = {"state": "taken_back"}
    return msgspec.structs.replace(recognition, last_event=recorded.event_id, last_at=recorded.occurred_at, **changed)


def _begin(event: RecognitionGiven, giver: UUID, recorded: RecordedEvent) -> Recognition:
    return Recognition(
        id=recorded.stream_id,
        organisation_id=recorded.organisation_id,
        ref=event.ref,
        giver=giver,
        member=event.member,
        kind=event.kind,
        text=event.text,
        goal=event.goal,
        cycle=event.cycle,
        team=event.team,
        given_at=recorded.occurred_at,
        given_event=recorded.event_id,
        last_event=recorded.event_id,
        last_at=recorded.occurred_at,
    )
