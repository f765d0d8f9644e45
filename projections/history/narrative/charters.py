"""A charter's history in plain words."""

from __future__ import annotations

from typing import Any

from domain.charter import events as e
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.phrases import day, quote


def _purpose(event: e.PurposeFact) -> str:
    said = f"{quote(event.text)}{append_text(event.to_team, '; to the team: ')}"
    said += append_text(event.to_clients, "; to clients: ")
    said += append_text(event.to_organisation, "; to the organisation: ")
    said += append_text(event.to_stakeholders, "; to stakeholders: ")
    return said + append_text(event.to_society, "; to society: ")


def _adopted(event: e.PurposeAdopted, _told: NarrativeContext) -> str:
    return f"adopted the purpose{_by(event)}: {_purpose(event)}"


def _revised(event: e.PurposeRevised, _told: NarrativeContext) -> str:
    return f"revised the purpose{_by(event)}, now version {event.version}: {_purpose(event)}"


def _by(event: Any) -> str:
    return " as decided together" if event.decision is not None else ""


def _words(event: Any, told: NarrativeContext) -> str:
    """The non-negotiable by its words as they were then."""
    for side in (told.after, told.before):
        for held in side.get("non_negotiables") or ():
            if held["id"] == str(event.non_negotiable):
                return quote(held["text"])
    return "a non-negotiable"


def _was(part: str, identity: object, field: str, told: NarrativeContext) -> str:
    """A freedom or ritual that goes, by what it was."""
    for held in told.before.get(part) or ():
        if held["id"] == str(identity):
            return quote(held[field])
    return f"a {part.rstrip('s').replace('ie', 'y')}"


def _rhythm(event: e.RitualSet | e.RitualChanged) -> str:
    every = "every day" if event.cadence_days == 1 else f"every {event.cadence_days} days"
    how = "async" if event.mode == "async" else "together"
    return f"{every}, {event.minutes} minutes, {how}"


CHARTER_NARRATORS: dict[type, Narrator] = {
    e.PurposeProposed: lambda x, _: f"proposed the purpose {_purpose(x)}; to be decided by {day(x.until)}",
    e.PurposeAdopted: _adopted,
    e.PurposeRevised: _revised,
    e.NonNegotiableAdopted: lambda x, _: f"adopted the non-negotiable {quote(x.text)}{_by(x)}",
    e.NonNegotiableRevised: lambda x, _: f"revised a non-negotiable{_by(x)}, now version {x.version}: {quote(x.text)}",
    e.NonNegotiableRetired: lambda x, told: f"retired the non-negotiable {_words(x, told)}",
    e.PutInForce: "put the charter in force",
    e.Acknowledged: lambda x, told: f"acknowledged version {x.version} of {_words(x, told)}",
    e.BreachRaised: lambda x, told: f"said that a non-negotiable was not kept, {_words(x, told)}{append_text(x.text)}",
    e.RepairAgreed: lambda x, _: f"closed a breach with a repair talk{append_text(x.text)}",
    e.FreedomGranted: lambda x, _: (
        f"granted the freedom {quote(x.text)}, which serves version {x.purpose_version} of the purpose"
    ),
    e.FreedomWithdrawn: lambda x, told: f"withdrew the freedom {_was('freedoms', x.freedom, 'text', told)}",
    e.RitualSet: lambda x, _: f"set the ritual {quote(x.name)}: {_rhythm(x)}",
    e.RitualChanged: lambda x, _: f"changed the ritual {quote(x.name)}: {_rhythm(x)}",
    e.RitualEnded: lambda x, told: f"ended the ritual {_was('rituals', x.ritual, 'name', told)}",
    e.Reviewed: "reviewed the charter: it still holds",
}
