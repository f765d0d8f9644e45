"""The rules of a decision: who may say what, until when, and the moment at which consent decides it.

Consent means "no open objection, safe enough to try". A decision is decided by consent in the very command that
completes it: the last decider's consent, or the withdrawal of the last objection. The clock does the rest (`timers`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from domain.context import DecisionContext
from domain.decision import acts as a
from domain.decision import events as e
from domain.decision.evolve import evolve
from domain.decision.opening import open_decision, parse_deadline
from domain.decision.state import Decision, Objection
from domain.envelope import Event, NewEvent, Source
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    AnswersRequired,
    AnswersSuperseded,
    Forbidden,
    InTheFuture,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.instants import format_instant
from domain.participation import has_left, is_machine, require_not_left
from domain.reasons import check_reason
from domain.references import as_uuid
from domain.scope_rules import is_lead, is_member
from domain.terms import check_date
from domain.text import is_visible, require_text

MAX_OBJECTIONS = 50
#: Every asking stays with the decision, to be compared with the next.
MAX_ROUNDS = 20

#: Acts that may be taken in each state; a perspective may also be recorded late.
ACTS_BY_STATE: dict[str, tuple[str, ...]] = {
    "open": (
        *("share_perspective", "raise_objection", "integrate_objection", "withdraw_objection"),
        *("consent", "set_review"),
    ),
    "with_lead": ("share_perspective", "decide", "set_review"),
    "decided": ("set_review", "review", "reopen"),
}


def decide(decision: Decision | None, act: a.DecisionAct, world: DecisionContext) -> list[NewEvent]:
    """The facts that `act` leads to. Raises a `Refusal` (domain.errors) where a rule forbids it: nothing happens."""
    if world.at > world.now:
        raise InTheFuture(pointer="/at")
    _check_party(world)
    if isinstance(act, a.Open):
        if decision is not None:
            raise AlreadyExists("this decision exists already", pointer="/ref")
        return [_new_event(open_decision(act, world), act, world)]
    if decision is None:
        raise NotFound("no such decision")
    _require_participant(decision, world)
    _check_state(decision, act, world)
    fact = _new_event(_HANDLERS[type(act)](decision, act, world), act, world)
    after = evolve(decision, world.preview_event("decision", decision.version + 1, fact))
    consented = find_consented_option(after, world) if after is not None else None
    if isinstance(act, a.Consent | a.WithdrawObjection) and consented is not None:
        outcome = e.Decided(option=consented, by="consent", inside_time_box=world.at < decision.deadline)
        return [fact, _new_event(outcome, None, world)]
    return [fact]


def find_consented_option(decision: Decision, world: DecisionContext, *, at: datetime | None = None) -> str | None:
    """The option to which everybody who decides consents and no objection is open; None: not yet.

    Who has left the organisation by `at` (None: the act's time) is not waited for.
    """
    if decision.state != "open":
        return None
    waited_for = {d for d in decision.deciders if not has_left(d, world, at=at)}
    objected = {o.option for o in decision.open_objections}
    for option in (o.id for o in decision.options if o.id not in objected):
        if waited_for and waited_for <= {c.decider for c in decision.consents if c.option == option}:
            return option
    return None


def _new_event(event: Event, act: a.DecisionAct | None, world: DecisionContext) -> NewEvent:
    return NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at, reason=getattr(act, "reason", None))


# --- guards ------------------------------------------------------------------------------------------------------


def _check_party(world: DecisionContext) -> None:
    if world.party is None:
        raise Forbidden("somebody has to say it", allowed=("member",))
    require_not_left(world)
    if is_machine(world, "integration", "auditor"):
        raise Forbidden("an integration or an auditor takes no part in decisions", allowed=("member", "lead"))


def _check_state(decision: Decision, act: a.DecisionAct, world: DecisionContext) -> None:
    name = str(act.__struct_config__.tag)
    if isinstance(act, a.SharePerspective) and decision.opened_at <= world.at < _perspectives_until(decision):
        return
    if name not in ACTS_BY_STATE[decision.state]:
        raise ActNotAllowed(_explain_refusal(decision, name), allowed=_allowed_acts(decision, world))
    if world.at < decision.moved_at:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(decision.moved_at)}",))


def _perspectives_until(decision: Decision) -> datetime:
    """Until when perspectives belong to it."""
    return decision.decided.at if decision.decided is not None else datetime.max.replace(tzinfo=UTC)


def _explain_refusal(decision: Decision, name: str) -> str:
    if decision.state == "open":
        return (
            f"{name} is for a decision whose time-box is over; this one's ends at {format_instant(decision.deadline)}"
        )
    if decision.state == "with_lead" and decision.lead_until is not None:
        return f"the deadline has passed: the lead decides, until {format_instant(decision.lead_until)}"
    outcome = decision.decided
    if outcome is None or outcome.by == "consent":
        return "it is decided, by consent; where it no longer holds, reopen it with a reason"
    how = "its fallback holds" if outcome.by == "fallback" else "the lead has decided"
    return f"the deadline {format_instant(decision.deadline)} has passed and {how}; reopen it with a reason to go on"


def _allowed_acts(decision: Decision, world: DecisionContext) -> tuple[str, ...]:
    """What this party may do instead."""
    leading = is_lead(decision.of, world)
    mine = world.party in (decision.opened_by, *decision.deciders) or leading
    lead_only = {"decide"} if leading else set()
    owned = {"integrate_objection", "set_review", "review", "reopen"} if mine else set()
    voiced = {"share_perspective", "raise_objection", "withdraw_objection"}
    deciding = {"consent"} if world.party in decision.deciders else set()
    return tuple(name for name in ACTS_BY_STATE[decision.state] if name in lead_only | owned | voiced | deciding)


def _require_decider_or_member(decision: Decision, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party decides, or is one of those whose it is: to lead them is not enough."""
    member = world.member(world.party) if world.party is not None else None
    if world.party not in decision.deciders and not is_member(decision.of, member, world):
        raise Forbidden("only its deciders and those whose decision it is have a say", allowed=("decider", "member"))


def _require_participant(decision: Decision, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party decides, asked, or belongs to those whose decision it is.

    Checked before anything that would reveal its state, which not everybody may see.
    """
    member = world.member(world.party) if world.party is not None else None
    if (
        world.party in (decision.opened_by, *decision.deciders)
        or is_member(decision.of, member, world)
        or is_lead(decision.of, world)
    ):
        return
    raise Forbidden("only its deciders and those whose decision it is have a say", allowed=("decider", "member"))


def _require_owner(decision: Decision, world: DecisionContext, *, deciders: bool) -> None:
    """Raise `Forbidden` unless the party opened it, leads here or (`deciders`) decides."""
    if world.party == decision.opened_by or is_lead(decision.of, world):
        return
    if deciders and world.party in decision.deciders:
        return
    others = ("opener", "lead", "decider") if deciders else ("opener", "lead")
    raise Forbidden(f"only the {', the '.join(others[:-1])} or the {others[-1]} may do that", allowed=others)


def _require_option(decision: Decision, option: str) -> str:
    ids = tuple(o.id for o in decision.options)
    if option not in ids:
        raise InvalidField(f"no option {option!r}", pointer="/option", allowed=ids)
    return option


# --- what each act leads to --------------------------------------------------------------------------------------


def _share_perspective(decision: Decision, act: a.SharePerspective, world: DecisionContext) -> Event:
    _require_decider_or_member(decision, world)
    option = _require_option(decision, act.option) if act.option is not None else None
    return e.PerspectiveShared(text=require_text(act.text), option=option)


def _raise_objection(decision: Decision, act: a.RaiseObjection, world: DecisionContext) -> Event:
    _require_decider_or_member(decision, world)
    if len(decision.objections) >= MAX_OBJECTIONS:
        raise ActNotAllowed(f"{MAX_OBJECTIONS} objections are enough: this needs to be talked over", allowed=())
    return e.ObjectionRaised(option=_require_option(decision, act.option), text=require_text(act.text))


def _integrate_objection(decision: Decision, act: a.IntegrateObjection, world: DecisionContext) -> Event:
    _require_owner(decision, world, deciders=False)
    objection = _find_objection(act.objection, decision.open_objections, world)
    return e.ObjectionIntegrated(objection=objection.id, how=require_text(act.how, "/how"))


def _withdraw_objection(decision: Decision, act: a.WithdrawObjection, world: DecisionContext) -> Event:
    own = tuple(o for o in decision.open_objections if o.by == world.party)
    if act.objection is not None:
        named = _find_objection(act.objection, decision.open_objections, world)
        if named not in own:
            raise Forbidden("only who raised an objection takes it back", allowed=tuple(str(o.id) for o in own))
        return e.ObjectionWithdrawn(objection=named.id)
    return e.ObjectionWithdrawn(objection=_find_objection(None, own, world).id)


def _find_objection(ref: str | None, among: tuple[Objection, ...], world: DecisionContext) -> Objection:
    """The objection that `ref` names: by event id, by who raised it, or (None) as the only open one."""
    found = among
    if ref is not None:
        objector = world.id_of("member", ref)
        found = tuple(o for o in among if o.id == as_uuid(ref) or o.by == objector)
    if len(found) == 1:
        return found[0]
    detail = "name the objection: several are open" if found else "no such objection is open"
    open_ids = tuple(str(o.id) for o in among)
    if found:
        raise InvalidField(detail, pointer="/objection", allowed=open_ids)
    raise NotFound(detail, pointer="/objection", allowed=open_ids)


def _consent(decision: Decision, act: a.Consent, world: DecisionContext) -> Event:
    if world.party not in decision.deciders:
        raise Forbidden("only its deciders consent", allowed=_allowed_acts(decision, world))
    option = _require_option(decision, act.option)
    own = tuple(o for o in decision.open_objections if o.by == world.party and o.option == option)
    if own:
        raise ActNotAllowed(
            "your own objection to it is open: withdraw it, or have it integrated", allowed=("withdraw_objection",)
        )
    worded = decision.wording_event(option)
    if act.answers is None and option in decision.amended and world.source is not Source.IMPORT:
        raise AnswersRequired(
            "an objection was integrated into this option: name the event that worded it so",
            pointer="/answers",
            open_event=str(worded),
        )
    if act.answers is not None and as_uuid(act.answers) != worded:
        raise AnswersSuperseded("this option is worded otherwise by now", pointer="/answers", open_event=str(worded))
    return e.Consented(option=option, answers=worded)


def _decide(decision: Decision, act: a.Decide, world: DecisionContext) -> Event:
    if not is_lead(decision.of, world):
        raise Forbidden("it is the lead who decides now", allowed=("lead", "steward"))
    option = _require_option(decision, act.option) if act.option is not None else decision.status_quo
    return e.Decided(option=option, by="lead", inside_time_box=False)


def _set_review(decision: Decision, act: a.SetReview, world: DecisionContext) -> Event:
    _require_owner(decision, world, deciders=True)
    return e.ReviewSet(on=_require_future_date(act.on, "/on", world))


def _review(decision: Decision, act: a.Review, world: DecisionContext) -> Event:
    _require_owner(decision, world, deciders=True)
    return e.Reviewed(
        note=act.note, next=_require_future_date(act.next, "/next", world) if act.next is not None else None
    )


def _require_future_date(value: date, pointer: str, world: DecisionContext) -> date:
    if check_date(value, pointer) < world.today:
        raise InvalidField("a review lies ahead", pointer=pointer, allowed=(f">= {world.today}",))
    return value


def _reopen(decision: Decision, act: a.Reopen, world: DecisionContext) -> Event:
    _require_owner(decision, world, deciders=True)
    if act.reason is None or not is_visible(act.reason.text):
        raise ReasonRequired("say why it is asked again, with a code and words", pointer="/reason")
    check_reason(act.reason)
    if decision.reopen_count + 1 >= MAX_ROUNDS:
        raise ActNotAllowed(f"it was asked {MAX_ROUNDS} times: open another decision", allowed=("open",))
    return e.Reopened(deadline=parse_deadline(act.deadline, world))


_HANDLERS: dict[type, Callable[..., Event]] = {
    a.SharePerspective: _share_perspective,
    a.RaiseObjection: _raise_objection,
    a.IntegrateObjection: _integrate_objection,
    a.WithdrawObjection: _withdraw_objection,
    a.Consent: _consent,
    a.Decide: _decide,
    a.SetReview: _set_review,
    a.Review: _review,
    a.Reopen: _reopen,
}
