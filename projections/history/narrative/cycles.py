"""A cycle's history in plain words."""

from __future__ import annotations

from typing import Any

from domain.cycle import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import day, join_list, quote

_HOW = {"carried_on": "is carried on", "renegotiated": "is renegotiated", "dropped": "is dropped"}


def _number(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _opened(event: e.CycleOpened, _told: NarrativeContext) -> str:
    brought = [
        _number(len(held), what)
        for held, what in ((event.goals, "goal"), (event.carried, "open improvement"), (event.learned, "lesson"))
        if held
    ]
    when = f"from {day(event.starts)} to {day(event.ends)}"
    with_it = f", with {join_list(brought)}" if brought else ""
    return (
        f"opened the cycle {quote(event.name)} {when}{with_it}, and restated version {event.purpose.version} of the"
        f" purpose{append_text(event.to_team, '; to the team: ')}{append_text(event.to_clients, '; to clients: ')}"
        f"{append_text(event.to_organisation, '; to the organisation: ')}"
    )


def _reflected(event: e.ReflectionShared, _told: NarrativeContext) -> str:
    parts = [f"what worked{append_text(event.worked)}"] if event.worked.strip() else []
    parts += [f"what can improve{append_text(event.improve)}"] if event.improve.strip() else []
    return f"reflected: {'; '.join(parts)}"


def _improvement(event: Any, told: NarrativeContext) -> str:
    """By its text, which the state before knew."""
    for held in told.before.get("improvements") or ():
        if held["id"] == str(event.improvement):
            return quote(held["text"])
    return "an improvement"


def _agreed(event: e.ImprovementAgreed, told: NarrativeContext) -> str:
    return f"agreed an improvement: {quote(event.text)}, which {told.name(event.owner)} sees to by {day(event.due)}"


def _learnt(event: e.LearningRecorded, told: NarrativeContext) -> str:
    of = f" from {told.title(event.goal)}" if event.goal is not None else ""
    return f"wrote down what was learnt{of}{append_text(event.text)}"


def _closed(event: e.CycleClosed, _told: NarrativeContext) -> str:
    counts = {
        "carried on": sum(g.how == "carried_on" for g in event.goals),
        "renegotiated": sum(g.how == "renegotiated" for g in event.goals),
        "dropped": sum(g.how == "dropped" for g in event.goals),
        "kept": sum(g.state == "satisfied" for g in event.goals),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return f"closed the cycle{f': of its goals {join_list(told)}' if told else ''}"


CYCLE_NARRATORS: dict[type, Narrator] = {
    e.CycleOpened: _opened,
    e.GoalIncluded: lambda x, told: f"put {told.title(x.goal)} into the cycle",
    e.ContributionCredited: lambda x, told: (
        f"credited {told.name(x.member)} with a contribution to {told.title(x.goal)}{append_text(x.text)}"
    ),
    e.ReflectionShared: _reflected,
    e.ImprovementAgreed: _agreed,
    e.ImprovementDone: lambda x, told: f"saw {_improvement(x, told)} done",
    e.ImprovementDropped: lambda x, told: f"let go of {_improvement(x, told)}",
    e.LearningRecorded: _learnt,
    e.GoalSettled: lambda x, told: f"settled that {told.title(x.goal)} {_HOW[x.how]}",
    e.CycleClosed: _closed,
}
