"""Renegotiation: a diff of terms with its reason, proposed in time or late, answered by the other side.

Each rule raises the `Refusal` of what it forbids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from domain.calendar import is_in_time, local_date
from domain.charter.state import charter_id
from domain.context import DecisionContext
from domain.envelope import Event, Source
from domain.errors import ActNotAllowed, HandOverIncomplete, InvalidField, TradeOffRequired
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal import opening
from domain.goal.evolve import apply_diff
from domain.goal.load_check import can_suffice, classify_load
from domain.goal.state import ChangeProposal, Promised, Side
from domain.participation import is_unavailable
from domain.quantities import to_fraction
from domain.terms import GoalKind, check_date
from domain.text import require_text


def propose_change(goal: Promised, act: a.ProposeChange, by: Side, world: DecisionContext) -> e.ChangeProposed:
    """An open proposal; old terms hold until it is accepted."""
    changes = diff(goal, act.changes, world)
    _require_trade_off(goal, changes, act, by, world)
    named = opening.parse_trade_offs(act.trade_offs, world)
    return e.ChangeProposed(
        by=by,
        changes=changes,
        trigger=act.trigger,
        in_time=is_timely(goal, world),
        retroactive=_is_retroactive(changes, world),
        trade_offs=named,
        trade_offs_suffice=_can_suffice(goal, changes, named, world),
        accept_overload=act.accept_overload and by == "sponsor",
        conflict_with=act.conflict_with,
    )


def counter_change(goal: Promised, act: a.CounterChange, by: Side, world: DecisionContext) -> e.ChangeCountered:
    """Yes, if X drops or the due moves: the open proposal is replaced by the other side's."""
    changes = diff(goal, act.changes, world)
    _require_trade_off(goal, changes, act, by, world)
    named = opening.parse_trade_offs(act.trade_offs, world)
    return e.ChangeCountered(
        by=by,
        answers=require_open_proposal(goal).id,
        changes=changes,
        in_time=is_timely(goal, world),
        retroactive=_is_retroactive(changes, world),
        trade_offs=named,
        trade_offs_suffice=_can_suffice(goal, changes, named, world),
        accept_overload=act.accept_overload and by == "sponsor",
    )


def accept_change(
    goal: Promised,
    act: a.AcceptChange | None,
    role: Side | Literal["steward"],
    world: DecisionContext,
    *,
    self_accepted: bool = False,
) -> e.ChangeAccepted:
    """The change holds from now on; the load of an owner who takes on more is decided here."""
    proposal = require_open_proposal(goal)
    by = _require_departed(goal, proposal, world) if role == "steward" else role
    require_joined(goal, proposal, world)
    named = opening.parse_trade_offs(act.trade_offs, world) if act else ()
    owner = proposal.changes.owner or goal.owner
    load = classify_load(
        owner=owner,
        terms=apply_diff(goal.terms, proposal.changes),
        current=goal,
        answered=proposal,
        named=named,
        # Who takes it on and accepts can still name what gives; where the other side does, the owner had to before.
        activated_by="owner" if self_accepted or world.party == owner else by,
        world=world,
        pause=proposal.changes.pause or goal.pause,
    )
    return e.ChangeAccepted(
        by=by,
        answers=proposal.id,
        self_accepted=self_accepted,
        for_departed=role == "steward",
        trade_offs=named,
        **load._asdict(),
    )


def _require_departed(goal: Promised, proposal: ChangeProposal, world: DecisionContext) -> Side:
    """The side that waits to answer and that a steward may answer for: it is gone, and another takes its place."""
    side: Side = "sponsor" if proposal.by == "owner" else "owner"
    party, successor = getattr(goal, side), getattr(proposal.changes, side)
    if not is_unavailable(world.member(party), world):
        raise ActNotAllowed(f"the {side} is here, and answers", allowed=())
    if successor is None:
        instead = "reassign_sponsor" if side == "sponsor" else "release_departed"
        raise ActNotAllowed(f"a steward accepts what names another {side}, and nothing else", allowed=(instead,))
    return side


def require_joined(goal: Promised, proposal: ChangeProposal, world: DecisionContext) -> None:
    """Raise where a new party has neither joined nor accepts by this very act."""
    for member, now in ((proposal.changes.owner, goal.owner), (proposal.changes.sponsor, goal.sponsor)):
        if member is not None and member != now and member not in proposal.joined and member != world.party:
            raise HandOverIncomplete(allowed=("join", "refuse"))


def join_hand_over(goal: Promised, act: a.Join, world: DecisionContext) -> e.HandOverJoined:
    """The member named as new owner promises, or as new sponsor agrees."""
    proposal = require_open_proposal(goal)
    member = world.party
    if member is None or member in proposal.joined:
        raise ActNotAllowed("this member has joined the change already", allowed=("accept_change",))
    role: Literal["owner", "sponsor"] = "owner" if member == proposal.changes.owner else "sponsor"
    if role == "sponsor":
        return e.HandOverJoined(member=member, role=role)
    named = opening.parse_trade_offs(act.trade_offs, world)
    load = classify_load(
        owner=member,
        terms=apply_diff(goal.terms, proposal.changes),
        current=goal,
        answered=proposal,
        named=named,
        activated_by="owner",
        world=world,
        pause=proposal.changes.pause or goal.pause,
    )
    suffice = _can_suffice(goal, proposal.changes, (*proposal.trade_offs, *named), world)
    return e.HandOverJoined(member=member, role=role, trade_offs=named, trade_offs_suffice=suffice, **load._asdict())


def _can_suffice(goal: Promised, changes: e.Diff, trade_offs: Sequence[e.TradeOff], world: DecisionContext) -> bool:
    """Whether what is named frees enough on the side of who would own the goal."""
    return can_suffice(
        trade_offs,
        owner=changes.owner or goal.owner,
        terms=apply_diff(goal.terms, changes),
        current=goal,
        world=world,
        pause=changes.pause or goal.pause,
    )


def require_open_proposal(goal: Promised) -> ChangeProposal:
    """The proposal that is open; raises `ActNotAllowed` where there is none."""
    if goal.proposal is None:
        raise ActNotAllowed("no change is open", allowed=("propose_change",))
    return goal.proposal


def is_timely(goal: Promised, world: DecisionContext) -> bool:
    """In time: at or before due - N, N = min(max(3 days, 20 % of duration), 28 days, half the duration).

    Duration = promised to the due in force. A lapsed goal's due has passed: its change is late, but a renegotiated one
    has a new due to be in time for.
    """
    promised_on = local_date(goal.promised_at, world.zone)
    return is_in_time(world.today, promised_on, goal.terms.due)


def is_within_tolerance(goal: Promised, proposal: e.ChangeProposed, world: DecisionContext) -> bool:
    """An owner's due that moves by no more than what is left of the policy's tolerance needs no consent.

    Only for the owner: no promise changes without its owner's consent.
    """
    parsed = [name for name in proposal.changes.__struct_fields__ if getattr(proposal.changes, name) is not None]
    if parsed != ["due"] or proposal.changes.due is None or proposal.by != "owner" or goal.state != "active":
        return False
    most = world.policy.policy.tolerance_days
    moved = abs((proposal.changes.due - goal.terms.due).days)
    return moved <= most and moved + _used_tolerance_days(goal, world) <= most


def _used_tolerance_days(goal: Promised, world: DecisionContext) -> int:
    """Days moved so before, in the cycle that is open; where the goal's team has none open, ever."""
    cycle = world.open_cycle(charter_id(world.organisation_id, goal.team))
    return sum(m.days for m in goal.tolerated if cycle is None or m.at >= cycle.opened_at)


# --- the diff ----------------------------------------------------------------------------------------------------


def diff(goal: Promised, written: a.Changes, world: DecisionContext) -> e.Diff:
    """What would really change; raises `InvalidField` where nothing would, or where a value is not allowed."""
    parsed = _parse_changes(written, world)
    new = {name: value for name, value in parsed.items() if value != _current_value(goal, name)}
    if not new:
        raise InvalidField("nothing would change", pointer="/changes")
    changes = e.Diff(**new)
    due = changes.due
    if due is not None and due < world.today and world.source is not Source.IMPORT:
        raise InvalidField(
            f"the new due date {due} has passed already", pointer="/changes/due", allowed=(f">= {world.today}",)
        )
    if goal.terms.kind is GoalKind.OUTCOME:
        opening.check_outcome(changes.effort_hours, changes.owner, goal.team, world, "/changes")
    if changes.supports is not None:
        opening.check_purpose(changes.supports, world, "/changes/supports")
    return changes


def _parse_changes(written: a.Changes, world: DecisionContext) -> dict[str, Any]:
    at = "/changes"
    parsed: dict[str, Any] = {}
    if written.outcome is not None:
        parsed["outcome"] = require_text(written.outcome, f"{at}/outcome")
    if written.priority is not None:
        parsed["priority"] = written.priority
    if written.measure is not None:
        parsed["measure"] = opening.parse_measure(written.measure, f"{at}/measure")
    if written.conditions is not None:
        parsed["conditions"] = opening.parse_conditions(written.conditions, f"{at}/conditions")
    for name in ("start", "due"):
        if (value := getattr(written, name)) is not None:
            parsed[name] = check_date(value, f"{at}/{name}")
    if written.effort_hours is not None:
        parsed["effort_hours"] = opening.parse_effort(written.effort_hours, f"{at}/effort_hours")
    if written.supports is not None:
        parsed["supports"] = opening.parse_supports(written.supports, world, f"{at}/supports")
    for name in ("owner", "sponsor"):
        if (ref := getattr(written, name)) is not None:
            parsed[name] = opening.require_member(ref, f"{at}/{name}", world)
    if written.pause is not None:
        parsed["pause"] = _check_pause(written.pause, world)
    return parsed


def _check_pause(pause: a.Pause, world: DecisionContext) -> a.Pause:
    check_date(pause.paused_from, "/changes/pause/paused_from")
    check_date(pause.resume_on, "/changes/pause/resume_on")
    if pause.resume_on <= pause.paused_from:
        raise InvalidField("work resumes after the pause began", pointer="/changes/pause/resume_on")
    if pause.resume_on <= world.today and world.source is not Source.IMPORT:
        raise InvalidField("that pause would be over already", pointer="/changes/pause/resume_on")
    return pause


def _current_value(goal: Promised, name: str) -> Any:
    if name in ("owner", "sponsor", "pause"):
        return getattr(goal, name)
    return getattr(goal.terms, name)


def _is_retroactive(changes: e.Diff, world: DecisionContext) -> bool:
    return changes.due is not None and changes.due < world.today


def adds_scope(goal: Promised, changes: e.Diff) -> bool:
    """More effort, or more conditions."""
    before, after = goal.terms.effort_hours, changes.effort_hours
    more_effort = after is not None and to_fraction(after) > (to_fraction(before) if before is not None else 0)
    return more_effort or len(changes.conditions or ()) > len(goal.terms.conditions)


def _require_trade_off(
    goal: Promised, changes: e.Diff, act: a.ProposeChange | a.CounterChange, by: Side, world: DecisionContext
) -> None:
    """New scope from the sponsor carries its trade-off where the policy asks for one."""
    if by != "sponsor" or not world.policy.policy.require_trade_off or not adds_scope(goal, changes):
        return
    if not act.trade_offs and not act.accept_overload:
        raise TradeOffRequired(pointer="/trade_offs", allowed=("trade_offs", "accept_overload"))


def close_proposal(goal: Promised, act: a.RejectChange | a.WithdrawChange, by: Side) -> Event:
    """The proposal is rejected by the other side, or taken back."""
    if isinstance(act, a.RejectChange):
        return e.ChangeRejected(by=by, answers=require_open_proposal(goal).id)
    return e.ChangeWithdrawn(answers=require_open_proposal(goal).id)
