"""The rules of an experiment: who may take up a tension, who has to agree, and how it comes to an end.

Two parties: who proposes it, and its owner, who is bound by nothing before agreeing. One person in both roles proposes
and agrees in the same command. What it comes to is said by its owner, or by who leads where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, NewEvent, Source
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InTheFuture,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.experiment import acts as a
from domain.experiment import events as e
from domain.experiment.state import Experiment
from domain.instants import format_instant
from domain.participation import has_left, is_machine, require_not_left
from domain.reasons import Reason, check_reason
from domain.scope import ORGANISATION, Scope
from domain.scope_rules import is_lead, is_member, require_member, require_not_closed, resolve_scope
from domain.terms import check_date
from domain.text import is_visible, require_text

#: A look that is further away than half a year is no look.
MAX_REVIEW_DAYS = 183
#: Looks at one experiment; then it is kept or dropped.
MAX_FINDINGS = 50

ACTS_BY_STATE: dict[str, tuple[str, ...]] = {
    "proposed": ("agree", "decline", "withdraw"),
    "running": ("review", "keep", "drop"),
    "kept": (),
    "dropped": (),
    "declined": (),
    "withdrawn": (),
}


def decide(experiment: Experiment | None, act: a.ExperimentAct, world: DecisionContext) -> list[NewEvent]:
    """The facts that `act` leads to; raises a `Refusal` where a rule forbids it."""
    if world.at > world.now:
        raise InTheFuture(pointer="/at")
    _check_party(world)
    if isinstance(act, a.ProposeExperiment):
        if experiment is not None:
            raise AlreadyExists("this experiment exists already", pointer="/ref")
        proposed = _propose(act, world)
        # One person in both roles has agreed by proposing it.
        agreed = [e.ExperimentAgreed()] if proposed.owner == world.party else []
        return [_new_event(event, None, world) for event in (proposed, *agreed)]
    if experiment is None:
        raise NotFound("no such experiment")
    _require_participant(experiment, world)
    name = str(act.__struct_config__.tag)
    if name not in ACTS_BY_STATE[experiment.state]:
        raise ActNotAllowed(_explain_refusal(experiment, name), allowed=_allowed_acts(experiment, world))
    if world.at < experiment.last_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(experiment.last_at)}",))
    return [_new_event(_HANDLERS[type(act)](experiment, act, world), getattr(act, "reason", None), world)]


def _new_event(event: Event, reason: Reason | None, world: DecisionContext) -> NewEvent:
    return NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at, reason=reason)


# --- guards ------------------------------------------------------------------------------------------------------


def _check_party(world: DecisionContext) -> None:
    if world.party is None or is_machine(world, "integration", "auditor"):
        raise Forbidden("an integration or an auditor takes no part in experiments", allowed=("member", "lead"))
    require_not_left(world)


def _require_participant(experiment: Experiment, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party owns or proposed it, or belongs to those whose it is.

    Checked before anything that would reveal its state, which not everybody may see.
    """
    member = world.member(world.party) if world.party is not None else None
    if world.party in (experiment.owner, experiment.proposed_by) or is_lead(experiment.of, world):
        return
    if not is_member(experiment.of, member, world):
        raise Forbidden("this experiment is another team's", allowed=("owner", "member", "lead", "steward"))


def _explain_refusal(experiment: Experiment, name: str) -> str:
    if experiment.state == "proposed":
        return f"{name} is for an experiment that runs; this one's owner has not agreed"
    if experiment.state == "running":
        return f"{name} is for a proposal; this experiment runs"
    return f"this experiment is {experiment.state}: take the tension up anew with another one"


def _allowed_acts(experiment: Experiment, world: DecisionContext) -> tuple[str, ...]:
    """What this party may do instead."""
    if experiment.state == "proposed":
        own = {"agree", "decline"} if world.party == experiment.owner else set()
        withdrawing = world.party == experiment.proposed_by or is_lead(experiment.of, world)
        own |= {"withdraw"} if withdrawing else set()
    else:
        own = {"review", "keep", "drop"} if _may_conclude(experiment, world) else set()
    return tuple(name for name in ACTS_BY_STATE[experiment.state] if name in own)


def _may_conclude(experiment: Experiment, world: DecisionContext) -> bool:
    return world.party == experiment.owner or is_lead(experiment.of, world)


def _require_owner(experiment: Experiment, world: DecisionContext) -> None:
    if world.party != experiment.owner:
        raise Forbidden("only who is asked to see to it answers", allowed=("owner",))


def _require_concluding(experiment: Experiment, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party owns it or leads here: so one whose owner has left can end too."""
    if not _may_conclude(experiment, world):
        raise Forbidden("its owner, the lead or a steward says what came of it", allowed=("owner", "lead", "steward"))


def _require_review_date(value: date | None, pointer: str, world: DecisionContext) -> date:
    latest = world.today + timedelta(days=MAX_REVIEW_DAYS)
    allowed = (f"> {world.today}", f"<= {latest}")
    if value is None:
        detail = "an experiment needs a day on which it is looked at"
        raise InvalidField(detail, pointer=pointer, allowed=allowed)
    if not world.today < check_date(value, pointer) <= latest:
        detail = f"the day on which it is looked at lies ahead, by at most {MAX_REVIEW_DAYS} days"
        raise InvalidField(detail, pointer=pointer, allowed=allowed)
    return value


# --- what each act leads to --------------------------------------------------------------------------------------


def _propose(act: a.ProposeExperiment, world: DecisionContext) -> e.ExperimentProposed:
    of = resolve_scope(act.team or ORGANISATION, world, "/team")
    require_not_closed(of, world, "/team")
    party = require_member(of, world)
    return e.ExperimentProposed(
        tension=act.tension,
        hypothesis=require_text(act.hypothesis, "/hypothesis"),
        measure=require_text(act.measure, "/measure"),
        review_on=_require_review_date(act.review_on, "/review_on", world),
        owner=party if act.owner is None else _resolve_owner(act.owner, of, world),
        of=of,
        ref=require_own_reference(act.ref, "experiment", world),
    )


def _resolve_owner(ref: str, of: Scope, world: DecisionContext) -> UUID:
    """A present member of those whose it is. In an import a member may join only later in the file."""
    owner = world.id_of("member", ref)
    member = world.member(owner)
    if world.source is Source.IMPORT and (member is None or member.joined_at is None):
        return owner
    if member is None or member.joined_at is None:
        raise NotFound(f"no member {ref!r} has joined", pointer="/owner")
    if has_left(owner, world):
        raise InvalidField(f"{ref!r} has left the organisation and can own nothing here", pointer="/owner")
    if not is_member(of, member, world):
        raise InvalidField(f"{ref!r} does not belong to those whose experiment it is", pointer="/owner")
    return owner


def _agree(experiment: Experiment, _act: a.AgreeToExperiment, world: DecisionContext) -> Event:
    _require_owner(experiment, world)
    if experiment.review_on is not None and experiment.review_on <= world.today:
        raise ActNotAllowed(
            "the day on which it was to be looked at has passed: decline it, and propose another",
            allowed=("decline",),
        )
    return e.ExperimentAgreed()


def _decline(experiment: Experiment, act: a.DeclineExperiment, world: DecisionContext) -> Event:
    _require_owner(experiment, world)
    if act.reason is None:
        raise ReasonRequired('a code is enough, such as "capacity"', pointer="/reason")
    check_reason(act.reason)
    return e.ExperimentDeclined()


def _withdraw(experiment: Experiment, _act: a.WithdrawExperiment, world: DecisionContext) -> Event:
    if world.party != experiment.proposed_by and not is_lead(experiment.of, world):
        raise Forbidden("only who proposed it or who leads takes it back", allowed=("proposer", "lead", "steward"))
    return e.ExperimentWithdrawn()


def _review(experiment: Experiment, act: a.ReviewExperiment, world: DecisionContext) -> Event:
    _require_concluding(experiment, world)
    if len(experiment.findings) >= MAX_FINDINGS:
        raise ActNotAllowed(f"it was looked at {MAX_FINDINGS} times: keep it or drop it", allowed=("keep", "drop"))
    following = None if act.next is None else _require_review_date(act.next, "/next", world)
    return e.ExperimentReviewed(finding=require_text(act.finding, "/finding"), next=following)


def _keep(experiment: Experiment, act: a.KeepExperiment, world: DecisionContext) -> Event:
    _require_concluding(experiment, world)
    if not experiment.findings:
        raise ActNotAllowed("nothing is kept unseen: review it first", allowed=("review", "drop"))
    return e.ExperimentKept(outcome=require_text(act.outcome, "/outcome"))


def _drop(experiment: Experiment, act: a.DropExperiment, world: DecisionContext) -> Event:
    _require_concluding(experiment, world)
    if act.reason is None or not is_visible(act.reason.text):
        raise ReasonRequired("say why it ends, with a code and words", pointer="/reason")
    check_reason(act.reason)
    return e.ExperimentDropped(outcome=act.outcome)


_HANDLERS: dict[type, Callable[..., Event]] = {
    a.AgreeToExperiment: _agree,
    a.DeclineExperiment: _decline,
    a.WithdrawExperiment: _withdraw,
    a.ReviewExperiment: _review,
    a.KeepExperiment: _keep,
    a.DropExperiment: _drop,
}
