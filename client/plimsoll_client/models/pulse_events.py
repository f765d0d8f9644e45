"""Models of pulse_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import PulseCell
from plimsoll_client.models.event_parts import PulseItem
from plimsoll_client.models.event_parts import PulseResult
from plimsoll_client.models.event_parts import WithheldPulseResult


class PulseWaveClosedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="pulse.wave_closed.v1"
):
    """The wave is over: sums of five answers and more, and which are withheld. Single answers are nowhere any more."""

    results: list[PulseResult]
    withheld: list[WithheldPulseResult]


class PulseWaveOpenedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="pulse.wave_opened.v1"
):
    """A team or the organisation was asked how it stands with them."""

    cells: list[PulseCell]
    closes_at: datetime
    items: list[PulseItem]
    ref: str | None = None
    team: UUID | None = None


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "pulse.wave_closed.v1": PulseWaveClosedV1,
    "pulse.wave_opened.v1": PulseWaveOpenedV1,
}
