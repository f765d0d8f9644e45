"""History in plain words: one English sentence per event. Names are resolved by whoever asks, when it asks.

Every tag that was ever written has its words in `WORDS`; a test walks the registry of events. The words stay neutral:
they say who did what and why, never who is to blame.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from domain.goal import events as e
from domain.member import member as m
from domain.organisation import organisation as o
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS
from domain.team import team as t
from projections.history.narrative.charters import CHARTER_NARRATORS
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.cycles import CYCLE_NARRATORS
from projections.history.narrative.decisions import DECISION_NARRATORS
from projections.history.narrative.phrases import day, describe_changes, excerpt, hours, join_list, percent, quote


def narrate(told: NarrativeContext) -> str:
    """The event as one sentence: who did what, and why. A timer's begins with "The clock"."""
    cls = EVENTS.get(told.type)
    if cls is None:
        return f"Something was recorded that this version has no words for ({told.type})."
    event = msgspec.json.decode(told.data, type=cls)
    words = NARRATORS[cls]
    clause = words if isinstance(words, str) else words(event, told)
    who = "The clock:" if told.party is None else told.name(told.party, "Somebody")
    return f"{who} {clause}{_because(told.reason)}".rstrip(" .") + "."


def _because(reason: Reason | None) -> str:
    if reason is None:
        return ""
    code = "" if reason.code is ReasonCode.OTHER else reason.code.replace("_", " ")
    text = excerpt(reason.text, 300)
    return f" because {': '.join(part for part in (code, text) if part)}" if code or text else ""


# --- pieces ------------------------------------------------------------------------------------------------------


def _proposed(told: NarrativeContext) -> str:
    return join_list(describe_changes(told.before, told.after, told.title, told.name, to=True)) or "to keep the terms"


def _changed(told: NarrativeContext) -> str:
    return join_list(describe_changes(told.before, told.after, told.title, told.name, to=False))


def _trade_offs(trade_offs: Iterable[e.TradeOff], told: NarrativeContext) -> str:
    gives = []
    for one in trade_offs:
        verb = {
            "drop": "dropping",
            "defer": "deferring",
            "rescope": "rescoping",
            "hand_over": "handing over",
            "pause": "pausing",
            "capacity": "adding capacity",
        }[one.kind]
        what = f" {told.title(one.goal)}" if one.goal is not None else ""
        gives.append(f"{verb}{what}" + (f" for {told.title(one.for_)}" if one.for_ is not None else ""))
    return f", against {join_list(gives)}" if gives else ""


def _taken_as(taken: e.TakenAs | None) -> str:
    if taken is None:
        return ""
    return {
        "slack": ", with slack",
        "within_line": ", within the load line",
        "relief": ", which takes nothing more aboard",
        "trade_off": ", with a trade-off that keeps the load line",
        "overload_accepted": ", over the load line, as the sponsor accepted",
        "unpriced": ", over the load line, with nothing given up for it",
    }[taken.how]


def _side(side: str) -> str:
    return f"the {side}"


def _until(terms: Any) -> str:
    return f" by {day(terms.due)}" if terms.due else ""


# --- beginning ---------------------------------------------------------------------------------------------------


def _requested(event: e.GoalRequested, told: NarrativeContext) -> str:
    what = f"{quote(event.title)}{_until(event.terms)}{_trade_offs(event.trade_offs, told)}"
    if event.imposed:
        return f"assigned {what} to {told.name(event.owner)}, whose promise it still needs"
    return f"asked {told.name(event.owner)} for {what}"


def _offered(event: e.GoalOffered, told: NarrativeContext) -> str:
    what = f"{quote(event.title)}{_until(event.terms)}{_trade_offs(event.trade_offs, told)}"
    if event.owner == event.sponsor:
        return f"set out to do {what}"
    return f"offered {told.name(event.sponsor)} {what}"


def _countered(event: e.GoalCountered, told: NarrativeContext) -> str:
    asked = describe_changes(told.before, told.after, told.title, told.name, to=True)
    return f"answered with other terms: {join_list(asked) or 'the same again'}{_trade_offs(event.trade_offs, told)}"


def _expired(event: e.GoalExpired, _told: NarrativeContext) -> str:
    return f"it expired, as {_side(event.silent)} did not answer in time; silence is never a yes"


def _promised(event: e.GoalPromised, told: NarrativeContext) -> str:
    return f"promised it{_taken_as(event.taken_as)}{_trade_offs(event.trade_offs, told)}"


def _accepted(event: e.GoalAccepted, _told: NarrativeContext) -> str:
    return f"accepted it{_taken_as(event.taken_as)}{append_text(event.promises_back, ', and promised back: ')}"


# --- in communication --------------------------------------------------------------------------------------------


def _checked_in(event: e.CheckedIn, told: NarrativeContext) -> str:
    parts = []
    if event.progress is not None:
        was = told.before.get("progress")
        parts.append(f"progress {percent(event.progress)}" + (f" (was {percent(was)})" if was else ""))
    if event.confidence is not None:
        was = told.before.get("confidence")
        parts.append(f"confidence {percent(event.confidence)}" + (f" (was {percent(was)})" if was else ""))
    if event.value is not None:
        parts.append(f"value {event.value}")
    if event.blockers is not None:
        stands = [excerpt(b.text, 120) for b in event.blockers]
        parts.append(f"blocked by {join_list(stands)}" if stands else "no blockers")
    for need in event.needs:
        whom = f" from {told.name(need.addressee)}" if need.addressee else ""
        until = f" by {day(need.answer_by)}" if need.answer_by else ""
        parts.append(f"needs {excerpt(need.text, 120)}{whom}{until}")
    parts += [f"idea: {excerpt(idea, 120)}" for idea in event.ideas]
    parts += [excerpt(event.note, 300)] if event.note else []
    verb = "corrected an earlier check-in" if event.corrects else "checked in"
    return f"{verb}: {'; '.join(parts)}" if parts else verb


def _blocker_raised(event: e.BlockerRaised, told: NarrativeContext) -> str:
    blocker = event.blocker
    following = f"; {told.name(blocker.acts_next)} acts next" if blocker.acts_next else ""
    return f"raised a blocker{append_text(blocker.text)}{following}{append_text(blocker.next_action)}"


def _supports(event: e.LinkAffirmed | e.Unlinked, told: NarrativeContext) -> str:
    return join_list([told.title(s.goal or s.purpose) for s in event.supports])


# --- renegotiation -----------------------------------------------------------------------------------------------


def _late(*, in_time: bool, retroactive: bool) -> str:
    if retroactive:
        return " (after the fact)"
    return "" if in_time else " (later than the notice agreed)"


_TRIGGERS = {
    "blocker": ", set off by a blocker",
    "need": ", set off by a need",
    "parent": ", set off by a change of a goal that it supports",
    "purpose": ", set off by a change of the purpose",
}


def _change_proposed(event: e.ChangeProposed, told: NarrativeContext) -> str:
    late = _late(in_time=event.in_time, retroactive=event.retroactive)
    trigger = _TRIGGERS.get(event.trigger, "")
    flag = append_text(event.conflict_with, ", flagged as at odds with a non-negotiable: ")
    return f"proposed {_proposed(told)}{_trade_offs(event.trade_offs, told)}{trigger}{late}{flag}"


def _change_countered(event: e.ChangeCountered, told: NarrativeContext) -> str:
    late = _late(in_time=event.in_time, retroactive=event.retroactive)
    return f"answered with another proposal: {_proposed(told)}{_trade_offs(event.trade_offs, told)}{late}"


def _change_accepted(event: e.ChangeAccepted, told: NarrativeContext) -> str:
    how = "accepted the change in the other role too" if event.self_accepted else "accepted the change"
    what = _changed(told)
    return f"{how}{f': {what}' if what else ''}{_taken_as(event.taken_as)}{_trade_offs(event.trade_offs, told)}"


def _change_timed_out(event: e.ChangeTimedOut, _told: NarrativeContext) -> str:
    return f"{_side(event.silent)} did not answer the proposed change in time; the old terms stand"


def _hand_over_joined(event: e.HandOverJoined, told: NarrativeContext) -> str:
    whom = told.name(event.member) if str(event.member) != told.party else ""
    return f"agreed {f'that {whom} becomes' if whom else 'to become'} the {event.role}{_taken_as(event.taken_as)}"


# --- completion and ends -----------------------------------------------------------------------------------------


def _completed(event: e.CompletionDeclared, _told: NarrativeContext) -> str:
    shown = [excerpt(x.text or x.url, 120) for x in event.evidence if x.text or x.url]
    return f"declared it complete{' after the due date' if event.late else ''}{append_text(join_list(shown))}"


def _satisfied(event: e.SatisfactionDeclared, _told: NarrativeContext) -> str:
    said = [excerpt(v.text, 120) for v in event.verdicts if v.text]
    return f"declared the conditions satisfied{append_text(join_list(said))}"


def _sent_back(event: e.DeliveryRejected, _told: NarrativeContext) -> str:
    return f"sent it back: condition {quote(event.condition)} is not met yet; rework by {day(event.rework_by)}"


def _withdrawn(event: e.PromiseWithdrawn, told: NarrativeContext) -> str:
    when = "in time" if event.in_time else "late"
    instead = append_text(event.mitigation, "; instead: ")
    return f"withdrew the promise {when}{_trade_offs(event.trade_offs, told)}{instead}"


def _lapsed(event: e.GoalLapsed, _told: NarrativeContext) -> str:
    missed = ", while the owner's timely proposal had no answer" if event.sponsor_missed_answer else ""
    return f"the due date {day(event.due)} and its grace passed{missed}; the promise lapsed"


# --- people ------------------------------------------------------------------------------------------------------


def _member_joined(event: m.Joined, told: NarrativeContext) -> str:
    team = f" team {told.name(event.team)}" if event.team else ""
    if told.party == told.stream_id:
        return f"joined{team}"
    return f"welcomed {event.name or told.name(told.stream_id, 'a member')}{f' to{team}' if team else ''}"


def _about(told: NarrativeContext) -> str:
    return "" if told.party == told.stream_id else f" for {told.name(told.stream_id, 'a member')}"


def _policy(_event: o.PolicySet, told: NarrativeContext) -> str:
    dials = [f"{name.replace('_', ' ')} from {told.before[name]} to {value}" for name, value in told.after.items()]
    return f"set policies: {join_list(dials)}" if dials else "confirmed the policies"


#: How each event reads after the name of whoever did it.
NARRATORS: dict[type, Narrator] = {
    e.GoalDrafted: lambda x, _: f"drafted {quote(x.title)}{_until(x.terms)}",
    e.DraftRevised: lambda _, told: f"revised the draft{append_text(_changed(told))}",
    e.GoalDiscarded: "discarded the draft",
    e.GoalRequested: _requested,
    e.GoalOffered: _offered,
    e.GoalCountered: _countered,
    e.AnswerDeferred: lambda x, _: f"promised an answer by {day(x.answer_by)}",
    e.ClarificationAsked: lambda x, _: f"wrote to clarify{append_text(x.text)}",
    e.GoalDeclined: "declined",
    e.GoalWithdrawn: "took it back before it was promised",
    e.GoalExpired: _expired,
    e.ResponseReminded: lambda x, told: f"reminded {told.name(x.to)} that an answer is waited for",
    e.GoalPromised: _promised,
    e.GoalAccepted: _accepted,
    e.CheckedIn: _checked_in,
    e.CheckInDue: lambda x, told: f"reminded {told.name(x.to)} that a check-in is due",
    e.FeedbackGiven: lambda x, _: f"gave feedback{'' if x.on == 'other' else f' on {x.on}'}{append_text(x.text)}",
    e.BlockerRaised: _blocker_raised,
    e.BlockerResolved: lambda x, _: f"resolved a blocker{append_text(x.resolution)}",
    e.NeedAnswered: lambda x, _: f"answered a need{append_text(x.text)}",
    e.ValueRecorded: lambda x, _: f"recorded the value {x.value}",
    e.Affirmed: lambda x, _: f"affirmed that it is still right{append_text(x.note)}",
    e.LinkAffirmed: lambda x, told: f"affirmed that it still supports {_supports(x, told)}",
    e.Unlinked: lambda x, told: f"took back that it supports {_supports(x, told)}",
    e.ApproachChosen: lambda x, _: f"chose an approach{append_text(x.text)}",
    e.Retitled: lambda _, told: f"put it in other words{append_text(_changed(told))}",
    e.Resumed: "resumed work after the pause",
    e.ChangeProposed: _change_proposed,
    e.ChangeCountered: _change_countered,
    e.ChangeAccepted: _change_accepted,
    e.ChangeRejected: "did not accept the change; the old terms stand",
    e.ChangeWithdrawn: "took the proposed change back",
    e.ChangeTimedOut: _change_timed_out,
    e.HandOverJoined: _hand_over_joined,
    e.HandOverRefused: "preferred not to take it over; the hand-over falls",
    e.CompletionDeclared: _completed,
    e.SatisfactionDeclared: _satisfied,
    e.DeliveryRejected: _sent_back,
    e.CompletionRetracted: "took the completion back",
    e.DeliveryDisputed: lambda x, told: f"asked {told.name(x.mediator)} to rule on the delivery by {day(x.decide_by)}",
    e.RuledSatisfied: "ruled that the conditions are satisfied",
    e.RuledBroken: "ruled that the conditions are not met",
    e.DeemedSatisfied: "no verdict came in the time agreed; it is deemed satisfied",
    e.GoalCancelled: lambda x, told: f"cancelled it{_trade_offs(x.trade_offs, told)}",
    e.GoalReleased: lambda x, told: f"released the owner from the promise{_trade_offs(x.trade_offs, told)}",
    e.PromiseWithdrawn: _withdrawn,
    e.GoalLapsed: _lapsed,
    e.ClosedBroken: "closed it as not kept",
    e.GivenUp: "neither side had been in contact for long; it was closed as not kept",
    e.SponsorReassigned: lambda x, told: f"made {told.name(x.sponsor)} the sponsor after {told.name(x.former)}",
    e.DepartedReleased: "released the promise of an owner who has left",
    m.Joined: _member_joined,
    m.Left: lambda _, told: f"recorded a departure{_about(told)}" if _about(told) else "left",
    m.CapacityDeclared: lambda x, told: (
        f"declared {hours(x.capacity.hours_per_week)} a week from {day(x.capacity.from_)}{_about(told)}"
    ),
    m.AbsenceDeclared: lambda x, told: (
        f"declared an absence from {day(x.absence.from_)} to {day(x.absence.to)}{_about(told)}"
    ),
    m.RoleGranted: lambda x, told: f"granted the role {x.role}{_about(told)}",
    m.RoleRevoked: lambda x, told: f"took back the role {x.role}{_about(told)}",
    t.Created: lambda x, told: f"created the team {quote(x.name)}, led by {told.name(x.lead)}",
    t.Renamed: lambda x, _: f"renamed the team to {quote(x.name)}",
    t.LeadAppointed: lambda x, told: f"made {told.name(x.lead)} the lead of the team",
    o.Created: lambda x, _: f"created the organisation {quote(x.name)} (time zone {x.zone})",
    o.PolicySet: _policy,
}

NARRATORS |= CHARTER_NARRATORS | CYCLE_NARRATORS | DECISION_NARRATORS
