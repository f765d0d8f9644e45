"""A charter's history in plain words."""

from __future__ import annotations

from typing import Any

from domain.charter import events as e
from domain.charter.state import PersonSight
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import format_day, quote


def _format_purpose(event: e.PurposeFact) -> str:
    said = f"{quote(event.text)}{append_text(event.to_team, '; to the team: ')}"
    said += append_text(event.to_clients, "; to clients: ")
    said += append_text(event.to_organisation, "; to the organisation: ")
    said += append_text(event.to_stakeholders, "; to stakeholders: ")
    return said + append_text(event.to_society, "; to society: ")


def _adopted(event: e.PurposeAdopted, _context: NarrativeContext) -> str:
    return f"adopted the purpose{_format_decided_together(event)}: {_format_purpose(event)}"


def _revised(event: e.PurposeRevised, _context: NarrativeContext) -> str:
    return (
        f"revised the purpose{_format_decided_together(event)}, now version {event.version}: {_format_purpose(event)}"
    )


def _format_decided_together(event: Any) -> str:
    return " as decided together" if event.decision is not None else ""


def _quote_non_negotiable(event: Any, context: NarrativeContext) -> str:
    """The non-negotiable by its words as they were then."""
    for side in (context.after, context.before):
        for held in side.get("non_negotiables") or ():
            if held["id"] == str(event.non_negotiable):
                return quote(held["text"])
    return "a non-negotiable"


def _quote_removed_part(part: str, identity: object, field: str, context: NarrativeContext) -> str:
    """A freedom or ritual that goes, by what it was."""
    for held in context.before.get(part) or ():
        if held["id"] == str(identity):
            return quote(held[field])
    return f"a {part.rstrip('s').replace('ie', 'y')}"


def _format_cadence(event: e.RitualSet | e.RitualChanged) -> str:
    every = "every day" if event.cadence_days == 1 else f"every {event.cadence_days} days"
    how = "async" if event.mode == "async" else "together"
    return f"{every}, {event.minutes} minutes, {how}"


_SIGHT_WORDS: dict[PersonSight, str] = {
    "stewards": "the member, the lead, stewards and auditors",
    "lead": "the member and the lead alone",
    "member": "the member alone",
}

CHARTER_NARRATORS: dict[type, Narrator] = {
    e.PurposeProposed: lambda x, _: (
        f"proposed the purpose {_format_purpose(x)}; to be decided by {format_day(x.until)}"
    ),
    e.PurposeAdopted: _adopted,
    e.PurposeRevised: _revised,
    e.NonNegotiableAdopted: lambda x, _: f"adopted the non-negotiable {quote(x.text)}{_format_decided_together(x)}",
    e.NonNegotiableRevised: lambda x, _: (
        f"revised a non-negotiable{_format_decided_together(x)}, now version {x.version}: {quote(x.text)}"
    ),
    e.NonNegotiableRetired: lambda x, context: f"retired the non-negotiable {_quote_non_negotiable(x, context)}",
    e.PutInForce: "put the charter in force",
    e.Acknowledged: lambda x, context: f"acknowledged version {x.version} of {_quote_non_negotiable(x, context)}",
    e.BreachRaised: lambda x, context: (
        f"said that a non-negotiable was not kept, {_quote_non_negotiable(x, context)}{append_text(x.text)}"
    ),
    e.RepairAgreed: lambda x, _: f"closed a breach with a repair talk{append_text(x.text)}",
    e.FreedomGranted: lambda x, _: (
        f"granted the freedom {quote(x.text)}, which serves version {x.purpose_version} of the purpose"
    ),
    e.FreedomWithdrawn: lambda x, context: (
        f"withdrew the freedom {_quote_removed_part('freedoms', x.freedom, 'text', context)}"
    ),
    e.RitualSet: lambda x, _: f"set the ritual {quote(x.name)}: {_format_cadence(x)}",
    e.RitualChanged: lambda x, _: f"changed the ritual {quote(x.name)}: {_format_cadence(x)}",
    e.RitualEnded: lambda x, context: f"ended the ritual {_quote_removed_part('rituals', x.ritual, 'name', context)}",
    e.SightSet: lambda x, _: f"set that figures of the team's members are for {_SIGHT_WORDS[x.persons]}",
    e.Reviewed: "reviewed the charter: it still holds",
}
