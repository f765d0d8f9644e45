"""Why the work matters: proposed by a member, adopted by a decision or, after the time-box, by the lead.

Each rule raises the `Refusal` of what it forbids.
"""

from __future__ import annotations

from datetime import date, timedelta

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.parts import RuleResult, require_decision_or_lead, require_reason_text, the_only_open
from domain.charter.state import Charter, DecisionSubject, PurposeProposal, PurposeText
from domain.context import DecisionContext
from domain.errors import AlreadyExists, DecisionRequired, InvalidField, NotFound
from domain.references import as_uuid, require_external_reference
from domain.scope_rules import require_lead, require_member
from domain.terms import check_date
from domain.text import require_text

MAX_PROPOSALS = 20
MAX_TIME_BOX_DAYS = 92


def propose(charter: Charter, act: a.ProposePurpose, world: DecisionContext) -> RuleResult:
    """A proposal with its time-box."""
    require_member(charter.of, world)
    if len(charter.proposals) >= MAX_PROPOSALS:
        raise InvalidField(f"{MAX_PROPOSALS} proposals are open already: adopt one of them", pointer="/text")
    why = PurposeText(**{name: getattr(act, name) for name in PurposeText.__struct_fields__})
    for name in ("text", "to_team", "to_clients", "to_organisation"):
        require_text(getattr(why, name), f"/{name}")
    if charter.purpose is not None:
        require_reason_text(act.reason, "proposing another purpose than the one in force needs a reason")
        if why == charter.purpose.why:
            raise InvalidField("this is the purpose already", pointer="/text")
    if act.ref is not None and any(p.ref == act.ref for p in charter.proposals):
        raise AlreadyExists(f"a proposal {act.ref!r} is open already", pointer="/ref")
    event = e.PurposeProposed(
        of=charter.of,
        **{name: getattr(why, name) for name in PurposeText.__struct_fields__},
        until=_parse_time_box_end(act.until, world),
        ref=require_external_reference(act.ref) if act.ref is not None else None,
    )
    return RuleResult(event=event, reason=act.reason)


def _parse_time_box_end(until: date | None, world: DecisionContext) -> date:
    if until is None:
        return world.today + timedelta(days=world.policy.policy.answer_by_days)
    ahead = (check_date(until, "/until") - world.today).days
    if not 0 <= ahead <= MAX_TIME_BOX_DAYS:
        last = world.today + timedelta(days=MAX_TIME_BOX_DAYS)
        raise InvalidField(
            f"a time-box ends today at the earliest, and within {MAX_TIME_BOX_DAYS} days",
            pointer="/until",
            allowed=(f"{world.today}..{last}",),
        )
    return until


def adopt(charter: Charter, act: a.AdoptPurpose, world: DecisionContext) -> RuleResult:
    """The proposal becomes the purpose: its first version, or a revision of the one in force."""
    proposal = _find_open_proposal(charter, act.proposal, world)
    matter = DecisionSubject(charter=charter.id, proposal=proposal.id)
    decision, cause = require_decision_or_lead(charter, act.decision, matter, world)
    if decision is None:
        require_lead(charter.of, world)
        if world.today <= proposal.until:
            raise DecisionRequired(
                f"until the end of {proposal.until} it is for a decision to adopt this; after that the lead may",
                pointer="/decision",
                allowed=("decision", f"after {proposal.until}"),
            )
    words = {name: getattr(proposal.why, name) for name in PurposeText.__struct_fields__}
    said = {"of": charter.of, "proposal": proposal.id, **words, "decision": decision}
    reason = act.reason or proposal.reason
    if charter.purpose is None:
        return RuleResult(event=e.PurposeAdopted(version=1, **said), causation=cause, reason=reason)
    reason = require_reason_text(reason, "revising the purpose needs a reason")
    event = e.PurposeRevised(version=charter.purpose.version + 1, **said)
    return RuleResult(event=event, causation=cause, reason=reason)


def _find_open_proposal(charter: Charter, ref: str | None, world: DecisionContext) -> PurposeProposal:
    meant = the_only_open("proposal", ref, (p.id for p in charter.proposals), world)
    for proposal in charter.proposals:
        if proposal.id == (meant or as_uuid(ref or "")) or (ref is not None and proposal.ref == ref):
            return proposal
    names = tuple(str(p.id) for p in charter.proposals)
    raise NotFound(f"no purpose proposal {ref!r} is open", pointer="/proposal", allowed=names)
