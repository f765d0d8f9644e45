"""A decision's history in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.decision import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import format_day, format_instant, join_list, quote

_UNCHANGED = "things stay as they are"


def _opened(event: e.Opened, context: NarrativeContext) -> str:
    texts = {option.id: quote(option.text) for option in event.options}
    ways = list(texts.values())
    choice = f"{', '.join(ways[:-1])} or {ways[-1]}"
    who = join_list([context.name(decider) for decider in event.deciders])
    otherwise = {
        "status_quo": _UNCHANGED,
        "option": f"{texts.get(event.fallback.option or '', 'the option named')} holds",
        "lead_decides": "the lead decides",
    }[event.fallback.rule]
    return (
        f"asked {quote(event.question)} ({choice}), for {who} to decide by consent "
        f"until {format_instant(event.deadline)}; "
        f"otherwise {otherwise}"
    )


def _perspective_shared(event: e.PerspectiveShared, _context: NarrativeContext) -> str:
    return f"shared a perspective{append_text(event.text)}"


def _iter_objections(context: NarrativeContext) -> Iterator[Mapping[str, Any]]:
    for side in (context.after, context.before):
        yield from side.get("objections") or ()


def _objected(event: e.ObjectionRaised, context: NarrativeContext) -> str:
    option = next((held["option"] for held in reversed(context.after.get("objections") or ())), event.option)
    return f"objected to {quote(option)}{append_text(event.text)}"


def _describe_objection(
    event: e.ObjectionIntegrated | e.ObjectionWithdrawn, context: NarrativeContext, *, whose: bool
) -> str:
    """An objection, by the option that it is to and, where asked for, who raised it."""
    for held in _iter_objections(context):
        if held["id"] == str(event.objection):
            by = f"{context.name(held['by'])}'s objection" if whose else "the objection"
            return f"{by} to {quote(held['option'])}"
    return "an objection"


def _integrated(event: e.ObjectionIntegrated, context: NarrativeContext) -> str:
    return f"integrated {_describe_objection(event, context, whose=True)}{append_text(event.how)}"


def _consented(event: e.Consented, context: NarrativeContext) -> str:
    option = next((c["option"] for c in context.after.get("consents") or () if c["by"] == context.party), event.option)
    return f"consented to {quote(option)}: no open objection, safe enough to try"


def _decided(event: e.Decided, context: NarrativeContext) -> str:
    option = context.after.get("decided")
    holds = f"{quote(option)} holds" if option else _UNCHANGED
    match event.by:
        case "consent":
            return f"completed the consent: {holds}"
        case "lead":
            return f"decided as the lead: {holds}"
    return f"the time was over without consent: {holds}"


def _reviewed(event: e.Reviewed, _context: NarrativeContext) -> str:
    following = f", to be looked at again on {format_day(event.next)}" if event.next is not None else ""
    return f"looked at the decision again, and it stands{following}{append_text(event.note)}"


DECISION_NARRATORS: dict[type, Narrator] = {
    e.Opened: _opened,
    e.PerspectiveShared: _perspective_shared,
    e.ObjectionRaised: _objected,
    e.ObjectionIntegrated: _integrated,
    e.ObjectionWithdrawn: lambda x, context: f"took {_describe_objection(x, context, whose=False)} back",
    e.Consented: _consented,
    e.PassedToLead: lambda x, _: (
        f"the time-box ended without consent; the lead decides until {format_instant(x.until)}"
    ),
    e.Decided: _decided,
    e.ReviewSet: lambda x, _: f"set {format_day(x.on)} as the day to look at the decision again",
    e.Reviewed: _reviewed,
    e.Reopened: lambda x, _: f"asked the question again, until {format_instant(x.deadline)}",
}
