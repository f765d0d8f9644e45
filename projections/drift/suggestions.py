"""Who could say one sentence to whom, for each way in which a goal, or what a charter asks for, drifts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.instants import from_micros, to_micros
from domain.policy import Policy
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.drift.context import DriftContext
from projections.drift.expectation_drift import CharterSnapshot
from projections.drift.goal_drift import GoalDrift
from projections.drift.purpose_drift import PurposeDrift
from projections.drift.queries import DriftFacts, Move
from projections.figures import CharterRef, EventRef, MemberRef, QuotedGoal, SubjectGoal, SubjectMember
from projections.goals import AnyPromise
from projections.history.narrative.phrases import format_days, format_percent
from projections.lineage.links import Unaffirmed
from projections.paused_time import to_days

#: A suggestion with for how many days it has drifted, or by how many its due has moved; None: no time runs for it.
WeighedSuggestion = tuple[Fraction | None, "Suggestion"]
SuggestionKind = Literal["abandoned", "stale", "scope", "alignment", "purpose", "acknowledgement", "repair", "review"]
_MAX_QUOTE_LENGTH = 120
#: The sentence about a link to a goal that this viewer may not see.
_HIDDEN_PARENT_SENTENCE = "What this goal supports has moved on: does it still serve it, should it change, or let go?"


class Suggestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which something drifts, and the one sentence that would mend it."""

    #: The goal that drifts; none where it is what a charter asks for.
    goal: SubjectGoal | None = None
    kind: SuggestionKind
    #: The supported goal that moved on, where that is the drift.
    parent: QuotedGoal | None = None
    #: The charter whose purpose or expectation it is about.
    charter: CharterRef | None = None
    #: Of an acknowledgement or a repair: whom it waits for.
    member: SubjectMember | None = None
    #: Of a loose link: by when it is to be affirmed, renegotiated or unlinked, and whether that has passed.
    until: datetime | None = None
    overdue: bool = False
    #: Member ids: who could say it, and to whom; null where there is no other member.
    from_: MemberRef = msgspec.field(name="from")
    to: MemberRef | None
    sentence: str
    events: list[EventRef] | None = None

    def without_quoted_goal(self) -> Suggestion:
        """The same drift without the goal above, whose title stands in the sentence."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return SuggestionWithoutParent(**{**values, "parent": None, "sentence": _HIDDEN_PARENT_SENTENCE})


class SuggestionWithoutParent(Suggestion, frozen=True, kw_only=True, omit_defaults=True):
    """A suggestion whose goal above is not for this viewer: its `parent` is null, and written as such."""

    parent: QuotedGoal | None


def sort_suggestions(suggestions: Iterable[WeighedSuggestion]) -> list[Suggestion]:
    """What was abandoned, then by how long and how much it has drifted, then that for which no time runs."""

    def need(one: WeighedSuggestion) -> tuple[Any, ...]:
        days, suggestion = one
        subjects = (suggestion.goal, suggestion.charter, suggestion.parent, suggestion.member)
        ids = [0 if subject is None else subject.int for subject in subjects]
        # As floats first, which keep the order and are compared in C; the exact days where those are equal.
        weight = -(days or 0)
        order = (suggestion.kind != "abandoned", days is None, float(weight), weight)
        return (*order, ids, suggestion.kind, suggestion.sentence)

    return [suggestion for _, suggestion in sorted(suggestions, key=need)]


def build_goal_suggestions(
    a: GoalDrift, facts: DriftFacts, around: DriftContext, as_of: AsOf
) -> Iterator[WeighedSuggestion]:
    """One sentence for each way in which the goal drifts. The owner speaks, or the sponsor of a departed owner."""
    goal = a.goal
    speaker, to, gone = _find_speakers(goal, facts, around)
    if a.stale and a.idle is not None:
        quiet = f"“{goal.title}” has been quiet for {format_days(a.idle)}: "
        ask = "who takes it over, or shall we let it go?" if gone else "it still stands as agreed, or this has changed."
        events = around.scope.list_events([a.judged])
        yield a.idle, Suggestion(goal=goal.id, kind="stale", from_=speaker, to=to, sentence=quiet + ask, events=events)
    moved = _describe_scope_drift(a, as_of.policy.policy)
    if moved is not None:
        days, sentence = moved
        events = around.scope.list_events(m.event_id for m in a.moves)
        yield days, Suggestion(goal=goal.id, kind="scope", from_=speaker, to=to, sentence=sentence, events=events)
    for u in a.unaffirmed:
        yield u.days, _build_link_suggestion(goal, u, (speaker, to), facts, around, as_of)


def build_abandoned_suggestion(a: GoalDrift, facts: DriftFacts, around: DriftContext) -> WeighedSuggestion:
    """What to do first about a goal that lapsed without a word since: end it, or agree anew."""
    speaker, to, _gone = _find_speakers(a.goal, facts, around)
    sentence = (
        f"“{a.goal.title}” lapsed, and there has been no word about it for {a.silent_days} days: "
        "shall we close it, or renegotiate it?"
    )
    events = around.scope.list_events([a.goal.contact_event, a.judged])
    abandoned = Suggestion(goal=a.goal.id, kind="abandoned", from_=speaker, to=to, sentence=sentence, events=events)
    return Fraction(a.silent_days or 0), abandoned


def _find_speakers(goal: AnyPromise, facts: DriftFacts, around: DriftContext) -> tuple[UUID, UUID | None, bool]:
    """Who could speak for a goal, to whom, and whether its owner has left."""
    owner = facts.owners.get(goal.owner)
    lead = around.leads.get(goal.team) if goal.team else None
    listener = next((m for m in (goal.sponsor, lead) if m != goal.owner), None)
    gone = owner is not None and owner.left_at is not None
    if gone and listener is not None:
        return goal.sponsor, lead, gone
    return goal.owner, listener, gone


def _build_link_suggestion(
    goal: AnyPromise,
    u: Unaffirmed,
    voices: tuple[UUID, UUID | None],
    facts: DriftFacts,
    around: DriftContext,
    as_of: AsOf,
) -> Suggestion:
    """To the owner of the parent that moved on, or to the lead whose purpose was revised; else to the listener."""
    speaker, to = voices
    parent = None if u.link.purpose else facts.parents.get(u.link.parent)
    beyond = around.lead_of(u.link.parent) if u.link.purpose else parent.owner if parent else None
    if u.link.purpose:
        sentence = _purpose_sentence(goal, u, around, as_of.tzinfo)
    else:
        sentence = _link_sentence(goal, parent.title if parent else "", u, as_of.tzinfo)
    return Suggestion(
        goal=goal.id,
        kind="alignment",
        parent=None if u.link.purpose else u.link.parent,
        charter=u.link.parent if u.link.purpose else None,
        until=u.until,
        overdue=u.overdue,
        from_=speaker,
        to=beyond if beyond not in (None, speaker) else to,
        sentence=sentence,
        events=around.scope.list_events([u.link.event_id, *(m.event_id for m in u.since)]),
    )


def _describe_scope_drift(a: GoalDrift, policy: Policy) -> tuple[Fraction, str] | None:
    """Where a goal's due or target has moved, in all, by more than the line's share of what was first promised.

    The days by which the due moved, or the same share of the first duration as the target moved; and the sentence.
    """
    if not a.moves:
        return None
    line = to_fraction(policy.scope_line)
    dues = [m for m in a.moves if m.field == "due"]
    days = sum(abs(m.moved) for m in dues)
    aside = _describe_consent(a.moves)
    if a.first_duration and Fraction(days) / a.first_duration > line:
        return Fraction(days), (
            f"The due of “{a.goal.title}” has moved {_format_times(len(dues))}, {_describe_days(dues)} against the "
            f"{a.first_duration} first promised{aside}: what of it is still needed, and by when?"
        )
    targets = [m for m in a.moves if m.field == "target"]
    moved = sum(abs(m.moved) for m in targets)
    if a.first_span and Fraction(moved) / a.first_span > line:
        share = Fraction(moved) / a.first_span
        return share * a.first_duration, (
            f"The target of “{a.goal.title}” has moved {_format_times(len(targets))}, by {format_percent(share)} of "
            f"what was first promised{aside}: what of it is still needed?"
        )
    return None


def _describe_days(dues: Sequence[Move]) -> str:
    """Days later and days earlier, each for itself: a sum of both would say neither."""
    later = sum(int(m.moved) for m in dues if m.moved > 0)
    earlier = -sum(int(m.moved) for m in dues if m.moved < 0)
    parts = [f"{days} days {way}" for days, way in ((later, "later"), (earlier, "earlier")) if days]
    return " and ".join(parts)


def _describe_consent(moves: Sequence[Move]) -> str:
    alone, late = (sum(m.consent == consent for m in moves) for consent in ("alone", "retroactive"))
    parts = [f"{alone} of them without an answer"] if alone else []
    parts += [f"{late} of them recorded after the fact"] if late else []
    return "".join(f", {part}" for part in parts)


def _format_times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _link_sentence(goal: AnyPromise, parent: str, u: Unaffirmed, zone: ZoneInfo) -> str:
    last = u.since[-1]
    day = _to_local_date(last.at, zone)
    if last.what.startswith("ended:"):
        happened = f"ended ({last.what.partition(':')[2].replace('_', ' ')})"
    else:
        happened = "changed (" + last.what.replace(",", ", ") + ")"
    return f"“{parent}” {happened} on {day}: “{goal.title}” still supports it, or we should change or unlink it."


def _purpose_sentence(goal: AnyPromise, u: Unaffirmed, around: DriftContext, zone: ZoneInfo) -> str:
    return (
        f"The purpose of {around.charter_owner_name(u.link.parent)} was revised "
        f"on {_to_local_date(u.since[-1].at, zone)}: "
        f"“{goal.title}” still serves it, or we should change or unlink it."
    )


def _to_local_date(at: int, zone: ZoneInfo) -> date:
    return from_micros(at).astimezone(zone).date()


# --- purposes and expectations ---------------------------------------------------------------------------------------


def build_purpose_suggestions(
    drifts: Iterable[PurposeDrift], facts: DriftFacts, around: DriftContext, as_of: AsOf
) -> Iterator[WeighedSuggestion]:
    """For each goal that leads to no current purpose; its own loose link to one is a mend of alignment already."""
    for a in drifts:
        if a.how == "current" or (a.way is not None and a.way.last == a.goal.id):
            continue
        speaker, to, _gone = _find_speakers(a.goal, facts, around)
        if a.way is None or a.framework is None or a.framework.purpose is None:
            sentence = f"“{a.goal.title}” leads to no purpose of ours: what is it for, or shall we let it go?"
            events = around.scope.list_events(a.events)
            lost = Suggestion(goal=a.goal.id, kind="purpose", from_=speaker, to=to, sentence=sentence, events=events)
            yield None, lost
            continue
        above = facts.parents.get(a.way.link.parent)
        beyond = above.owner if above else None
        unaffirmed = Suggestion(
            goal=a.goal.id,
            kind="purpose",
            parent=a.way.link.parent,
            charter=a.framework.id,
            from_=speaker,
            to=beyond if beyond not in (None, speaker) else to,
            sentence=(
                f"“{a.goal.title}” serves “{above.title if above else ''}”; since the purpose of "
                f"{around.charter_owner_name(a.framework.id)} was revised nobody has said"
                " that it still leads there: does it?"
            ),
            events=around.scope.list_events(a.events),
        )
        yield _days_since(a.framework.purpose.at, as_of), unaffirmed


def build_expectation_suggestions(around: DriftContext, as_of: AsOf) -> Iterator[WeighedSuggestion]:
    """What waits for an acknowledgement, for a repair talk, or for a look at the whole charter."""
    facts = around.expectations
    for u in facts.unacknowledged:
        lead = around.lead_of(u.framework.id)
        others = f" and {len(u.waiting) - 1} more" if len(u.waiting) > 1 else ""
        verb = "wait" if others else "waits"
        first = u.waiting[0]
        alone = lead in (None, u.member)
        acknowledgement = Suggestion(
            kind="acknowledgement",
            charter=u.framework.id,
            member=u.member,
            from_=u.member if alone or lead is None else lead,
            to=None if alone else u.member,
            sentence=(
                f"“{_shorten_quote(first.text)}” "
                f"(version {first.version}, {_to_local_date(first.at, as_of.tzinfo)}){others} {verb} "
                "for an acknowledgement: can you stand by it?"
            ),
            events=around.scope.list_events(n.event_id for n in u.waiting),
        )
        yield _days_since(min(n.at for n in u.waiting), as_of), acknowledgement
    if not facts.is_personal:
        for framework in facts.frameworks:
            yield from _build_repair_suggestions(framework, around, as_of)
    for framework in facts.frameworks:
        yield from _build_review_suggestions(framework, around, as_of)


def _build_repair_suggestions(
    framework: CharterSnapshot, around: DriftContext, as_of: AsOf
) -> Iterator[WeighedSuggestion]:
    """Every breach without a repair talk, however old."""
    lead = around.lead_of(framework.id)
    for breach in framework.breaches.values():
        speaker = next((m for m in (lead, breach.by) if m is not None), None)
        if breach.repaired_at is None and speaker is not None:
            day = _to_local_date(breach.at, as_of.tzinfo)
            repair = Suggestion(
                kind="repair",
                charter=framework.id,
                member=breach.by,
                from_=speaker,
                to=breach.by if breach.by != speaker else None,
                sentence=(
                    f"A breach of “{_shorten_quote(breach.text)}” was raised on {day}: "
                    "when do we sit down to repair it?"
                ),
                events=around.scope.list_events([breach.event_id]),
            )
            yield _days_since(breach.at, as_of), repair


def _build_review_suggestions(
    framework: CharterSnapshot, around: DriftContext, as_of: AsOf
) -> Iterator[WeighedSuggestion]:
    lead, owner = around.lead_of(framework.id), around.charter_owner_name(framework.id)
    if framework.reviewed is None or lead is None:
        return
    event, at = framework.reviewed
    days = _days_since(at, as_of)
    if days > as_of.policy.policy.review_days:
        review = Suggestion(
            kind="review",
            charter=framework.id,
            from_=lead,
            to=None,
            sentence=(
                f"The charter of {owner} was last looked at on {_to_local_date(at, as_of.tzinfo)}, "
                f"{format_days(days)} ago: does it still hold?"
            ),
            events=around.scope.list_events([event]),
        )
        yield days, review


def _days_since(at: int, as_of: AsOf) -> Fraction:
    return to_days(to_micros(as_of.at) - at)


def _shorten_quote(text: str) -> str:
    return text if len(text) <= _MAX_QUOTE_LENGTH else text[: _MAX_QUOTE_LENGTH - 1].rstrip() + "…"
