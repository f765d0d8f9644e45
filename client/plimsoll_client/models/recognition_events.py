"""Models of recognition_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID
from msgspec import Struct


class RecognitionCorrectedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="recognition.corrected.v1"
):
    """The giver said it in other words, or as the other kind."""

    corrects: UUID
    kind: str
    text: str


class RecognitionGivenV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="recognition.given.v1"
):
    """A member recognised what another did for a goal or a cycle."""

    cycle: UUID | None = None
    goal: UUID | None = None
    kind: str
    member: UUID
    ref: str | None = None
    team: UUID | None = None
    text: str


class RecognitionTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="recognition.taken_back.v1"
):
    """The recognition was taken back."""

    corrects: UUID


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "recognition.corrected.v1": RecognitionCorrectedV1,
    "recognition.given.v1": RecognitionGivenV1,
    "recognition.taken_back.v1": RecognitionTakenBackV1,
}
