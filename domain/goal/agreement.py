"""The agreement as data: every transition of a goal, and who may bring it about.

After Winograd and Flores, *Understanding Computers and Cognition* (1986), and ActionWorkflow (Medina-Mora et al.,
1992). `prior` stands for the state in which the open change began (active or lapsed). Reasons: R = code and text,
c = code, - = none. What the table cannot show are rules of `domain.goal.decide`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ReasonRequirement = Literal["R", "c", "-"]


class Transition(msgspec.Struct, frozen=True):
    """One row: from a state, by an act of one of these roles, to a state."""

    origin: str
    act: str
    by: tuple[str, ...]
    to: str
    reason: ReasonRequirement
    effect: str = ""


_ROWS: tuple[tuple[str, str, str, str, ReasonRequirement, str], ...] = (
    ("draft", "request", "sponsor", "requested", "R", "at least one condition, a due date, why it is needed; supports may be empty (then unlinked, counts in purpose drift)"),
    ("draft", "offer", "owner", "offered", "R", "at least one condition, a due date, why it is needed; supports may be empty (then unlinked, counts in purpose drift)"),
    ("draft", "discard", "sponsor,owner", "withdrawn", "-", "its author only"),
    ("requested", "promise", "owner", "active", "-", "load decided here"),
    ("requested", "counter", "owner", "countered_by_owner", "c", "new terms version"),
    ("requested", "defer_answer", "owner", "answer_deferred", "c", "answer_by at most the policy maximum"),
    ("requested", "decline", "owner", "declined", "c", "capacity alone is enough; it cannot be overridden"),
    ("requested", "withdraw", "sponsor", "withdrawn", "c", ""),
    ("requested", "clarify", "sponsor,owner", "requested", "-", "pauses the response clock until the other side writes or 5 working days pass, at most twice"),
    ("requested", "expire", "timer", "expired", "-", "response time and one reminder have passed; silence is never a yes"),
    ("offered", "accept", "sponsor", "active", "-", "load decided here; the sponsor may add what the sponsor promises back (inputs, review time)"),
    ("offered", "counter", "sponsor", "countered_by_sponsor", "c", ""),
    ("offered", "decline", "sponsor", "declined", "c", ""),
    ("offered", "withdraw", "owner", "withdrawn", "c", ""),
    ("offered", "clarify", "sponsor,owner", "offered", "-", "pauses the response clock until the other side writes or 5 working days pass, at most twice"),
    ("offered", "expire", "timer", "expired", "-", ""),
    ("countered_by_owner", "accept", "sponsor", "active", "-", "load decided here; the owner's counter becomes terms version 1"),
    ("countered_by_owner", "counter", "sponsor", "countered_by_sponsor", "c", ""),
    ("countered_by_owner", "decline", "sponsor", "declined", "c", ""),
    ("countered_by_owner", "withdraw", "owner,sponsor", "withdrawn", "c", ""),
    ("countered_by_owner", "expire", "timer", "expired", "-", ""),
    ("countered_by_sponsor", "promise", "owner", "active", "-", "load decided here"),
    ("countered_by_sponsor", "counter", "owner", "countered_by_owner", "c", "after 3 rounds suggest a call or a time-boxed decision"),
    ("countered_by_sponsor", "decline", "owner", "declined", "c", ""),
    ("countered_by_sponsor", "withdraw", "sponsor,owner", "withdrawn", "c", ""),
    ("countered_by_sponsor", "expire", "timer", "expired", "-", ""),
    ("answer_deferred", "promise", "owner", "active", "-", "load decided here"),
    ("answer_deferred", "counter", "owner", "countered_by_owner", "c", ""),
    ("answer_deferred", "decline", "owner", "declined", "c", ""),
    ("answer_deferred", "withdraw", "sponsor", "withdrawn", "c", ""),
    ("answer_deferred", "expire", "timer", "expired", "-", "answer_by passed: a missed promise to answer"),
    ("active", "check_in", "owner", "active", "-", "progress, confidence, blockers, ideas, need; a fall of 0.2 or more needs a note"),
    ("active", "feedback", "sponsor,owner", "active", "-", "both ways: on progress, on inputs and clarity"),
    ("active", "raise_blocker", "sponsor,owner", "active", "-", "type, who acts next, next action"),
    ("active", "propose_change", "owner", "change_proposed_by_owner", "R", "notice computed; in time or late"),
    ("active", "propose_change", "sponsor", "change_proposed_by_sponsor", "R", "new scope must carry its trade-off"),
    ("active", "declare_complete", "owner", "delivered", "-", "evidence per condition"),
    ("active", "cancel", "sponsor", "cancelled", "R", "the need is gone; left out of the owner's reliability"),
    ("active", "release", "sponsor", "released", "c", "the need stays, the owner is freed"),
    ("active", "withdraw_promise", "owner", "promise_withdrawn", "R", "with a mitigation or another owner; in_time from notice"),
    ("active", "lapse", "timer", "lapsed", "-", "due and grace passed, no timely change open"),
    ("change_proposed_by_owner", "accept_change", "sponsor", "active", "-", "load decided here; terms version + 1; children unaffirmed; timers reset"),
    ("change_proposed_by_owner", "reject_change", "sponsor", "prior", "R", "old terms stand; the owner may still revoke"),
    ("change_proposed_by_owner", "counter_change", "sponsor", "change_proposed_by_sponsor", "R", ""),
    ("change_proposed_by_owner", "withdraw_change", "owner", "prior", "-", ""),
    ("change_proposed_by_owner", "change_timeout", "timer", "prior", "-", "the sponsor's miss: sets sponsor_missed_answer, a later lapse is not the owner's break"),
    ("change_proposed_by_owner", "declare_complete", "owner", "delivered", "-", "on old terms"),
    ("change_proposed_by_owner", "cancel", "sponsor", "cancelled", "R", ""),
    ("change_proposed_by_owner", "withdraw_promise", "owner", "promise_withdrawn", "R", ""),
    ("change_proposed_by_owner", "lapse", "timer", "change_proposed_by_owner", "-", "once, only while prior = active, due and grace passed and the proposal was late: sets prior = lapsed; the proposal stays open"),
    ("change_proposed_by_sponsor", "accept_change", "owner", "active", "-", "a fresh promise: load decided here"),
    ("change_proposed_by_sponsor", "reject_change", "owner", "prior", "c", "one call; 'yes, and' is not the default"),
    ("change_proposed_by_sponsor", "counter_change", "owner", "change_proposed_by_owner", "R", "yes, if X drops or due moves"),
    ("change_proposed_by_sponsor", "withdraw_change", "sponsor", "prior", "-", ""),
    ("change_proposed_by_sponsor", "change_timeout", "timer", "prior", "-", "the owner's miss; old terms stand"),
    ("change_proposed_by_sponsor", "declare_complete", "owner", "delivered", "-", ""),
    ("change_proposed_by_sponsor", "cancel", "sponsor", "cancelled", "R", ""),
    ("change_proposed_by_sponsor", "withdraw_promise", "owner", "promise_withdrawn", "R", ""),
    ("change_proposed_by_sponsor", "lapse", "timer", "change_proposed_by_sponsor", "-", "once, only while prior = active, due and grace passed: sets prior = lapsed; the proposal stays open"),
    ("delivered", "declare_satisfied", "sponsor", "satisfied", "-", "verdict per condition; opens two-way feedback"),
    ("delivered", "reject_delivery", "sponsor", "active", "R", "cites an unmet condition and gives rework_by; lapse counts from max(due, rework_by); days in delivered are not the owner's"),
    ("delivered", "retract_completion", "owner", "active", "R", "days in delivered do not count"),
    ("delivered", "dispute", "sponsor,owner", "delivered", "R", "names a mediator (neither party) and a time-box"),
    ("delivered", "rule_satisfied", "mediator", "satisfied", "R", ""),
    ("delivered", "rule_broken", "mediator", "broken", "R", ""),
    ("delivered", "deem_satisfied", "timer", "satisfied", "-", "off by default; deemed=true"),
    ("lapsed", "propose_change", "owner", "change_proposed_by_owner", "R", "the lapse stays on record (late renegotiation)"),
    ("lapsed", "declare_complete", "owner", "delivered", "R", "late"),
    ("lapsed", "withdraw_promise", "owner", "promise_withdrawn", "R", "in_time=false"),
    ("lapsed", "release", "sponsor", "released", "c", ""),
    ("lapsed", "close_broken", "sponsor", "broken", "R", "neutral words; prompts a repair talk"),
    ("lapsed", "give_up", "timer", "broken", "-", "N days without contact from either side (policy, off by default)"),
    ("lapsed", "propose_change", "sponsor", "change_proposed_by_sponsor", "R", "the sponsor may reach out first"),
    ("change_proposed_by_owner", "check_in", "owner", "change_proposed_by_owner", "-", "keeping in communication is never refused"),
    ("change_proposed_by_owner", "feedback", "sponsor,owner", "change_proposed_by_owner", "-", "both ways"),
    ("change_proposed_by_owner", "raise_blocker", "sponsor,owner", "change_proposed_by_owner", "-", "type, who acts next, next action"),
    ("change_proposed_by_sponsor", "check_in", "owner", "change_proposed_by_sponsor", "-", "keeping in communication is never refused"),
    ("change_proposed_by_sponsor", "feedback", "sponsor,owner", "change_proposed_by_sponsor", "-", "both ways"),
    ("change_proposed_by_sponsor", "raise_blocker", "sponsor,owner", "change_proposed_by_sponsor", "-", "type, who acts next, next action"),
    ("lapsed", "check_in", "owner", "lapsed", "-", "keeping in communication is never refused"),
    ("lapsed", "feedback", "sponsor,owner", "lapsed", "-", "both ways"),
    ("lapsed", "raise_blocker", "sponsor,owner", "lapsed", "-", "type, who acts next, next action"),
    ("delivered", "feedback", "sponsor,owner", "delivered", "-", "both ways"),
    ("draft", "revise_draft", "sponsor,owner", "draft", "-", "its author only"),
    ("delivered", "check_in", "owner", "delivered", "-", "keeping in communication is never refused"),
    ("delivered", "raise_blocker", "sponsor,owner", "delivered", "-", "type, who acts next, next action"),
    ("satisfied", "feedback", "sponsor,owner", "satisfied", "-", "both ways, after the end too"),
    ("broken", "feedback", "sponsor,owner", "broken", "-", "both ways, after the end too"),
    ("released", "feedback", "sponsor,owner", "released", "-", "both ways, after the end too"),
    ("promise_withdrawn", "feedback", "sponsor,owner", "promise_withdrawn", "-", "both ways, after the end too"),
    ("cancelled", "feedback", "sponsor,owner", "cancelled", "-", "both ways, after the end too"),
    ("lapsed", "cancel", "sponsor", "cancelled", "R", "the lapse stays counted"),
    ("change_proposed_by_owner", "release", "sponsor", "released", "c", "the need stays, the owner is freed"),
    ("change_proposed_by_sponsor", "release", "sponsor", "released", "c", "the need stays, the owner is freed"),
    ("change_proposed_by_owner", "join", "new_party", "change_proposed_by_owner", "-", "the member named as new owner promises (load decided here) or as new sponsor agrees; accept_change is refused before it"),
    ("change_proposed_by_owner", "refuse", "new_party", "prior", "c", "the hand-over falls; nobody is named against their will"),
    ("change_proposed_by_sponsor", "join", "new_party", "change_proposed_by_sponsor", "-", "the member named as new owner promises (load decided here) or as new sponsor agrees; accept_change is refused before it"),
    ("change_proposed_by_sponsor", "refuse", "new_party", "prior", "c", "the hand-over falls; nobody is named against their will"),
    ("active", "reassign_sponsor", "steward", "active", "R", "only if the sponsor left or is absent beyond policy"),
    ("change_proposed_by_owner", "reassign_sponsor", "steward", "change_proposed_by_owner", "R", "only if the sponsor left or is absent beyond policy"),
    ("change_proposed_by_sponsor", "reassign_sponsor", "steward", "change_proposed_by_sponsor", "R", "only if the sponsor left or is absent beyond policy"),
    ("delivered", "reassign_sponsor", "steward", "delivered", "R", "only if the sponsor left or is absent beyond policy"),
    ("lapsed", "reassign_sponsor", "steward", "lapsed", "R", "only if the sponsor left or is absent beyond policy"),
    ("active", "release_departed", "steward", "released", "c", "only if the owner left; out of reliability"),
    ("change_proposed_by_owner", "release_departed", "steward", "released", "c", "only if the owner left; out of reliability"),
    ("change_proposed_by_sponsor", "release_departed", "steward", "released", "c", "only if the owner left; out of reliability"),
    ("lapsed", "release_departed", "steward", "released", "c", "only if the owner left; out of reliability"),
    ("active", "choose_approach", "owner", "active", "-", "the owner's freedom; never gated"),
    ("change_proposed_by_owner", "choose_approach", "owner", "change_proposed_by_owner", "-", "the owner's freedom; never gated"),
    ("change_proposed_by_sponsor", "choose_approach", "owner", "change_proposed_by_sponsor", "-", "the owner's freedom; never gated"),
    ("delivered", "choose_approach", "owner", "delivered", "-", "the owner's freedom; never gated"),
    ("lapsed", "choose_approach", "owner", "lapsed", "-", "the owner's freedom; never gated"),
    ("requested", "retitle", "sponsor,owner", "requested", "-", "title, description, tags: cosmetic"),
    ("offered", "retitle", "sponsor,owner", "offered", "-", "title, description, tags: cosmetic"),
    ("countered_by_owner", "retitle", "sponsor,owner", "countered_by_owner", "-", "title, description, tags: cosmetic"),
    ("countered_by_sponsor", "retitle", "sponsor,owner", "countered_by_sponsor", "-", "title, description, tags: cosmetic"),
    ("answer_deferred", "retitle", "sponsor,owner", "answer_deferred", "-", "title, description, tags: cosmetic"),
    ("active", "retitle", "sponsor,owner", "active", "-", "title, description, tags: cosmetic"),
    ("change_proposed_by_owner", "retitle", "sponsor,owner", "change_proposed_by_owner", "-", "title, description, tags: cosmetic"),
    ("change_proposed_by_sponsor", "retitle", "sponsor,owner", "change_proposed_by_sponsor", "-", "title, description, tags: cosmetic"),
    ("delivered", "retitle", "sponsor,owner", "delivered", "-", "title, description, tags: cosmetic"),
    ("lapsed", "retitle", "sponsor,owner", "lapsed", "-", "title, description, tags: cosmetic"),
    ("active", "record_value", "owner,integration", "active", "-", "machine values never reset staleness"),
    ("change_proposed_by_owner", "record_value", "owner,integration", "change_proposed_by_owner", "-", "machine values never reset staleness"),
    ("change_proposed_by_sponsor", "record_value", "owner,integration", "change_proposed_by_sponsor", "-", "machine values never reset staleness"),
    ("delivered", "record_value", "owner,integration", "delivered", "-", "machine values never reset staleness"),
    ("lapsed", "record_value", "owner,integration", "lapsed", "-", "machine values never reset staleness"),
    ("active", "take_back", "owner,integration", "active", "-", "a check-in or reading that was wrong; a machine takes back readings only"),
    ("change_proposed_by_owner", "take_back", "owner,integration", "change_proposed_by_owner", "-", "a check-in or reading that was wrong; a machine takes back readings only"),
    ("change_proposed_by_sponsor", "take_back", "owner,integration", "change_proposed_by_sponsor", "-", "a check-in or reading that was wrong; a machine takes back readings only"),
    ("delivered", "take_back", "owner,integration", "delivered", "-", "a check-in or reading that was wrong; a machine takes back readings only"),
    ("lapsed", "take_back", "owner,integration", "lapsed", "-", "a check-in or reading that was wrong; a machine takes back readings only"),
    ("active", "affirm", "owner", "active", "-", "nothing changed, still right"),
    ("change_proposed_by_owner", "affirm", "owner", "change_proposed_by_owner", "-", "nothing changed, still right"),
    ("change_proposed_by_sponsor", "affirm", "owner", "change_proposed_by_sponsor", "-", "nothing changed, still right"),
    ("delivered", "affirm", "owner", "delivered", "-", "nothing changed, still right"),
    ("lapsed", "affirm", "owner", "lapsed", "-", "nothing changed, still right"),
    ("active", "affirm_link", "owner", "active", "-", "after a parent or purpose changed"),
    ("change_proposed_by_owner", "affirm_link", "owner", "change_proposed_by_owner", "-", "after a parent or purpose changed"),
    ("change_proposed_by_sponsor", "affirm_link", "owner", "change_proposed_by_sponsor", "-", "after a parent or purpose changed"),
    ("delivered", "affirm_link", "owner", "delivered", "-", "after a parent or purpose changed"),
    ("lapsed", "affirm_link", "owner", "lapsed", "-", "after a parent or purpose changed"),
    ("active", "unlink", "owner", "active", "c", "the support is withdrawn"),
    ("change_proposed_by_owner", "unlink", "owner", "change_proposed_by_owner", "c", "the support is withdrawn"),
    ("change_proposed_by_sponsor", "unlink", "owner", "change_proposed_by_sponsor", "c", "the support is withdrawn"),
    ("delivered", "unlink", "owner", "delivered", "c", "the support is withdrawn"),
    ("lapsed", "unlink", "owner", "lapsed", "c", "the support is withdrawn"),
    ("active", "answer_need", "addressee", "active", "-", "the helper's side of a need"),
    ("change_proposed_by_owner", "answer_need", "addressee", "change_proposed_by_owner", "-", "the helper's side of a need"),
    ("change_proposed_by_sponsor", "answer_need", "addressee", "change_proposed_by_sponsor", "-", "the helper's side of a need"),
    ("delivered", "answer_need", "addressee", "delivered", "-", "the helper's side of a need"),
    ("lapsed", "answer_need", "addressee", "lapsed", "-", "the helper's side of a need"),
    ("active", "resolve_blocker", "sponsor,owner,assignee", "active", "-", "with a resolution"),
    ("change_proposed_by_owner", "resolve_blocker", "sponsor,owner,assignee", "change_proposed_by_owner", "-", "with a resolution"),
    ("change_proposed_by_sponsor", "resolve_blocker", "sponsor,owner,assignee", "change_proposed_by_sponsor", "-", "with a resolution"),
    ("delivered", "resolve_blocker", "sponsor,owner,assignee", "delivered", "-", "with a resolution"),
    ("lapsed", "resolve_blocker", "sponsor,owner,assignee", "lapsed", "-", "with a resolution"),
    ("active", "resume", "sponsor,owner", "active", "c", "ends a pause agreed by an accepted change"),
    ("change_proposed_by_owner", "accept_change", "steward", "active", "-", "only for a sponsor who left, a hand-over to a new sponsor who has joined"),
    ("change_proposed_by_sponsor", "accept_change", "steward", "active", "-", "only for an owner who left, a hand-over to a new owner who has joined"),
)  # fmt: skip

TRANSITIONS: tuple[Transition, ...] = tuple(
    Transition(origin, act, tuple(by.split(",")), to, reason, effect) for origin, act, by, to, reason, effect in _ROWS
)

#: Deterministic by construction of the dict, asserted by a test: (state, act, role) -> transition.
BY_STATE_ACT_ROLE: dict[tuple[str, str, str], Transition] = {
    (t.origin, t.act, role): t for t in TRANSITIONS for role in t.by
}

STATES: frozenset[str] = frozenset({t.origin for t in TRANSITIONS} | {t.to for t in TRANSITIONS} - {"prior"})

#: States that an act other than feedback never leaves: the ends.
TERMINAL: frozenset[str] = frozenset(
    s for s in STATES if all(t.act == "feedback" for t in TRANSITIONS if t.origin == s)
)

#: Acts of the clock: no party can bring them about.
TIMER_ACTS: frozenset[str] = frozenset(t.act for t in TRANSITIONS if t.by == ("timer",))


def allowed_acts(state: str, roles: frozenset[str]) -> tuple[str, ...]:
    """The acts that someone in these roles can take from `state`, in the table's order."""
    seen = {t.act: None for t in TRANSITIONS if t.origin == state and roles & set(t.by)}
    return tuple(seen)
