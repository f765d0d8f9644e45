"""Every operation of the API as a function that builds its request. Generated: see
`tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_request


def affirm_goals(
    body: m.AffirmGoals | None = None,
    *,
    idempotency_key: str | None = None,
) -> Request[m.Affirmations]:
    """Nothing changed, still right: affirm several goals of mine at once, each as a judgement of its own."""
    return build_request(
        "POST",
        "/v1/affirmations",
        m.Affirmations,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def alignment_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.AlignmentReport]:
    """What serves which purpose and how far it has come; what hangs in the air, and what hangs on one person."""
    return build_request(
        "GET",
        "/v1/reports/alignment",
        m.AlignmentReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def begin_goal(
    body: m.BeginDraft | m.BeginRequest | m.BeginOffer,
    *,
    idempotency_key: str | None = None,
) -> Request[m.GoalSummary]:
    """Begin a goal: draft it, request it as sponsor, or offer it as owner."""
    return build_request(
        "POST",
        "/v1/goals",
        m.GoalSummary,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def charter_acknowledge(
    of: str | UUID,
    body: m.Acknowledge,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Acknowledge. A member has read this version of a non-negotiable and stands by it."""
    return build_request(
        "POST",
        "/v1/charters/{of}/acknowledge",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_adopt_non_negotiable(
    of: str | UUID,
    body: m.AdoptNonNegotiable,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Adopt non negotiable. One more standing expectation: by the lead, or by a decision."""
    return build_request(
        "POST",
        "/v1/charters/{of}/adopt-non-negotiable",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_adopt_purpose(
    of: str | UUID,
    body: m.AdoptPurpose | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Adopt purpose. A proposal becomes the purpose: by a decision, or by the lead once its time-box is over."""
    return build_request(
        "POST",
        "/v1/charters/{of}/adopt-purpose",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_agree_repair(
    of: str | UUID,
    body: m.AgreeRepair,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Agree repair. The repair talk was held; what was agreed closes the breach."""
    return build_request(
        "POST",
        "/v1/charters/{of}/agree-repair",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_change_ritual(
    of: str | UUID,
    body: m.ChangeRitual,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Change ritual. Another name, mode, cadence or length."""
    return build_request(
        "POST",
        "/v1/charters/{of}/change-ritual",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_end_ritual(
    of: str | UUID,
    body: m.EndRitual,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """End ritual. A ritual is held no more."""
    return build_request(
        "POST",
        "/v1/charters/{of}/end-ritual",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_grant_freedom(
    of: str | UUID,
    body: m.GrantFreedom,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Grant freedom. The team decides this for itself, in the service of the purpose; again: anchored anew."""
    return build_request(
        "POST",
        "/v1/charters/{of}/grant-freedom",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_propose_purpose(
    of: str | UUID,
    body: m.ProposePurpose,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Propose purpose. A member says why the work matters; where there is a purpose already, with the reason to revise
    it."""
    return build_request(
        "POST",
        "/v1/charters/{of}/propose-purpose",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_put_in_force(
    of: str | UUID,
    body: m.PutInForce | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Put in force. From now on there are always 3 to 5 non-negotiables."""
    return build_request(
        "POST",
        "/v1/charters/{of}/put-in-force",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_raise_breach(
    of: str | UUID,
    body: m.RaiseBreach,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Raise breach. A non-negotiable was not kept at some event: about what happened, not about a person."""
    return build_request(
        "POST",
        "/v1/charters/{of}/raise-breach",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_retire_non_negotiable(
    of: str | UUID,
    body: m.RetireNonNegotiable,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Retire non negotiable. A standing expectation stands no longer."""
    return build_request(
        "POST",
        "/v1/charters/{of}/retire-non-negotiable",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_review(
    of: str | UUID,
    body: m.ReviewCharter | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Review. The charter was looked at as a whole, and still holds."""
    return build_request(
        "POST",
        "/v1/charters/{of}/review",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_revise_non_negotiable(
    of: str | UUID,
    body: m.ReviseNonNegotiable,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Revise non negotiable. New words for a standing expectation: a new version, which everybody acknowledges anew."""
    return build_request(
        "POST",
        "/v1/charters/{of}/revise-non-negotiable",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_set_ritual(
    of: str | UUID,
    body: m.SetRitual,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Set ritual. A recurring check-in, standup or async update."""
    return build_request(
        "POST",
        "/v1/charters/{of}/set-ritual",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def charter_withdraw_freedom(
    of: str | UUID,
    body: m.WithdrawFreedom,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Withdraw freedom. A freedom is taken back, with the reason."""
    return build_request(
        "POST",
        "/v1/charters/{of}/withdraw-freedom",
        m.CharterSummary,
        path_values={"of": of},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def create_key(
    body: m.CreateKey,
) -> Request[m.CreatedKey]:
    """Create a key for a member; its text is answered this once."""
    return build_request(
        "POST",
        "/v1/keys",
        m.CreatedKey,
        body=body,
    )


def create_subscription(
    body: m.Subscribe,
) -> Request[m.CreatedSubscription]:
    """Have events sent to an address; the secret is answered this once."""
    return build_request(
        "POST",
        "/v1/subscriptions",
        m.CreatedSubscription,
        body=body,
    )


def create_team(
    body: m.CreateTeam,
    *,
    idempotency_key: str | None = None,
) -> Request[m.TeamSummary]:
    """Create a team."""
    return build_request(
        "POST",
        "/v1/teams",
        m.TeamSummary,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def cycle_agree_improvement(
    cycle: str | UUID,
    body: m.AgreeImprovement,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Agree improvement. Agree what will be done better, who sees to it, and until when."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/agree-improvement",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_close(
    cycle: str | UUID,
    body: m.CloseCycle | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Close. End the cycle, once every live goal of it is settled and a member has reflected."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/close",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_credit_contribution(
    cycle: str | UUID,
    body: m.CreditContribution,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Credit contribution. Say who did what for a goal of the cycle."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/credit-contribution",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_drop_improvement(
    cycle: str | UUID,
    body: m.DropImprovement,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Drop improvement. An improvement is not pursued any more, and why."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/drop-improvement",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_finish_improvement(
    cycle: str | UUID,
    body: m.FinishImprovement,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Finish improvement. An improvement is done."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/finish-improvement",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_include_goal(
    cycle: str | UUID,
    body: m.IncludeGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Include goal. Put a live goal into the cycle."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/include-goal",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_record_learning(
    cycle: str | UUID,
    body: m.RecordLearning,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Record learning. Write down what was learnt, of a goal of the cycle or in general."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/record-learning",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_settle_goal(
    cycle: str | UUID,
    body: m.SettleGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Settle goal. Say what becomes of a goal beyond the cycle: carried on, renegotiated or dropped."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/settle-goal",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycle_share_reflection(
    cycle: str | UUID,
    body: m.ShareReflection | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Share reflection. What worked, and what can improve; either may stay empty, not both."""
    return build_request(
        "POST",
        "/v1/cycles/{cycle}/share-reflection",
        m.CycleSummary,
        path_values={"cycle": cycle},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def cycles_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CyclesReport]:
    """What worked, what to improve, what came of it, and which goals went on."""
    return build_request(
        "GET",
        "/v1/reports/cycles",
        m.CyclesReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def decision_consent(
    decision: str | UUID,
    body: m.ConsentToOption,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Consent. A decider says: no open objection, safe enough to try."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/consent",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_decide(
    decision: str | UUID,
    body: m.DecideAsLead | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Decide. The lead decides, where the deadline has passed and the fallback says so."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/decide",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_integrate_objection(
    decision: str | UUID,
    body: m.IntegrateObjection,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Integrate objection. The opener or the lead says how the option changes to meet an objection; consents to it are
    asked anew."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/integrate-objection",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_raise_objection(
    decision: str | UUID,
    body: m.RaiseObjection,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Raise objection. Say why an option is not safe enough to try."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/raise-objection",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_reopen(
    decision: str | UUID,
    body: m.ReopenDecision,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Reopen. Ask the same question again within a new time-box, for a reason."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/reopen",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_review(
    decision: str | UUID,
    body: m.ReviewDecision | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Review. Looked at again: it stands. Where it does not, reopen it."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/review",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_set_review(
    decision: str | UUID,
    body: m.SetDecisionReview,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Set review. Name the day on which the decision is looked at again."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/set-review",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_share_perspective(
    decision: str | UUID,
    body: m.SharePerspective,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Share perspective. Say how it looks from where you stand; no vote, no objection."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/share-perspective",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decision_withdraw_objection(
    decision: str | UUID,
    body: m.WithdrawObjection | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Withdraw objection. The objector takes an objection back."""
    return build_request(
        "POST",
        "/v1/decisions/{decision}/withdraw-objection",
        m.DecisionSummary,
        path_values={"decision": decision},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def decisions_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionsReport]:
    """How long decisions take, whether their time-box holds, and what is asked again."""
    return build_request(
        "GET",
        "/v1/reports/decisions",
        m.DecisionsReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def diff_goal(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    from_: str | None = None,
    to: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalDiff]:
    """What changed between two times."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/diff",
        m.GoalDiff,
        path_values={"goal": goal},
        query={"after_position": after_position, "from": from_, "to": to},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def drift_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DriftReport]:
    """What has drifted, and who could say one sentence to whom to mend it."""
    return build_request(
        "GET",
        "/v1/reports/drift",
        m.DriftReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def export_mart(
    mart: str | UUID,
    *,
    after_position: int | None = None,
    format: Literal["arrow", "csv", "ndjson", "parquet"] | None = None,
    after: int | None = None,
    at: int | None = None,
    as_of: str | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[bytes]:
    """A mart's rows, as far as they are about what you may see."""
    return build_request(
        "GET",
        "/v1/exports/{mart}",
        bytes,
        path_values={"mart": mart},
        query={
            "after_position": after_position,
            "format": format,
            "after": after,
            "at": at,
            "as_of": as_of,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_calibration(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    explain: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Calibration]:
    """How well my own stated confidence has matched what came; nobody else is told."""
    return build_request(
        "GET",
        "/v1/me/calibration",
        m.Calibration,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "explain": explain},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_charter(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CharterSummary]:
    """One charter: purpose, non-negotiables, freedoms, rituals, and the goals that serve its purpose."""
    return build_request(
        "GET",
        "/v1/charters/{of}",
        m.CharterSummary,
        path_values={"of": of},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_charter_history(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words; who acknowledged and what was not kept only to those whose charter it is."""
    return build_request(
        "GET",
        "/v1/charters/{of}/history",
        m.HistoryPage,
        path_values={"of": of},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_cycle(
    cycle: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CycleView]:
    """One cycle: the purpose restated, its goals and what became of them, improvements, learning."""
    return build_request(
        "GET",
        "/v1/cycles/{cycle}",
        m.CycleView,
        path_values={"cycle": cycle},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_cycle_history(
    cycle: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words."""
    return build_request(
        "GET",
        "/v1/cycles/{cycle}/history",
        m.HistoryPage,
        path_values={"cycle": cycle},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_decision(
    decision: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionView]:
    """One decision, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/decisions/{decision}",
        m.DecisionView,
        path_values={"decision": decision},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_decision_history(
    decision: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words, with what it changed."""
    return build_request(
        "GET",
        "/v1/decisions/{decision}/history",
        m.HistoryPage,
        path_values={"decision": decision},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_delivery(
    subscription: str | UUID,
    event: str | UUID,
) -> Request[m.DeliveryView]:
    """One event's delivery: every attempt, and the beginning of what was answered."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/deliveries/{event}",
        m.DeliveryView,
        path_values={"subscription": subscription, "event": event},
    )


def get_digest(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Digest]:
    """What changed in a team, what is needed of whom, and what is unchanged: to be read at any time."""
    return build_request(
        "GET",
        "/v1/teams/{team}/digest",
        m.Digest,
        path_values={"team": team},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "since": since,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_event_schema(
    type: str | UUID,
) -> Request[bytes]:
    """JSON Schema of a type's data."""
    return build_request(
        "GET",
        "/v1/schemas/{type}",
        bytes,
        path_values={"type": type},
    )


def get_goal(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalView]:
    """One goal, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/goals/{goal}",
        m.GoalView,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_goal_history(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words, with what it changed."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/history",
        m.HistoryPage,
        path_values={"goal": goal},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_goal_links(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalLinks]:
    """What a goal supports and what supports it: affirmed since when, or waiting until when."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/links",
        m.GoalLinks,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_inbox(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Inbox]:
    """Everything that waits for me: one entry per goal, the nearest deadline first, and the day's reminders."""
    return build_request(
        "GET",
        "/v1/me/inbox",
        m.Inbox,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_looked_at(
    *,
    limit: int | None = None,
    names: bool | None = None,
) -> Request[m.LookedAt]:
    """Who read my figures, in which role, which, and when; my own reads apart."""
    return build_request(
        "GET",
        "/v1/me/looked-at",
        m.LookedAt,
        query={"limit": limit, "names": names},
    )


def get_member(
    member: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.MemberSummary]:
    """One member of the organisation."""
    return build_request(
        "GET",
        "/v1/members/{member}",
        m.MemberSummary,
        path_values={"member": member},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_member_history(
    member: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of a member in plain words, for those who may see the member's figures."""
    return build_request(
        "GET",
        "/v1/members/{member}/history",
        m.HistoryPage,
        path_values={"member": member},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_organisation(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.OrganisationSummary]:
    """What the organisation is called, or was at any time."""
    return build_request(
        "GET",
        "/v1/organisation",
        m.OrganisationSummary,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_organisation_history(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of the organisation itself in plain words: names, policies, sources."""
    return build_request(
        "GET",
        "/v1/organisation/history",
        m.HistoryPage,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_policies(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PolicySummary]:
    """The policies in force, and every version before."""
    return build_request(
        "GET",
        "/v1/policies",
        m.PolicySummary,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_purpose_consequences(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    version: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PurposeConsequences]:
    """What each revision of the purpose caused below: links affirmed, renegotiated, unlinked or waiting."""
    return build_request(
        "GET",
        "/v1/charters/{of}/consequences",
        m.PurposeConsequences,
        path_values={"of": of},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "version": version},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_snapshot(
    *,
    position: int | None = None,
    kinds: Sequence[Literal["charter", "cycle", "decision", "goal", "member", "organisation", "team"]] | None = None,
) -> Request[bytes]:
    """Everything that you may see at one position of the log, a line each; then follow the feed from there."""
    return build_request(
        "GET",
        "/v1/snapshot",
        bytes,
        query={"position": position, "kinds": kinds},
    )


def get_subscription(
    subscription: str | UUID,
) -> Request[m.SubscriptionView]:
    """One subscription, and how far its events were sent."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}",
        m.SubscriptionView,
        path_values={"subscription": subscription},
    )


def get_subscription_history(
    subscription: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words, with what it changed."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/history",
        m.HistoryPage,
        path_values={"subscription": subscription},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_team(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.TeamSummary]:
    """One team and the ids of its members."""
    return build_request(
        "GET",
        "/v1/teams/{team}",
        m.TeamSummary,
        path_values={"team": team},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_team_history(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of a team in plain words: names, leads, archived and brought back."""
    return build_request(
        "GET",
        "/v1/teams/{team}/history",
        m.HistoryPage,
        path_values={"team": team},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def goal_accept(
    goal: str | UUID,
    body: m.AcceptGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Accept. The sponsor accepts an offer or counter, and may say what the sponsor promises back."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/accept",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_accept_change(
    goal: str | UUID,
    body: m.AcceptChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Accept change. Agree to the open proposal; an owner who takes on more may name what gives."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/accept-change",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_affirm(
    goal: str | UUID,
    body: m.AffirmGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Affirm. Nothing changed, still right."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/affirm",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_affirm_link(
    goal: str | UUID,
    body: m.AffirmLink,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Affirm link. What this goal supports has changed, and it still supports it."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/affirm-link",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_answer_need(
    goal: str | UUID,
    body: m.AnswerNeed,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Answer need. The helper's side of a need."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/answer-need",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_cancel(
    goal: str | UUID,
    body: m.CancelGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Cancel. The sponsor's need is gone."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/cancel",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_check_in(
    goal: str | UUID,
    body: m.CheckIn | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Check in. Progress, confidence, blockers, ideas, needs: support, not surveillance. Ratios are 0..1."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/check-in",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_choose_approach(
    goal: str | UUID,
    body: m.ChooseApproach,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Choose approach. The owner's freedom: how. Never gated."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/choose-approach",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_clarify(
    goal: str | UUID,
    body: m.ClarifyGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Clarify. Ask or answer a question; the other side's clock waits, at most twice."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/clarify",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_close_broken(
    goal: str | UUID,
    body: m.CloseBroken | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Close broken. The sponsor closes a lapsed goal, in neutral words."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/close-broken",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_counter(
    goal: str | UUID,
    body: m.CounterGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Counter. Other terms: only what differs."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/counter",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_counter_change(
    goal: str | UUID,
    body: m.CounterChange,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Counter change. Yes, if: the other side's version of the open proposal."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/counter-change",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_declare_complete(
    goal: str | UUID,
    body: m.DeclareComplete | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Declare complete. The owner says it is done, with evidence per condition or wholesale."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/declare-complete",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_declare_satisfied(
    goal: str | UUID,
    body: m.DeclareSatisfied | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Declare satisfied. The sponsor says the conditions are met."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/declare-satisfied",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_decline(
    goal: str | UUID,
    body: m.DeclineGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Decline. Say no; a code is enough, "capacity" among them, and nobody overrides it."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/decline",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_defer_answer(
    goal: str | UUID,
    body: m.DeferAnswer,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Defer answer. Promise to answer by a day, within the policy's maximum."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/defer-answer",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_discard(
    goal: str | UUID,
    body: m.DiscardDraft | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Discard. Throw a draft away; its author only."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/discard",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_dispute(
    goal: str | UUID,
    body: m.DisputeDelivery,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Dispute. Name a mediator, neither party, and a time-box."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/dispute",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_draft(
    goal: str | UUID,
    body: m.DraftGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Draft. Write a goal down without asking or offering anything yet."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/draft",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_feedback(
    goal: str | UUID,
    body: m.GiveFeedback,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Feedback. Feedback both ways: on progress, on inputs and clarity."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/feedback",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_join(
    goal: str | UUID,
    body: m.JoinHandOver | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Join. The member named as new owner or sponsor agrees; a new owner may name what gives."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/join",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_offer(
    goal: str | UUID,
    body: m.OfferGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Offer. The owner offers."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/offer",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_promise(
    goal: str | UUID,
    body: m.PromiseGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Promise. The owner promises: only the owner can, and only what is open."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/promise",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_propose_change(
    goal: str | UUID,
    body: m.ProposeChange,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Propose change. Renegotiate: what would change and why, and what gives; old terms hold until it is accepted."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/propose-change",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_raise_blocker(
    goal: str | UUID,
    body: m.RaiseBlocker,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Raise blocker. Say what stands in the way and who acts next."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/raise-blocker",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_reassign_sponsor(
    goal: str | UUID,
    body: m.ReassignSponsor,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Reassign sponsor. A steward names another sponsor for one who left or is long absent."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/reassign-sponsor",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_record_value(
    goal: str | UUID,
    body: m.RecordValue,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Record value. A reading of the measure; a machine's never resets staleness."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/record-value",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_refuse(
    goal: str | UUID,
    body: m.RefuseHandOver | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Refuse. The member named as new owner or sponsor declines; the hand-over falls."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/refuse",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_reject_change(
    goal: str | UUID,
    body: m.RejectChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Reject change. The old terms stand."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/reject-change",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_reject_delivery(
    goal: str | UUID,
    body: m.RejectDelivery,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Reject delivery. The sponsor sends it back: which condition is unmet, and until when to rework."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/reject-delivery",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_release(
    goal: str | UUID,
    body: m.ReleaseGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Release. The sponsor frees the owner; the need stays."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/release",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_release_departed(
    goal: str | UUID,
    body: m.ReleaseDeparted | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Release departed. A steward frees a goal whose owner left."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/release-departed",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_request(
    goal: str | UUID,
    body: m.RequestGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Request. The sponsor asks. Assigning is a request marked `imposed`: it still needs the owner's promise."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/request",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_resolve_blocker(
    goal: str | UUID,
    body: m.ResolveBlocker,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Resolve blocker. Say how a blocker was resolved."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/resolve-blocker",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_resume(
    goal: str | UUID,
    body: m.ResumeGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Resume. Work resumes before the agreed day."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/resume",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_retitle(
    goal: str | UUID,
    body: m.RetitleGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Retitle. Title, description, tags: cosmetic."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/retitle",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_retract_completion(
    goal: str | UUID,
    body: m.RetractCompletion | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Retract completion. The owner takes a delivery back; the days in delivery do not count."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/retract-completion",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_revise_draft(
    goal: str | UUID,
    body: m.ReviseDraft | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Revise draft. Change a draft; its author only."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/revise-draft",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_rule_broken(
    goal: str | UUID,
    body: m.RuleBroken | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Rule broken. The mediator finds the promise broken."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/rule-broken",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_rule_satisfied(
    goal: str | UUID,
    body: m.RuleSatisfied | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Rule satisfied. The mediator finds the conditions met."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/rule-satisfied",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_take_back(
    goal: str | UUID,
    body: m.TakeBackStatement,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Take back. Take back a check-in or a reading of the measure that was wrong: what was said before it holds again."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/take-back",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_unlink(
    goal: str | UUID,
    body: m.UnlinkGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Unlink. This goal no longer supports that."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/unlink",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_withdraw(
    goal: str | UUID,
    body: m.WithdrawGoal | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw. Take back what was asked or offered, before it became a promise."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/withdraw",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_withdraw_change(
    goal: str | UUID,
    body: m.WithdrawChange | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw change. Take one's own proposal back."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/withdraw-change",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def goal_withdraw_promise(
    goal: str | UUID,
    body: m.WithdrawPromise | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.GoalSummary]:
    """Withdraw promise. The owner revokes the promise, with a mitigation if there is one."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/withdraw-promise",
        m.GoalSummary,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def import_acts(
    body: bytes,
    *,
    source: str | None = None,
    partial: bool | None = None,
    dry_run: bool | None = None,
    idempotency_key: str | None = None,
) -> Request[m.ImportResult]:
    """Import a history of acts, one JSON object a line; the same file twice adds nothing."""
    return build_request(
        "POST",
        "/v1/imports",
        m.ImportResult,
        query={"source": source, "partial": partial, "dry_run": dry_run},
        header={"Idempotency-Key": idempotency_key},
        body=body,
        media="application/octet-stream",
    )


def join_member(
    body: m.JoinOrganisation | None = None,
    *,
    idempotency_key: str | None = None,
) -> Request[m.MemberSummary]:
    """A member joins the organisation, and a team where one is named."""
    return build_request(
        "POST",
        "/v1/members",
        m.MemberSummary,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def list_charters(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CharterList]:
    """Every charter that has begun: the organisation's own, then the teams'."""
    return build_request(
        "GET",
        "/v1/charters",
        m.CharterList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_cycles(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    state: Literal["closed", "open"] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CycleList]:
    """The cycles that you may see, a page at a time: your teams' and the organisation's own."""
    return build_request(
        "GET",
        "/v1/cycles",
        m.CycleList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "state": state,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_decisions(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    decider: str | None = None,
    waiting_for: str | None = None,
    state: Sequence[Literal["decided", "open", "with_lead"]] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionList]:
    """Decisions, a page at a time; pages stay consistent under writes."""
    return build_request(
        "GET",
        "/v1/decisions",
        m.DecisionList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "decider": decider,
            "waiting_for": waiting_for,
            "state": state,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_deliveries(
    subscription: str | UUID,
    *,
    state: Literal["dead", "delivered", "held", "pending", "withheld"] | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Request[m.DeliveryList]:
    """What became of events for this subscription, the latest first."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/deliveries",
        m.DeliveryList,
        path_values={"subscription": subscription},
        query={"state": state, "before": before, "limit": limit},
    )


def list_event_types() -> Request[m.EventTypes]:
    """Every type of event."""
    return build_request(
        "GET",
        "/v1/event-types",
        m.EventTypes,
    )


def list_goals(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    owner: str | None = None,
    sponsor: str | None = None,
    state: Sequence[
        Literal[
            "active",
            "answer_deferred",
            "broken",
            "cancelled",
            "change_proposed_by_owner",
            "change_proposed_by_sponsor",
            "countered_by_owner",
            "countered_by_sponsor",
            "declined",
            "delivered",
            "draft",
            "expired",
            "lapsed",
            "offered",
            "promise_withdrawn",
            "released",
            "requested",
            "satisfied",
            "withdrawn",
        ]
    ]
    | None = None,
    supports: str | None = None,
    cycle: str | None = None,
    q: str | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
    id_prefix: str | None = None,
    sort: Literal["-due", "-title", "-updated", "due", "title", "updated"] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalList]:
    """Goals, a page at a time; pages stay consistent under writes."""
    return build_request(
        "GET",
        "/v1/goals",
        m.GoalList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "owner": owner,
            "sponsor": sponsor,
            "state": state,
            "supports": supports,
            "cycle": cycle,
            "q": q,
            "due_from": due_from,
            "due_to": due_to,
            "id_prefix": id_prefix,
            "sort": sort,
            "cursor": cursor,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_keys() -> Request[m.KeyList]:
    """Every key, when it ends and when it was last used."""
    return build_request(
        "GET",
        "/v1/keys",
        m.KeyList,
    )


def list_members(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.MemberList]:
    """Joined members; capacity, absences and roles only of those whose figures you may see."""
    return build_request(
        "GET",
        "/v1/members",
        m.MemberList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_subscriptions(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.SubscriptionList]:
    """Subscriptions: one's own; for stewards and auditors every one."""
    return build_request(
        "GET",
        "/v1/subscriptions",
        m.SubscriptionList,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_teams(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    archived: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.TeamList]:
    """Every team of the organisation."""
    return build_request(
        "GET",
        "/v1/teams",
        m.TeamList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "archived": archived,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def member_absence(
    ref: str | UUID,
    body: m.DeclareAbsence,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Absence. Declare an absence: first and last day, never why."""
    return build_request(
        "POST",
        "/v1/members/{ref}/absence",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_capacity(
    ref: str | UUID,
    body: m.DeclareCapacity,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Capacity. Declare hours a week, from a day on."""
    return build_request(
        "POST",
        "/v1/members/{ref}/capacity",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_change_team(
    ref: str | UUID,
    body: m.ChangeTeam,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Change team. Leave one team and join another at the same instant; a steward does."""
    return build_request(
        "POST",
        "/v1/members/{ref}/change-team",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_grant_role(
    ref: str | UUID,
    body: m.GrantRole,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Grant role. Grant a role; a steward does."""
    return build_request(
        "POST",
        "/v1/members/{ref}/grant-role",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_join(
    ref: str | UUID,
    body: m.JoinOrganisation | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Join. Join the organisation, or one more of its teams."""
    return build_request(
        "POST",
        "/v1/members/{ref}/join",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_leave(
    ref: str | UUID,
    body: m.LeaveOrganisation | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Leave. Leave the organisation."""
    return build_request(
        "POST",
        "/v1/members/{ref}/leave",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_leave_team(
    ref: str | UUID,
    body: m.LeaveTeam,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Leave team. Leave one team; the member stays in the organisation and in the other teams."""
    return build_request(
        "POST",
        "/v1/members/{ref}/leave-team",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_rename(
    ref: str | UUID,
    body: m.RenameMember,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Rename. Give the member another name; id and references stay."""
    return build_request(
        "POST",
        "/v1/members/{ref}/rename",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_revoke_role(
    ref: str | UUID,
    body: m.RevokeRole,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Revoke role. Take a role back; a steward does."""
    return build_request(
        "POST",
        "/v1/members/{ref}/revoke-role",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def member_take_back(
    ref: str | UUID,
    body: m.TakeBackFact,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Take back. Take back a capacity, an absence, a role's grant or revocation, or a leave of a team that was wrong."""
    return build_request(
        "POST",
        "/v1/members/{ref}/take-back",
        m.MemberSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def open_cycle(
    body: m.OpenCycle,
    *,
    idempotency_key: str | None = None,
) -> Request[m.CycleSummary]:
    """Open a cycle: restate the purpose, and take along what the cycle before left open."""
    return build_request(
        "POST",
        "/v1/cycles",
        m.CycleSummary,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def open_decision(
    body: m.OpenDecision,
    *,
    idempotency_key: str | None = None,
) -> Request[m.DecisionSummary]:
    """Ask a question with a time-box: who decides, by when, and what holds if no consent is found."""
    return build_request(
        "POST",
        "/v1/decisions",
        m.DecisionSummary,
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def overload_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.OverloadReport]:
    """Who is overloaded, by what, and what would relieve them."""
    return build_request(
        "GET",
        "/v1/reports/overload",
        m.OverloadReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def preview_act(
    goal: str | UUID,
    body: m.DraftGoal
    | m.ReviseDraft
    | m.RequestGoal
    | m.OfferGoal
    | m.DiscardDraft
    | m.PromiseGoal
    | m.AcceptGoal
    | m.CounterGoal
    | m.DeferAnswer
    | m.DeclineGoal
    | m.WithdrawGoal
    | m.ClarifyGoal
    | m.CheckIn
    | m.GiveFeedback
    | m.RaiseBlocker
    | m.ResolveBlocker
    | m.AnswerNeed
    | m.RecordValue
    | m.TakeBackStatement
    | m.ProposeChange
    | m.AcceptChange
    | m.RejectChange
    | m.CounterChange
    | m.WithdrawChange
    | m.JoinHandOver
    | m.RefuseHandOver
    | m.DeclareComplete
    | m.DeclareSatisfied
    | m.RejectDelivery
    | m.RetractCompletion
    | m.DisputeDelivery
    | m.RuleSatisfied
    | m.RuleBroken
    | m.CancelGoal
    | m.ReleaseGoal
    | m.WithdrawPromise
    | m.CloseBroken
    | m.ReassignSponsor
    | m.ReleaseDeparted
    | m.ChooseApproach
    | m.RetitleGoal
    | m.AffirmGoal
    | m.AffirmLink
    | m.UnlinkGoal
    | m.ResumeGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ActPreview]:
    """What an act would record and do to the owner's load; nothing is recorded."""
    return build_request(
        "POST",
        "/v1/goals/{goal}/preview",
        m.ActPreview,
        path_values={"goal": goal},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def pull_events(
    *,
    types: Sequence[str] | None = None,
    subject: str | None = None,
    team: str | None = None,
    epoch: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    include: Sequence[Literal["state"]] | None = None,
    timeout: float | None = None,
) -> Request[list[m.CloudEvent]]:
    """The organisation's events in commit order; with `timeout` the pull waits for news."""
    return build_request(
        "GET",
        "/v1/events",
        list[m.CloudEvent],
        query={
            "types": types,
            "subject": subject,
            "team": team,
            "epoch": epoch,
            "after": after,
            "limit": limit,
            "include": include,
            "timeout": timeout,
        },
    )


def redeliver(
    subscription: str | UUID,
    body: m.Redeliver | None = None,
) -> Request[m.Redelivery]:
    """Send again one event, or all that were given up."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/redeliver",
        m.Redelivery,
        path_values={"subscription": subscription},
        body=body,
    )


def rename_organisation(
    body: m.RenameOrganisation,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.OrganisationSummary]:
    """Give the organisation another name; its id and references stay."""
    return build_request(
        "POST",
        "/v1/organisation/rename",
        m.OrganisationSummary,
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def revoke_key(
    key: str | UUID,
    body: m.RevokeKey | None = None,
    *,
    idempotency_key: str | None = None,
) -> Request[m.RevokedKey]:
    """End a key now."""
    return build_request(
        "POST",
        "/v1/keys/{key}/revoke",
        m.RevokedKey,
        path_values={"key": key},
        header={"Idempotency-Key": idempotency_key},
        body=body,
    )


def rituals_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.RitualsReport]:
    """How many minutes a week the charters' rituals ask of each member, together and async."""
    return build_request(
        "GET",
        "/v1/reports/rituals",
        m.RitualsReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def rotate_key(
    key: str | UUID,
    body: m.RotateKey | None = None,
) -> Request[m.CreatedKey]:
    """A new key like this one; the old one ends after the overlap."""
    return build_request(
        "POST",
        "/v1/keys/{key}/rotate",
        m.CreatedKey,
        path_values={"key": key},
        body=body,
    )


def set_policies(
    body: m.SetPolicy,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.PolicySummary]:
    """Change policies: a new version from now on; name only the dials that change."""
    return build_request(
        "POST",
        "/v1/policies",
        m.PolicySummary,
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def subscription_pause(
    subscription: str | UUID,
    body: m.PauseSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send nothing until it is resumed."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/pause",
        m.SubscriptionSummary,
        path_values={"subscription": subscription},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def subscription_remove(
    subscription: str | UUID,
    body: m.RemoveSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """End it for good."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/remove",
        m.SubscriptionSummary,
        path_values={"subscription": subscription},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def subscription_replay(
    subscription: str | UUID,
    body: m.ReplaySubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send again what was recorded after a position or an instant, under the same ids."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/replay",
        m.SubscriptionSummary,
        path_values={"subscription": subscription},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def subscription_resume(
    subscription: str | UUID,
    body: m.ResumeSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send again, from where it stopped; also after it was disabled."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/resume",
        m.SubscriptionSummary,
        path_values={"subscription": subscription},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def subscription_rotate_secret(
    subscription: str | UUID,
    body: m.RotateSecret | None = None,
) -> Request[m.RotatedSecret]:
    """A new secret, answered this once; the former one signs too until the overlap is over."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/rotate-secret",
        m.RotatedSecret,
        path_values={"subscription": subscription},
        body=body,
    )


def support_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    member: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "json", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.SupportReport]:
    """Who needs what of whom, what is in the way, what was heard."""
    return build_request(
        "GET",
        "/v1/reports/support",
        m.SupportReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "member": member,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def team_appoint_lead(
    ref: str | UUID,
    body: m.AppointLead,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Appoint lead. Give the team another lead."""
    return build_request(
        "POST",
        "/v1/teams/{ref}/appoint-lead",
        m.TeamSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def team_archive(
    ref: str | UUID,
    body: m.ArchiveTeam | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Archive. Archive the team: nothing new begins in it. A steward does, when its members have left it."""
    return build_request(
        "POST",
        "/v1/teams/{ref}/archive",
        m.TeamSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def team_rename(
    ref: str | UUID,
    body: m.RenameTeam,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Rename. Give the team another name."""
    return build_request(
        "POST",
        "/v1/teams/{ref}/rename",
        m.TeamSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def team_restore(
    ref: str | UUID,
    body: m.RestoreTeam,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Restore. Bring an archived team back, with a lead; a steward does."""
    return build_request(
        "POST",
        "/v1/teams/{ref}/restore",
        m.TeamSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def team_take_back(
    ref: str | UUID,
    body: m.TakeBackAppointment,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Take back. Take back an appointment of a lead that was wrong: the lead before it leads on."""
    return build_request(
        "POST",
        "/v1/teams/{ref}/take-back",
        m.TeamSummary,
        path_values={"ref": ref},
        header={"Idempotency-Key": idempotency_key, "If-Match": if_match},
        body=body,
    )


def test_subscription(
    subscription: str | UUID,
    body: m.SendWebhookTest | None = None,
) -> Request[m.WebhookTestResult]:
    """Send one message of the type `webhook.test` now, and say what was answered."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/test",
        m.WebhookTestResult,
        path_values={"subscription": subscription},
        body=body,
    )


def who_am_i() -> Request[m.CurrentMember]:
    """Who this key speaks for, and its roles."""
    return build_request(
        "GET",
        "/v1/me",
        m.CurrentMember,
    )


def why_is_it(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    field: Literal[
        "conditions",
        "confidence",
        "description",
        "due",
        "effort_hours",
        "kind",
        "measure",
        "outcome",
        "owner",
        "pause",
        "priority",
        "progress",
        "sponsor",
        "start",
        "state",
        "supports",
        "tags",
        "team",
        "title",
        "value",
    ]
    | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.WhyAnswer]:
    """Why a field has its value: change, reason, trigger, trade-offs, who consented, and so on upstream."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/why",
        m.WhyAnswer,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "field": field},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
