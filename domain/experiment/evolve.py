"""An experiment's state after each event; never fails on a recorded one, in whatever order they are recorded."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from domain.envelope import RecordedEvent
from domain.experiment import events as e
from domain.experiment.state import Experiment, ExperimentFinding, ExperimentState


def evolve(experiment: Experiment | None, recorded: RecordedEvent) -> Experiment | None:
    """The experiment after `recorded`."""
    event: Any = recorded.data
    if isinstance(event, e.ExperimentProposed):
        return _proposed(event, recorded)
    if experiment is None:
        return None
    last_at = max(experiment.last_at, recorded.occurred_at)
    after = _apply(experiment, event, recorded)
    return replace(after, version=recorded.version, last_at=last_at)


def _apply(experiment: Experiment, event: Any, recorded: RecordedEvent) -> Experiment:
    match event:
        case e.ExperimentAgreed():
            return replace(experiment, state="running", agreed_at=recorded.occurred_at)
        case e.ExperimentDeclined():
            return _ended(experiment, "declined", recorded)
        case e.ExperimentWithdrawn():
            return _ended(experiment, "withdrawn", recorded)
        case e.ExperimentReviewed():
            found = ExperimentFinding(
                id=recorded.event_id, text=event.finding, at=recorded.occurred_at, by=recorded.party
            )
            return replace(experiment, findings=(*experiment.findings, found), review_on=event.next)
        case e.ExperimentKept():
            return replace(_ended(experiment, "kept", recorded), outcome=event.outcome)
        case e.ExperimentDropped():
            return replace(_ended(experiment, "dropped", recorded), outcome=event.outcome)
    return experiment


def _ended(experiment: Experiment, state: ExperimentState, recorded: RecordedEvent) -> Experiment:
    ended = {"ended_at": recorded.occurred_at, "ended_event": recorded.event_id}
    return replace(experiment, state=state, review_on=None, **ended)


def _proposed(event: e.ExperimentProposed, recorded: RecordedEvent) -> Experiment:
    return Experiment(
        id=recorded.stream_id,
        version=recorded.version,
        state="proposed",
        tension=event.tension,
        hypothesis=event.hypothesis,
        measure=event.measure,
        owner=event.owner,
        of=event.of,
        proposed_by=recorded.party,
        proposed_at=recorded.occurred_at,
        proposed_event=recorded.event_id,
        review_on=event.review_on,
        ref=event.ref,
        last_at=recorded.occurred_at,
    )
