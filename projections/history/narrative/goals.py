"""History in plain words: one English sentence per event. Names are those of the time asked about.

Every tag that was ever written has its words in `NARRATORS`; a test walks the registry of events. The words stay
neutral: they say who did what and why, never who is to blame.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from domain.goal import events as e
from domain.key import key as k
from domain.member import member as m
from domain.organisation import organisation as o
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS
from domain.team import team as t
from projections.history.narrative.charters import CHARTER_NARRATORS
from projections.history.narrative.context import NarrativeContext, Narrator, append_text
from projections.history.narrative.cycles import CYCLE_NARRATORS
from projections.history.narrative.decisions import DECISION_NARRATORS
from projections.history.narrative.experiments import EXPERIMENT_NARRATORS
from projections.history.narrative.phrases import (
    describe_changes,
    excerpt,
    format_day,
    format_hours,
    format_instant,
    format_percent,
    join_list,
    quote,
)
from projections.history.narrative.pulses import PULSE_NARRATORS
from projections.history.narrative.recognitions import RECOGNITION_NARRATORS
from projections.history.narrative.subscriptions import SUBSCRIPTION_NARRATORS


def narrate(context: NarrativeContext) -> str:
    """The event as one sentence: who did what, and why. A timer's begins with "The clock"."""
    cls = EVENTS.get(context.type)
    if cls is None:
        return f"Something was recorded that this version has no words for ({context.type})."
    event = msgspec.json.decode(context.data, type=cls)
    words = NARRATORS[cls]
    clause = words if isinstance(words, str) else words(event, context)
    if context.party is not None:
        who = context.name(context.party, "Somebody")
    else:
        who = "An operator" if cls in get_args(k.KeyEvent) else "The clock:"
    return f"{who} {clause}{_format_reason(context.reason)}".rstrip(" .") + "."


def _format_reason(reason: Reason | None) -> str:
    if reason is None:
        return ""
    code = "" if reason.code is ReasonCode.OTHER else reason.code.replace("_", " ")
    text = excerpt(reason.text, 300)
    return f" because {': '.join(part for part in (code, text) if part)}" if code or text else ""


# --- pieces ------------------------------------------------------------------------------------------------------


def _describe_proposed_changes(context: NarrativeContext) -> str:
    return (
        join_list(describe_changes(context.before, context.after, context.title, context.name, to=True))
        or "to keep the terms"
    )


def _describe_accepted_changes(context: NarrativeContext) -> str:
    return join_list(describe_changes(context.before, context.after, context.title, context.name, to=False))


def _describe_trade_offs(trade_offs: Iterable[e.TradeOff], context: NarrativeContext) -> str:
    gives = _list_trade_offs(trade_offs, context)
    return f", against {join_list(gives)}" if gives else ""


def _list_trade_offs(trade_offs: Iterable[e.TradeOff], context: NarrativeContext) -> list[str]:
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
        what = f" {context.title(one.goal)}" if one.goal is not None else ""
        gives.append(f"{verb}{what}" + (f" for {context.title(one.for_)}" if one.for_ is not None else ""))
    return gives


def _describe_taken_as(
    event: e.GoalPromised | e.GoalAccepted | e.ChangeAccepted | e.HandOverJoined, context: NarrativeContext
) -> str:
    if event.taken_as is None:
        return ""
    how = {
        "slack": ", with slack",
        "within_line": ", within the load line",
        "relief": ", which takes nothing more aboard",
        "trade_off": ", with a trade-off that keeps the load line",
        "overload_accepted": ", over the load line, as the sponsor accepted",
        "unpriced": ", over the load line, with nothing given up for it",
    }[event.taken_as.how]
    if event.insufficient:
        how = f", over the load line: {join_list(_list_trade_offs(event.insufficient, context))} is not enough for it"
    return f"{how} (estimated)" if event.load_estimated else how


def _format_side(side: str) -> str:
    return f"the {side}"


def _format_due(terms: Any) -> str:
    return f" by {format_day(terms.due)}" if terms.due else ""


# --- beginning ---------------------------------------------------------------------------------------------------


def _requested(event: e.GoalRequested, context: NarrativeContext) -> str:
    what = f"{quote(event.title)}{_format_due(event.terms)}{_describe_trade_offs(event.trade_offs, context)}"
    if event.imposed:
        return f"assigned {what} to {context.name(event.owner)}, whose promise it still needs"
    return f"asked {context.name(event.owner)} for {what}"


def _offered(event: e.GoalOffered, context: NarrativeContext) -> str:
    what = f"{quote(event.title)}{_format_due(event.terms)}{_describe_trade_offs(event.trade_offs, context)}"
    if event.owner == event.sponsor:
        return f"set out to do {what}"
    return f"offered {context.name(event.sponsor)} {what}"


def _countered(event: e.GoalCountered, context: NarrativeContext) -> str:
    asked = describe_changes(context.before, context.after, context.title, context.name, to=True)
    gives = _describe_trade_offs(event.trade_offs, context)
    return f"answered with other terms: {join_list(asked) or 'the same again'}{gives}"


def _expired(event: e.GoalExpired, _context: NarrativeContext) -> str:
    return f"it expired, as {_format_side(event.silent)} did not answer in time; silence is never a yes"


def _promised(event: e.GoalPromised, context: NarrativeContext) -> str:
    return f"promised it{_describe_taken_as(event, context)}{_describe_trade_offs(event.trade_offs, context)}"


def _accepted(event: e.GoalAccepted, context: NarrativeContext) -> str:
    promised_back = append_text(event.promises_back, ", and promised back: ")
    return f"accepted it{_describe_taken_as(event, context)}{promised_back}"


# --- in communication --------------------------------------------------------------------------------------------


def _checked_in(event: e.CheckedIn, context: NarrativeContext) -> str:
    parts = []
    if event.progress is not None:
        was = context.before.get("progress")
        parts.append(f"progress {format_percent(event.progress)}" + (f" (was {format_percent(was)})" if was else ""))
    if event.confidence is not None:
        was = context.before.get("confidence")
        parts.append(
            f"confidence {format_percent(event.confidence)}" + (f" (was {format_percent(was)})" if was else "")
        )
    if event.value is not None:
        parts.append(f"value {event.value}")
    if event.blockers is not None:
        stands = [excerpt(b.text, 120) for b in event.blockers]
        parts.append(f"blocked by {join_list(stands)}" if stands else "no blockers")
    for need in event.needs:
        whom = f" from {context.name(need.addressee)}" if need.addressee else ""
        until = f" by {format_day(need.answer_by)}" if need.answer_by else ""
        parts.append(f"needs {excerpt(need.text, 120)}{whom}{until}")
    parts += [f"idea: {excerpt(idea, 120)}" for idea in event.ideas]
    parts += [excerpt(event.note, 300)] if event.note else []
    verb = "corrected an earlier check-in" if event.corrects else "checked in"
    return f"{verb}: {'; '.join(parts)}" if parts else verb


def _blocker_raised(event: e.BlockerRaised, context: NarrativeContext) -> str:
    blocker = event.blocker
    following = f"; {context.name(blocker.acts_next)} acts next" if blocker.acts_next else ""
    return f"raised a blocker{append_text(blocker.text)}{following}{append_text(blocker.next_action)}"


def _list_supports(event: e.LinkAffirmed | e.Unlinked, context: NarrativeContext) -> str:
    return join_list([context.title(s.goal or s.purpose) for s in event.supports])


# --- renegotiation -----------------------------------------------------------------------------------------------


def _format_lateness(*, in_time: bool, retroactive: bool) -> str:
    if retroactive:
        return " (after the fact)"
    return "" if in_time else " (later than the notice agreed)"


_TRIGGERS = {
    "blocker": ", set off by a blocker",
    "need": ", set off by a need",
    "parent": ", set off by a change of a goal that it supports",
    "purpose": ", set off by a change of the purpose",
}


def _change_proposed(event: e.ChangeProposed, context: NarrativeContext) -> str:
    late = _format_lateness(in_time=event.in_time, retroactive=event.retroactive)
    trigger = _TRIGGERS.get(event.trigger, "")
    flag = append_text(event.conflict_with, ", flagged as at odds with a non-negotiable: ")
    gives = _describe_trade_offs(event.trade_offs, context)
    return f"proposed {_describe_proposed_changes(context)}{gives}{trigger}{late}{flag}"


def _change_countered(event: e.ChangeCountered, context: NarrativeContext) -> str:
    late = _format_lateness(in_time=event.in_time, retroactive=event.retroactive)
    gives = _describe_trade_offs(event.trade_offs, context)
    return f"answered with another proposal: {_describe_proposed_changes(context)}{gives}{late}"


def _change_accepted(event: e.ChangeAccepted, context: NarrativeContext) -> str:
    how = "accepted the change in the other role too" if event.self_accepted else "accepted the change"
    how = f"accepted the hand-over for the former {event.by}, who is gone" if event.for_departed else how
    what = _describe_accepted_changes(context)
    gives = _describe_trade_offs(event.trade_offs, context)
    return f"{how}{f': {what}' if what else ''}{_describe_taken_as(event, context)}{gives}"


def _change_timed_out(event: e.ChangeTimedOut, _context: NarrativeContext) -> str:
    return f"{_format_side(event.silent)} did not answer the proposed change in time; the old terms stand"


def _hand_over_joined(event: e.HandOverJoined, context: NarrativeContext) -> str:
    whom = context.name(event.member) if str(event.member) != context.party else ""
    who = f"that {whom} becomes" if whom else "to become"
    return f"agreed {who} the {event.role}{_describe_taken_as(event, context)}"


# --- completion and ends -----------------------------------------------------------------------------------------


def _completed(event: e.CompletionDeclared, _context: NarrativeContext) -> str:
    shown = [excerpt(x.text or x.url, 120) for x in event.evidence if x.text or x.url]
    late = ", in the time given for rework" if event.within_rework else " after the due date" if event.late else ""
    return f"declared it complete{late}{append_text(join_list(shown))}"


def _satisfied(event: e.SatisfactionDeclared, _context: NarrativeContext) -> str:
    said = [excerpt(v.text, 120) for v in event.verdicts if v.text]
    return f"declared the conditions satisfied{append_text(join_list(said))}"


def _delivery_rejected(event: e.DeliveryRejected, _context: NarrativeContext) -> str:
    return f"sent it back: condition {quote(event.condition)} is not met yet; rework by {format_day(event.rework_by)}"


def _withdrawn(event: e.PromiseWithdrawn, context: NarrativeContext) -> str:
    when = "in time" if event.in_time else "late"
    instead = append_text(event.mitigation, "; instead: ")
    return f"withdrew the promise {when}{_describe_trade_offs(event.trade_offs, context)}{instead}"


def _lapsed(event: e.GoalLapsed, _context: NarrativeContext) -> str:
    missed = ", while the owner's timely proposal had no answer" if event.sponsor_missed_answer else ""
    return f"the due date {format_day(event.due)} and its grace passed{missed}; the promise lapsed"


# --- people ------------------------------------------------------------------------------------------------------


def _member_joined(event: m.Joined, context: NarrativeContext) -> str:
    team = f" team {context.name(event.team)}" if event.team else ""
    if context.party == context.stream_id:
        return f"joined{team}"
    return f"welcomed {event.name or context.name(context.stream_id, 'a member')}{f' to{team}' if team else ''}"


def _team_left(event: m.TeamLeft, context: NarrativeContext) -> str:
    team = context.name(event.team, "a team")
    if context.party == context.stream_id:
        return f"left team {team}"
    return f"recorded that {context.name(context.stream_id, 'a member')} left team {team}"


def _describe_correction(event: Any) -> str:
    return "" if event.corrects is None else "corrected what was said before and "


def _format_member(context: NarrativeContext) -> str:
    return "" if context.party == context.stream_id else f" for {context.name(context.stream_id, 'a member')}"


def _policy_set(_event: o.PolicySet, context: NarrativeContext) -> str:
    dials = [
        f"{name.replace('_', ' ')} from {context.before[name]} to {value}" for name, value in context.after.items()
    ]
    return f"set policies: {join_list(dials)}" if dials else "confirmed the policies"


#: How each event reads after its actor's name.
def _key_made(event: k.KeyMade, context: NarrativeContext) -> str:
    named = f" called {quote(event.name)}" if event.name else ""
    scopes = join_list(list(event.scopes))
    return f"made a key{named} for {context.name(event.member)}: {scopes}, until {format_instant(event.expires_at)}"


NARRATORS: dict[type, Narrator] = {
    e.GoalDrafted: lambda x, _: f"drafted {quote(x.title)}{_format_due(x.terms)}",
    e.DraftRevised: lambda _, context: f"revised the draft{append_text(_describe_accepted_changes(context))}",
    e.GoalDiscarded: "discarded the draft",
    e.GoalRequested: _requested,
    e.GoalOffered: _offered,
    e.GoalCountered: _countered,
    e.AnswerDeferred: lambda x, _: f"promised an answer by {format_day(x.answer_by)}",
    e.ClarificationAsked: lambda x, _: f"wrote to clarify{append_text(x.text)}",
    e.GoalDeclined: "declined",
    e.GoalWithdrawn: "took it back before it was promised",
    e.GoalExpired: _expired,
    e.ResponseReminded: lambda x, context: f"reminded {context.name(x.to)} that an answer is waited for",
    e.GoalPromised: _promised,
    e.GoalAccepted: _accepted,
    e.CheckedIn: _checked_in,
    e.CheckInDue: lambda x, context: f"reminded {context.name(x.to)} that a check-in is due",
    e.FeedbackGiven: lambda x, _: f"gave feedback{'' if x.on == 'other' else f' on {x.on}'}{append_text(x.text)}",
    e.BlockerRaised: _blocker_raised,
    e.BlockerResolved: lambda x, _: f"resolved a blocker{append_text(x.resolution)}",
    e.NeedAnswered: lambda x, _: f"answered a need{append_text(x.text)}",
    e.ValueRecorded: lambda x, _: f"{_describe_correction(x)}recorded the value {x.value}",
    e.StatementTakenBack: lambda x, _: (
        f"took back {'a check-in' if x.of == 'check_in' else 'a value'} that was said by mistake"
    ),
    e.Affirmed: lambda x, _: f"affirmed that it is still right{append_text(x.note)}",
    e.LinkAffirmed: lambda x, context: f"affirmed that it still supports {_list_supports(x, context)}",
    e.Unlinked: lambda x, context: f"took back that it supports {_list_supports(x, context)}",
    e.ApproachChosen: lambda x, _: (
        f"chose an approach{' in a freedom of the charter' if x.freedom else ''}{append_text(x.text)}"
    ),
    e.Retitled: lambda _, context: f"put it in other words{append_text(_describe_accepted_changes(context))}",
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
    e.DeliveryRejected: _delivery_rejected,
    e.CompletionRetracted: "took the completion back",
    e.DeliveryDisputed: lambda x, context: (
        f"asked {context.name(x.mediator)} to rule on the delivery by {format_day(x.decide_by)}"
    ),
    e.RuledSatisfied: "ruled that the conditions are satisfied",
    e.RuledBroken: "ruled that the conditions are not met",
    e.DeemedSatisfied: "no verdict came in the time agreed; it is deemed satisfied",
    e.GoalCancelled: lambda x, context: f"cancelled it{_describe_trade_offs(x.trade_offs, context)}",
    e.GoalReleased: lambda x, context: (
        f"released the owner from the promise{_describe_trade_offs(x.trade_offs, context)}"
    ),
    e.PromiseWithdrawn: _withdrawn,
    e.GoalLapsed: _lapsed,
    e.ClosedBroken: "closed it as not kept",
    e.GivenUp: "neither side had been in contact for long; it was closed as not kept",
    e.SponsorReassigned: lambda x, context: (
        f"made {context.name(x.sponsor)} the sponsor after {context.name(x.former)}"
    ),
    e.DepartedReleased: "released the promise of an owner who has left",
    m.Joined: _member_joined,
    m.Left: lambda _, context: f"recorded a departure{_format_member(context)}" if _format_member(context) else "left",
    m.TeamLeft: _team_left,
    m.MemberRenamed: lambda x, context: f"changed the name to {quote(x.name)}{_format_member(context)}",
    m.CapacityDeclared: lambda x, context: (
        f"{_describe_correction(x)}declared {format_hours(x.capacity.hours_per_week)} a week "
        f"from {format_day(x.capacity.from_)}{_format_member(context)}"
    ),
    m.AbsenceDeclared: lambda x, context: (
        f"{_describe_correction(x)}declared an absence "
        f"from {format_day(x.absence.from_)} to {format_day(x.absence.to)}{_format_member(context)}"
    ),
    m.RoleGranted: lambda x, context: f"{_describe_correction(x)}granted the role {x.role}{_format_member(context)}",
    m.RoleRevoked: lambda x, context: f"{_describe_correction(x)}took back the role {x.role}{_format_member(context)}",
    m.FactTakenBack: lambda _, context: f"took back what was said by mistake{_format_member(context)}",
    t.Created: lambda x, context: f"created the team {quote(x.name)}, led by {context.name(x.lead)}",
    t.Renamed: lambda x, _: f"renamed the team to {quote(x.name)}",
    t.LeadAppointed: lambda x, context: f"{_describe_correction(x)}made {context.name(x.lead)} the lead of the team",
    t.Archived: "archived the team",
    t.Restored: lambda x, context: f"brought the team back, led by {context.name(x.lead)}",
    t.AppointmentTakenBack: "took back an appointment of a lead that was made by mistake",
    o.OrganisationRenamed: lambda x, _: f"renamed the organisation to {quote(x.name)}",
    o.Created: lambda x, _: f"created the organisation {quote(x.name)} (time zone {x.zone})",
    o.PolicySet: _policy_set,
    k.KeyMade: _key_made,
    k.KeyReplaced: lambda x, _: f"replaced the key, which works until {format_instant(x.expires_at)}",
    k.KeyRevoked: "revoked the key",
    o.SourceAdded: lambda x, _: f"imported the first goals of the source {quote(x.source)}",
    o.ColumnMapKept: lambda x, _: f"kept how the spreadsheet {quote(x.name)} is read",
    o.WatermarkSet: lambda x, _: f"declared {quote(x.source)} complete up to {format_instant(x.watermark)}",
}

NARRATORS |= CHARTER_NARRATORS | CYCLE_NARRATORS | DECISION_NARRATORS
NARRATORS |= EXPERIMENT_NARRATORS | PULSE_NARRATORS | RECOGNITION_NARRATORS | SUBSCRIPTION_NARRATORS
