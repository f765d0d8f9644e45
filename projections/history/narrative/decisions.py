"""A decision's history in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.decision import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import day, join_list, quote

_UNCHANGED = "things stay as they are"


def _moment(value: datetime) -> str:
    """An instant as it reads: 2026-01-16 12:00 UTC."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _opened(event: e.Opened, told: NarrativeContext) -> str:
    texts = {option.id: quote(option.text) for option in event.options}
    ways = list(texts.values())
    choice = f"{', '.join(ways[:-1])} or {ways[-1]}"
    who = join_list([told.name(decider) for decider in event.deciders])
    otherwise = {
        "status_quo": _UNCHANGED,
        "option": f"{texts.get(event.fallback.option or '', 'the option named')} holds",
        "lead_decides": "the lead decides",
    }[event.fallback.rule]
    return (
        f"asked {quote(event.question)} ({choice}), for {who} to decide by consent until {_moment(event.deadline)};"
        f" otherwise {otherwise}"
    )


def _perspective(event: e.PerspectiveShared, _told: NarrativeContext) -> str:
    return f"shared a perspective{append_text(event.text)}"


def _objections(told: NarrativeContext) -> Iterator[Mapping[str, Any]]:
    for side in (told.after, told.before):
        yield from side.get("objections") or ()


def _objected(event: e.ObjectionRaised, told: NarrativeContext) -> str:
    option = next((held["option"] for held in reversed(told.after.get("objections") or ())), event.option)
    return f"objected to {quote(option)}{append_text(event.text)}"


def _objection(event: e.ObjectionIntegrated | e.ObjectionWithdrawn, told: NarrativeContext, *, whose: bool) -> str:
    """An objection, by the option that it is to and, where asked for, who raised it."""
    for held in _objections(told):
        if held["id"] == str(event.objection):
            by = f"{told.name(held['by'])}'s objection" if whose else "the objection"
            return f"{by} to {quote(held['option'])}"
    return "an objection"


def _integrated(event: e.ObjectionIntegrated, told: NarrativeContext) -> str:
    return f"integrated {_objection(event, told, whose=True)}{append_text(event.how)}"


def _consented(event: e.Consented, told: NarrativeContext) -> str:
    option = next((c["option"] for c in told.after.get("consents") or () if c["by"] == told.party), event.option)
    return f"consented to {quote(option)}: no open objection, safe enough to try"


def _decided(event: e.Decided, told: NarrativeContext) -> str:
    option = told.after.get("decided")
    holds = f"{quote(option)} holds" if option else _UNCHANGED
    match event.by:
        case "consent":
            return f"completed the consent: {holds}"
        case "lead":
            return f"decided as the lead: {holds}"
    return f"the time was over without consent: {holds}"


def _reviewed(event: e.Reviewed, _told: NarrativeContext) -> str:
    following = f", to be looked at again on {day(event.next)}" if event.next is not None else ""
    return f"looked at the decision again, and it stands{following}{append_text(event.note)}"


DECISION_NARRATORS: dict[type, Narrator] = {
    e.Opened: _opened,
    e.PerspectiveShared: _perspective,
    e.ObjectionRaised: _objected,
    e.ObjectionIntegrated: _integrated,
    e.ObjectionWithdrawn: lambda x, told: f"took {_objection(x, told, whose=False)} back",
    e.Consented: _consented,
    e.PassedToLead: lambda x, _: f"the time-box ended without consent; the lead decides until {_moment(x.until)}",
    e.Decided: _decided,
    e.ReviewSet: lambda x, _: f"set {day(x.on)} as the day to look at the decision again",
    e.Reviewed: _reviewed,
    e.Reopened: lambda x, _: f"asked the question again, until {_moment(x.deadline)}",
}
