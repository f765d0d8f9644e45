"""Non-negotiables: 3 to 5 in force, acknowledged by everybody, and what is done where one was not kept.

Each rule raises the `Refusal` of what it forbids.
"""

from __future__ import annotations

from uuid import UUID

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.parts import (
    RuleResult,
    external_reference,
    find_non_negotiable,
    new_part_id,
    require_decision_or_lead,
    require_reason_text,
    the_only_open,
)
from domain.charter.state import (
    MAX_NON_NEGOTIABLES,
    MIN_NON_NEGOTIABLES,
    Breach,
    Charter,
    DecisionSubject,
    resolve_charter_id,
)
from domain.context import DecisionContext
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NonNegotiableCount,
    NoPurpose,
    NotAParty,
    NotFound,
    OutOfOrder,
    VersionSuperseded,
)
from domain.instants import format_instant
from domain.references import as_uuid, require_external_reference
from domain.scope_rules import is_member, require_lead, require_member
from domain.text import require_text

MAX_OPEN_BREACHES = 100


def adopt(charter: Charter, act: a.AdoptNonNegotiable, world: DecisionContext) -> RuleResult:
    """One more; never a sixth."""
    identity = new_part_id(charter, "non_negotiable", act.non_negotiable, charter.non_negotiables, world)
    matter = DecisionSubject(charter=charter.id, non_negotiable=identity)
    decision, cause = require_decision_or_lead(charter, act.decision, matter, world, words=act.text)
    if len(charter.non_negotiables_in_force) >= MAX_NON_NEGOTIABLES:
        raise NonNegotiableCount(
            f"{MAX_NON_NEGOTIABLES} non-negotiables are enough: a sixth would take the place of one",
            allowed=("retire_non_negotiable", "revise_non_negotiable"),
        )
    event = e.NonNegotiableAdopted(
        of=charter.of,
        non_negotiable=identity,
        version=1,
        text=require_text(act.text, "/text"),
        ref=external_reference(act.non_negotiable),
        decision=decision,
    )
    return RuleResult(event=event, causation=cause, reason=act.reason)


def revise(charter: Charter, act: a.ReviseNonNegotiable, world: DecisionContext) -> RuleResult:
    """Its next version."""
    stands = find_non_negotiable(charter, act.non_negotiable)
    matter = DecisionSubject(charter=charter.id, non_negotiable=stands.id)
    decision, cause = require_decision_or_lead(charter, act.decision, matter, world, words=act.text)
    reason = require_reason_text(act.reason, "revising a non-negotiable needs a reason")
    if require_text(act.text, "/text") == stands.text:
        raise InvalidField("these are its words already", pointer="/text")
    event = e.NonNegotiableRevised(
        of=charter.of, non_negotiable=stands.id, version=stands.version + 1, text=act.text, decision=decision
    )
    return RuleResult(event=event, causation=cause, reason=reason)


def retire(charter: Charter, act: a.RetireNonNegotiable, world: DecisionContext) -> RuleResult:
    """It stands no longer; of a charter in force three are left."""
    require_lead(charter.of, world)
    stands = find_non_negotiable(charter, act.non_negotiable)
    reason = require_reason_text(act.reason, "retiring a non-negotiable needs a reason")
    if charter.in_force_since is not None and len(charter.non_negotiables_in_force) <= MIN_NON_NEGOTIABLES:
        raise NonNegotiableCount(
            f"a charter in force has {MIN_NON_NEGOTIABLES} at least: adopt another one before this one goes",
            allowed=("adopt_non_negotiable", "revise_non_negotiable"),
        )
    return RuleResult(event=e.NonNegotiableRetired(of=charter.of, non_negotiable=stands.id), reason=reason)


def put_in_force(charter: Charter, act: a.PutInForce, world: DecisionContext) -> RuleResult:
    """A purpose, and 3 to 5 non-negotiables: from now on always."""
    require_lead(charter.of, world)
    if charter.in_force_since is not None:
        raise ActNotAllowed("this charter is in force already", allowed=("review",))
    if charter.purpose is None:
        raise NoPurpose("a charter is in force for a purpose: adopt one first", allowed=("adopt_purpose",))
    if len(charter.non_negotiables_in_force) < MIN_NON_NEGOTIABLES:
        raise NonNegotiableCount(
            f"{len(charter.non_negotiables_in_force)} of {MIN_NON_NEGOTIABLES} to {MAX_NON_NEGOTIABLES}"
            " non-negotiables are adopted",
            allowed=("adopt_non_negotiable",),
        )
    return RuleResult(event=e.PutInForce(of=charter.of), reason=act.reason)


def acknowledge(charter: Charter, act: a.Acknowledge, world: DecisionContext) -> RuleResult:
    """Everybody for themselves, and the version that stands."""
    party = world.party
    if party is None or not is_member(charter.of, world.member(party), world):
        raise Forbidden("its members acknowledge a non-negotiable", allowed=("member",))
    if act.member is not None and world.id_of("member", act.member) != party:
        raise NotAParty("nobody acknowledges for another", pointer="/member", allowed=(str(party),))
    stands = find_non_negotiable(charter, act.non_negotiable)
    if act.version != stands.version:
        raise VersionSuperseded(
            f"version {act.version} is not the current one: version {stands.version} says {stands.text!r}",
            pointer="/version",
            allowed=(str(stands.version),),
        )
    if world.at < stands.since:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(stands.since)}",))
    if any(said.member == party for said in stands.acknowledged):
        raise AlreadyExists(f"you have acknowledged version {stands.version} already", pointer="/non_negotiable")
    event = e.Acknowledged(of=charter.of, member=party, non_negotiable=stands.id, version=stands.version)
    return RuleResult(event=event, reason=act.reason)


def raise_breach(charter: Charter, act: a.RaiseBreach, world: DecisionContext) -> RuleResult:
    """About an event of this organisation, not about a person."""
    require_member(charter.of, world)
    stands = find_non_negotiable(charter, act.non_negotiable)
    if world.at < stands.since:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(stands.since)}",))
    if len(charter.breaches) >= MAX_OPEN_BREACHES:
        raise InvalidField(f"{MAX_OPEN_BREACHES} breaches await their repair talk", pointer="/non_negotiable")
    if act.ref is not None and any(b.ref == act.ref for b in charter.breaches):
        raise AlreadyExists(f"a breach {act.ref!r} is open already", pointer="/ref")
    event = e.BreachRaised(
        of=charter.of,
        non_negotiable=stands.id,
        version=stands.version,
        about=_check_breach_target(act.about, world),
        text=require_text(act.text, "/text"),
        ref=require_external_reference(act.ref) if act.ref is not None else None,
    )
    return RuleResult(event=event, reason=act.reason)


def _check_breach_target(about: a.EventReference, world: DecisionContext) -> UUID:
    """The id of the event that is meant; raises `InvalidField` or `NotFound`."""
    named = {kind: ref for kind in ("goal", "cycle", "decision", "charter") if (ref := getattr(about, kind))}
    if len(named) != 1:
        raise InvalidField(
            "a breach is about one event: say what it happened to, and its id where it is not the last one",
            pointer="/about",
            allowed=("goal", "cycle", "decision", "charter"),
        )
    [(kind, ref)] = named.items()
    stream = resolve_charter_id(world.organisation_id, ref) if kind == "charter" else world.id_of(kind, ref)
    event = world.reader.find_event(world.organisation_id, kind, stream, about.event)
    if event is None:
        what = f"no {kind} {ref!r}" if about.event is None else f"no event {about.event} of {kind} {ref!r}"
        raise NotFound(what, pointer=f"/about/{kind if about.event is None else 'event'}")
    return event


def agree_repair(charter: Charter, act: a.AgreeRepair, world: DecisionContext) -> RuleResult:
    """The talk was held: what was agreed closes the breach."""
    require_member(charter.of, world)
    breach = _find_open_breach(charter, act.breach, world)
    if world.at < breach.at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(breach.at)}",))
    event = e.RepairAgreed(of=charter.of, breach=breach.id, text=require_text(act.text, "/text"))
    return RuleResult(event=event, reason=act.reason)


def _find_open_breach(charter: Charter, ref: str | None, world: DecisionContext) -> Breach:
    meant = the_only_open("breach", ref, (b.id for b in charter.breaches), world) or as_uuid(ref or "")
    for breach in charter.breaches:
        if breach.id == meant or (ref is not None and breach.ref == ref):
            return breach
    names = tuple(str(b.id) for b in charter.breaches)
    raise NotFound(f"no open breach {ref!r}", pointer="/breach", allowed=names)
