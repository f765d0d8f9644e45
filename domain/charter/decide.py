"""The rules of a charter, act by act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter import freedoms_and_rituals, non_negotiables, purpose, sight
from domain.charter.parts import RuleResult
from domain.charter.state import Charter, charter_id
from domain.context import DecisionContext
from domain.envelope import NewEvent
from domain.errors import (
    ActNotAllowed,
    Forbidden,
    InTheFuture,
    InvalidField,
    NotFound,
    OutOfOrder,
    Refusal,
    VersionSuperseded,
)
from domain.instants import format_instant
from domain.participation import is_machine, require_not_left
from domain.reasons import check_reason
from domain.scope import Scope
from domain.scope_rules import require_lead, require_not_closed, resolve_scope

#: Facts that may be recorded late; every other act must follow the charter's last one in business time.
_BACK_DATABLE_ACTS = (a.Acknowledge, a.RaiseBreach, a.AgreeRepair, a.Review)


def decide(charter: Charter | None, act: a.CharterAct, world: DecisionContext) -> list[NewEvent]:
    """The facts that `act` leads to; raises a `Refusal` where a rule forbids it. The first act begins the charter."""
    if world.at > world.now:
        raise InTheFuture(pointer="/at")
    state = charter or Charter(id=world.stream_id, of=_resolve_scope(charter, act, world))
    _resolve_scope(charter, act, world)
    _check_party(world)
    if not isinstance(act, a.AgreeRepair):
        require_not_closed(state.of, world, None)
    if state.moved_at is not None and world.at < state.moved_at and not isinstance(act, _BACK_DATABLE_ACTS):
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(state.moved_at)}",))
    if act.reason is not None:
        check_reason(act.reason)
    ruled = _apply_rule(state, act, world)
    return [
        NewEvent(
            event_id=world.next_id(),
            data=ruled.event,
            occurred_at=world.at,
            reason=ruled.reason,
            causation_id=ruled.causation,
        )
    ]


def _apply_rule(charter: Charter, act: a.CharterAct, world: DecisionContext) -> RuleResult:
    """What the act comes to; a fact recorded late may be about what stood then and stands no longer."""
    rule = _RULES[type(act)]
    try:
        return rule(charter, act, world)
    except (NotFound, OutOfOrder, VersionSuperseded) as refusal:
        late = charter.moved_at is not None and world.at < charter.moved_at
        then = world.reader.state_at(world.organisation_id, "charter", charter.id, world.at) if late else None
        if then is None or isinstance(act, a.AgreeRepair):
            raise
        try:
            return rule(then, act, world)
        except Refusal:
            raise refusal from None


def _resolve_scope(charter: Charter | None, act: a.Act, world: DecisionContext) -> Scope:
    """The charter's owner: known from its first event, or named by the act that begins it."""
    if act.of is None:
        if charter is None:
            raise InvalidField("whose charter is it? a team's, or the word organisation", pointer="/of")
        return charter.of
    subject = resolve_scope(act.of, world)
    if charter_id(world.organisation_id, subject.team) != world.stream_id:
        raise InvalidField(f"this is not the charter of {act.of!r}", pointer="/of")
    return subject


def _check_party(world: DecisionContext) -> None:
    """Raise where the actor has left or is a machine; an import records what people did."""
    if is_machine(world, "integration"):
        raise Forbidden("a charter is made by people", allowed=("member", "lead", "steward"))
    require_not_left(world)


def _review(charter: Charter, act: a.Review, world: DecisionContext) -> RuleResult:
    """It was looked at as a whole, and still holds."""
    require_lead(charter.of, world)
    if charter.purpose is None and not charter.non_negotiables_in_force:
        raise ActNotAllowed("there is nothing to review yet", allowed=("propose_purpose", "adopt_non_negotiable"))
    return RuleResult(event=e.Reviewed(of=charter.of), reason=act.reason)


_RULES: dict[type[a.Act], Callable[[Charter, Any, DecisionContext], RuleResult]] = {
    a.ProposePurpose: purpose.propose,
    a.AdoptPurpose: purpose.adopt,
    a.AdoptNonNegotiable: non_negotiables.adopt,
    a.ReviseNonNegotiable: non_negotiables.revise,
    a.RetireNonNegotiable: non_negotiables.retire,
    a.PutInForce: non_negotiables.put_in_force,
    a.Acknowledge: non_negotiables.acknowledge,
    a.RaiseBreach: non_negotiables.raise_breach,
    a.AgreeRepair: non_negotiables.agree_repair,
    a.GrantFreedom: freedoms_and_rituals.grant_freedom,
    a.WithdrawFreedom: freedoms_and_rituals.withdraw_freedom,
    a.SetRitual: freedoms_and_rituals.set_ritual,
    a.ChangeRitual: freedoms_and_rituals.change_ritual,
    a.EndRitual: freedoms_and_rituals.end_ritual,
    a.SetSight: sight.set_sight,
    a.Review: _review,
}
