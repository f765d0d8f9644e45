"""Models of experiment_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Scope
from plimsoll_client.models.event_parts_bodies import Tension


class ExperimentAgreedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.agreed.v1"
):
    """Its owner agreed: it runs."""


class ExperimentDeclinedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.declined.v1"
):
    """Who was asked to see to it did not agree."""


class ExperimentDroppedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.dropped.v1"
):
    """It is over, for a reason: what came of it."""

    outcome: str = ""


class ExperimentKeptV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.kept.v1"
):
    """It helped, and stays: what came of it."""

    outcome: str


class ExperimentProposedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.proposed.v1"
):
    """Something was proposed to be tried about a tension, to be looked at on a day, and by whom."""

    hypothesis: str
    measure: str
    of: Scope
    owner: UUID
    ref: str | None = None
    review_on: date
    tension: Tension


class ExperimentReviewedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.reviewed.v1"
):
    """It was looked at: what was found, and when it is looked at again; without a day it is to be kept or dropped."""

    finding: str
    next: date | None = None


class ExperimentWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="experiment.withdrawn.v1"
):
    """The proposal was taken back before its owner had answered."""


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "experiment.agreed.v1": ExperimentAgreedV1,
    "experiment.declined.v1": ExperimentDeclinedV1,
    "experiment.dropped.v1": ExperimentDroppedV1,
    "experiment.kept.v1": ExperimentKeptV1,
    "experiment.proposed.v1": ExperimentProposedV1,
    "experiment.reviewed.v1": ExperimentReviewedV1,
    "experiment.withdrawn.v1": ExperimentWithdrawnV1,
}
