"""An experiment's history in plain words."""

from __future__ import annotations

from domain.experiment import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import format_day, quote


def _proposed(event: e.ExperimentProposed, context: NarrativeContext) -> str:
    owner = "" if str(event.owner) == context.party else f", for {context.name(event.owner)} to see to"
    return (
        f"took up the tension {quote(event.tension.replace('_', ' '))}: {quote(event.hypothesis)}, "
        f"measured by {quote(event.measure)}, to be looked at on {format_day(event.review_on)}{owner}"
    )


def _reviewed(event: e.ExperimentReviewed, _context: NarrativeContext) -> str:
    following = f"to be looked at again on {format_day(event.next)}" if event.next else "to be kept or dropped"
    return f"looked at the experiment, {following}{append_text(event.finding)}"


EXPERIMENT_NARRATORS: dict[type, Narrator] = {
    e.ExperimentProposed: _proposed,
    e.ExperimentAgreed: "agreed to see to the experiment: it runs",
    e.ExperimentDeclined: "declined to see to the experiment",
    e.ExperimentWithdrawn: "took the proposed experiment back",
    e.ExperimentReviewed: _reviewed,
    e.ExperimentKept: lambda x, _: f"kept what was tried{append_text(x.outcome)}",
    e.ExperimentDropped: lambda x, _: f"dropped what was tried{append_text(x.outcome)}",
}
