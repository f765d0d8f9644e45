"""A recognition's history in plain words."""

from __future__ import annotations

from domain.recognition import recognition as r
from projections.history.narrative.context import NarrativeContext, Narrator, append_text

_KINDS = {"result": "a result", "relationship": "the way of working together"}


def _given(event: r.RecognitionGiven, context: NarrativeContext) -> str:
    occasion = context.title(event.goal) if event.goal is not None else f"the cycle {context.title(event.cycle)}"
    if event.cycle is not None and str(event.cycle) not in context.names:
        occasion = "a cycle"
    return f"recognised {context.name(event.member)} for {occasion} ({_KINDS[event.kind]}){append_text(event.text)}"


def _corrected(event: r.RecognitionCorrected, _context: NarrativeContext) -> str:
    return f"put the recognition in other words ({_KINDS[event.kind]}){append_text(event.text)}"


RECOGNITION_NARRATORS: dict[type, Narrator] = {
    r.RecognitionGiven: _given,
    r.RecognitionCorrected: _corrected,
    r.RecognitionTakenBack: "took the recognition back",
}
