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
    closed = "the pulse ended" if context.party is None else "closed the pulse"
    if event.results:
        shown = [
            f"{'all others' if result.team is None else context.name(result.team, 'a team')}: {result.answers} answers"
            for result in event.results
        ]
        return f"{closed} ({'; '.join(shown)}); single answers were deleted"
    if not event.withheld:
        # What came of it is of teams that are not the reader's.
        return f"{closed}; single answers were deleted"
    why = sorted({_WITHHELD[one.rule] for one in event.withheld})
    return f"{closed}: nothing of it can be shown, as {' and '.join(why)}; single answers were deleted"


#: Why a cell's sums are not known.
_WITHHELD: dict[p.WithheldRule, str] = {
    "small_group": "too few answered",
    "small_difference": "beside an earlier pulse it would tell of few",
}


PULSE_NARRATORS: dict[type, Narrator] = {p.WaveOpened: _opened, p.WaveClosed: _closed}
