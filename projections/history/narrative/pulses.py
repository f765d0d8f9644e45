"""A pulse's history in plain words."""

from __future__ import annotations

from domain.pulse import pulse as p
from projections.history.narrative.context import NarrativeContext, Narrator
from projections.history.narrative.phrases import format_instant


def _opened(event: p.WaveOpened, context: NarrativeContext) -> str:
    whom = "the organisation" if event.team is None else context.name(event.team, "a team")
    asked = sum(cell.members for cell in event.cells)
    return f"asked {whom} {len(event.items)} items ({asked} persons, until {format_instant(event.closes_at)})"


def _closed(event: p.WaveClosed, context: NarrativeContext) -> str:
    if not event.results:
        return "the pulse closed: nothing of it can be shown, as too few answered"
    shown = [
        f"{'all others' if result.team is None else context.name(result.team, 'a team')}: {result.answers} answers"
        for result in event.results
    ]
    return f"the pulse closed ({'; '.join(shown)}); single answers were deleted"


PULSE_NARRATORS: dict[type, Narrator] = {p.WaveOpened: _opened, p.WaveClosed: _closed}
