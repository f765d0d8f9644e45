"""Requests of goal_acts. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command


def goal_accept(
    goal: str | UUID,
    body: m.AcceptGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Accept. The sponsor accepts an offer or counter, and may say what the sponsor promises back."""
    return build_command("/v1/goals/{goal}/accept", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_accept_change(
    goal: str | UUID,
    body: m.AcceptChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Accept change. Agree to the open proposal; an owner who takes on more may name what gives."""
    return build_command("/v1/goals/{goal}/accept-change", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_affirm(
    goal: str | UUID,
    body: m.AffirmGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Affirm. Nothing changed, still right."""
    return build_command("/v1/goals/{goal}/affirm", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_affirm_link(
    goal: str | UUID, body: m.AffirmLink, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Affirm link. What this goal supports has changed, and it still supports it."""
    return build_command("/v1/goals/{goal}/affirm-link", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_answer_need(
    goal: str | UUID, body: m.AnswerNeed, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Answer need. The helper's side of a need."""
    return build_command("/v1/goals/{goal}/answer-need", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_cancel(
    goal: str | UUID,
    body: m.CancelGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Cancel. The sponsor's need is gone."""
    return build_command("/v1/goals/{goal}/cancel", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_check_in(
    goal: str | UUID, body: m.CheckIn | None = None, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Check in. Progress, confidence, blockers, ideas, needs: support, not surveillance. Ratios are 0..1."""
    return build_command("/v1/goals/{goal}/check-in", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_choose_approach(
    goal: str | UUID, body: m.ChooseApproach, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Choose approach. The owner's freedom: how. Never gated."""
    return build_command("/v1/goals/{goal}/choose-approach", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_clarify(
    goal: str | UUID, body: m.ClarifyGoal, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Clarify. Ask or answer a question; the other side's clock waits, at most twice."""
    return build_command("/v1/goals/{goal}/clarify", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_close_broken(
    goal: str | UUID,
    body: m.CloseBroken | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Close broken. The sponsor closes a lapsed goal, in neutral words."""
    return build_command("/v1/goals/{goal}/close-broken", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_counter(
    goal: str | UUID, body: m.CounterGoal, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Counter. Other terms: only what differs."""
    return build_command("/v1/goals/{goal}/counter", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_counter_change(
    goal: str | UUID, body: m.CounterChange, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Counter change. Yes, if: the other side's version of the open proposal."""
    return build_command("/v1/goals/{goal}/counter-change", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_declare_complete(
    goal: str | UUID,
    body: m.DeclareComplete | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Declare complete. The owner says it is done, with evidence per condition or wholesale."""
    return build_command("/v1/goals/{goal}/declare-complete", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_declare_satisfied(
    goal: str | UUID,
    body: m.DeclareSatisfied | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Declare satisfied. The sponsor says the conditions are met."""
    return build_command(
        "/v1/goals/{goal}/declare-satisfied", m.GoalSummary, body, idempotency_key, if_match, goal=goal
    )


def goal_decline(
    goal: str | UUID,
    body: m.DeclineGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Decline. Say no; a code is enough, "capacity" among them, and it cannot be overridden."""
    return build_command("/v1/goals/{goal}/decline", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_defer_answer(
    goal: str | UUID, body: m.DeferAnswer, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Defer answer. Promise to answer by a day, within the policy's maximum."""
    return build_command("/v1/goals/{goal}/defer-answer", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_discard(
    goal: str | UUID,
    body: m.DiscardDraft | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Discard. Throw a draft away; its author only."""
    return build_command("/v1/goals/{goal}/discard", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_dispute(
    goal: str | UUID, body: m.DisputeDelivery, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Dispute. Name a mediator, neither party, and a time-box."""
    return build_command("/v1/goals/{goal}/dispute", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_draft(
    goal: str | UUID,
    body: m.DraftGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Draft. Write a goal down without asking or offering anything yet."""
    return build_command("/v1/goals/{goal}/draft", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_feedback(
    goal: str | UUID, body: m.GiveFeedback, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Feedback. Feedback both ways: on progress, on inputs and clarity."""
    return build_command("/v1/goals/{goal}/feedback", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_join(
    goal: str | UUID,
    body: m.JoinHandOver | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Join. The member named as new owner or sponsor agrees; a new owner may name what gives."""
    return build_command("/v1/goals/{goal}/join", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_offer(
    goal: str | UUID,
    body: m.OfferGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Offer. The owner offers."""
    return build_command("/v1/goals/{goal}/offer", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_promise(
    goal: str | UUID,
    body: m.PromiseGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Promise. The owner promises: only the owner can, and only what is open."""
    return build_command("/v1/goals/{goal}/promise", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_propose_change(
    goal: str | UUID, body: m.ProposeChange, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Propose change. Renegotiate: what would change and why, and what gives; old terms hold until it is accepted."""
    return build_command("/v1/goals/{goal}/propose-change", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_raise_blocker(
    goal: str | UUID, body: m.RaiseBlocker, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Raise blocker. Say what stands in the way and who acts next."""
    return build_command("/v1/goals/{goal}/raise-blocker", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_reassign_sponsor(
    goal: str | UUID, body: m.ReassignSponsor, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Reassign sponsor. A steward names another sponsor for one who left or is long absent."""
    return build_command("/v1/goals/{goal}/reassign-sponsor", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_record_value(
    goal: str | UUID, body: m.RecordValue, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Record value. A reading of the measure; a machine's never resets staleness."""
    return build_command("/v1/goals/{goal}/record-value", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_refuse(
    goal: str | UUID,
    body: m.RefuseHandOver | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Refuse. The member named as new owner or sponsor declines; the hand-over falls."""
    return build_command("/v1/goals/{goal}/refuse", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_reject_change(
    goal: str | UUID,
    body: m.RejectChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Reject change. The old terms stand."""
    return build_command("/v1/goals/{goal}/reject-change", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_reject_delivery(
    goal: str | UUID, body: m.RejectDelivery, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Reject delivery. The sponsor sends it back: which condition is unmet, and until when to rework."""
    return build_command("/v1/goals/{goal}/reject-delivery", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_release(
    goal: str | UUID,
    body: m.ReleaseGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Release. The sponsor frees the owner; the need stays."""
    return build_command("/v1/goals/{goal}/release", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_release_departed(
    goal: str | UUID,
    body: m.ReleaseDeparted | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Release departed. A steward frees a goal whose owner left."""
    return build_command("/v1/goals/{goal}/release-departed", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_request(
    goal: str | UUID,
    body: m.RequestGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Request. The sponsor asks. Assigning is a request marked `imposed`: it still needs the owner's promise."""
    return build_command("/v1/goals/{goal}/request", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_resolve_blocker(
    goal: str | UUID, body: m.ResolveBlocker, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Resolve blocker. Say how a blocker was resolved."""
    return build_command("/v1/goals/{goal}/resolve-blocker", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_resume(
    goal: str | UUID,
    body: m.ResumeGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Resume. Work resumes before the agreed day."""
    return build_command("/v1/goals/{goal}/resume", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_retitle(
    goal: str | UUID,
    body: m.RetitleGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Retitle. Title, description, tags: cosmetic."""
    return build_command("/v1/goals/{goal}/retitle", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_retract_completion(
    goal: str | UUID,
    body: m.RetractCompletion | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Retract completion. The owner takes a delivery back; the days in delivery do not count."""
    return build_command(
        "/v1/goals/{goal}/retract-completion", m.GoalSummary, body, idempotency_key, if_match, goal=goal
    )


def goal_revise_draft(
    goal: str | UUID,
    body: m.ReviseDraft | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Revise draft. Change a draft; its author only."""
    return build_command("/v1/goals/{goal}/revise-draft", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_rule_broken(
    goal: str | UUID,
    body: m.RuleBroken | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Rule broken. The mediator finds the promise broken."""
    return build_command("/v1/goals/{goal}/rule-broken", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_rule_satisfied(
    goal: str | UUID,
    body: m.RuleSatisfied | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Rule satisfied. The mediator finds the conditions met."""
    return build_command("/v1/goals/{goal}/rule-satisfied", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_take_back(
    goal: str | UUID, body: m.TakeBackStatement, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Take back. Take back a check-in or a reading of the measure that was wrong: what was said before it holds again."""
    return build_command("/v1/goals/{goal}/take-back", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_unlink(
    goal: str | UUID, body: m.UnlinkGoal, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.GoalSummary]:
    """Unlink. This goal no longer supports that."""
    return build_command("/v1/goals/{goal}/unlink", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_withdraw(
    goal: str | UUID,
    body: m.WithdrawGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw. Take back what was asked or offered, before it became a promise."""
    return build_command("/v1/goals/{goal}/withdraw", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_withdraw_change(
    goal: str | UUID,
    body: m.WithdrawChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw change. Take one's own proposal back."""
    return build_command("/v1/goals/{goal}/withdraw-change", m.GoalSummary, body, idempotency_key, if_match, goal=goal)


def goal_withdraw_promise(
    goal: str | UUID,
    body: m.WithdrawPromise | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw promise. The owner revokes the promise, with a mitigation if there is one."""
    return build_command("/v1/goals/{goal}/withdraw-promise", m.GoalSummary, body, idempotency_key, if_match, goal=goal)
