"""A cycle's history in plain words."""

from __future__ import annotations

from typing import Any

from domain.cycle import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import format_day, join_list, quote

_HOW = {"carried_on": "is carried on", "renegotiated": "is renegotiated", "dropped": "is dropped"}


def _format_count(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _opened(event: e.CycleOpened, _context: NarrativeContext) -> str:
    brought = [
        _format_count(len(held), what)
        for held, what in ((event.goals, "goal"), (event.carried, "open improvement"), (event.learned, "lesson"))
        if held
    ]
    when = f"from {format_day(event.starts)} to {format_day(event.ends)}"
    with_it = f", with {join_list(brought)}" if brought else ""
    return (
        f"opened the cycle {quote(event.name)} {when}{with_it}, and restated version {event.purpose.version} of the"
        f" purpose{append_text(event.to_team, '; to the team: ')}{append_text(event.to_clients, '; to clients: ')}"
        f"{append_text(event.to_organisation, '; to the organisation: ')}"
    )


def _reflected(event: e.ReflectionShared, _context: NarrativeContext) -> str:
    parts = [f"what worked{append_text(event.worked)}"] if event.worked.strip() else []
    parts += [f"what can improve{append_text(event.improve)}"] if event.improve.strip() else []
    return f"reflected: {'; '.join(parts)}"


def _quote_improvement(event: Any, context: NarrativeContext) -> str:
    """By its text, which the state before knew."""
    for held in context.before.get("improvements") or ():
        if held["id"] == str(event.improvement):
            return quote(held["text"])
    return "an improvement"


def _agreed(event: e.ImprovementAgreed, context: NarrativeContext) -> str:
    owner = context.name(event.owner)
    return f"agreed an improvement: {quote(event.text)}, which {owner} sees to by {format_day(event.due)}"


def _learning_recorded(event: e.LearningRecorded, context: NarrativeContext) -> str:
    of = f" from {context.title(event.goal)}" if event.goal is not None else ""
    return f"wrote down what was learnt{of}{append_text(event.text)}"


def _closed(event: e.CycleClosed, _context: NarrativeContext) -> str:
    counts = {
        "carried on": sum(g.how == "carried_on" for g in event.goals),
        "renegotiated": sum(g.how == "renegotiated" for g in event.goals),
        "dropped": sum(g.how == "dropped" for g in event.goals),
        "kept": sum(g.state == "satisfied" for g in event.goals),
    }
    context = [f"{count} {what}" for what, count in counts.items() if count]
    return f"closed the cycle{f': of its goals {join_list(context)}' if context else ''}"


CYCLE_NARRATORS: dict[type, Narrator] = {
    e.CycleOpened: _opened,
    e.GoalIncluded: lambda x, context: f"put {context.title(x.goal)} into the cycle",
    e.ContributionCredited: lambda x, context: (
        f"credited {context.name(x.member)} with a contribution to {context.title(x.goal)}{append_text(x.text)}"
    ),
    e.ReflectionShared: _reflected,
    e.ImprovementAgreed: _agreed,
    e.ImprovementDone: lambda x, context: f"saw {_quote_improvement(x, context)} done",
    e.ImprovementDropped: lambda x, context: f"let go of {_quote_improvement(x, context)}",
    e.LearningRecorded: _learning_recorded,
    e.GoalSettled: lambda x, context: f"settled that {context.title(x.goal)} {_HOW[x.how]}",
    e.CycleClosed: _closed,
}
