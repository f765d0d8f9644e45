"""Drift, a vector of five: stale, purpose, scope, alignment, expectation. Formulas and fine print: docs/reports.md.

A report is a pure function of what a lens shows; no row depends on today. Each figure opens its events, and each
drifting goal names who could say one sentence to whom to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from statistics import median
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import SETTLING_WORKING_DAYS, add_working_days, end_of_day
from domain.goal.state import LIVE_STATES, Promised
from domain.member import Absence
from domain.policy import Policy
from domain.quantities import exact
from projections.database import Database
from projections.drift_facts import Facts, Judgement, Link, Material, Move, PauseFact, facts_at
from projections.figures import SMALL_SAMPLE, Figure, Line, Report, named, over, printed, share
from projections.goals import goals_at
from projections.lens import Lens
from projections.people import teams_at
from projections.timeline import instant, micros

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_NO_CHARTER = ("acknowledgement_share", "breach_rate", "repair_share", "review_age_days")
Kind = Literal["stale", "scope", "alignment"]


class Mend(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that drifts in one way, and the one sentence that would mend it."""

    goal: UUID
    kind: Kind
    #: The supported goal that moved on, where that is the drift.
    parent: UUID | None = None
    #: Member ids: who could say it, and to whom; null where the owner has nobody but herself to tell.
    from_: UUID = msgspec.field(name="from")
    to: UUID | None
    sentence: str
    events: list[UUID] | None = None


class DriftReport(Report, frozen=True, kw_only=True):
    """The five figures of drift, and what could be said about each drifting goal."""

    mend: list[Mend]


def report(
    database: Database,
    lens: Lens,
    *,
    team: UUID | None = None,
    member: UUID | None = None,
    window: int = 28,  # noqa: ARG001 - every report takes it; drift looks at the whole life of a live promise
    explain: bool = False,
) -> DriftReport:
    """What has drifted, of one team's goals, of one owner's, or of the whole organisation's.

    Group figures name the team or the member asked for; figures of a goal name the goal. `explain` adds event ids.
    """
    goals = goals_at(database, lens, team=team, owners=None if member is None else [member], states=LIVE_STATES)
    live = [g for g in goals if isinstance(g, Promised) and g.state in LIVE_STATES]
    facts = facts_at(database, lens, live)
    policy = lens.policy.policy
    assessed = [assess(goal, facts, lens) for goal in live]
    group: dict[str, Any] = {"member": member} if member else {"team": team} if team else {}
    figures = [*_group_figures(assessed, policy, group), *_goal_figures(assessed, policy)]
    leads = {t.id: t.lead for t in teams_at(database, lens)}
    mends = [m for a in assessed for m in mending(a, facts, leads, lens)]
    if not explain:
        figures = [msgspec.structs.replace(f, events=None) for f in figures]
        mends = [msgspec.structs.replace(m, events=None) for m in mends]
    return DriftReport(
        as_of=lens.as_of_text,
        recorded_as_of=lens.recorded_as_of,
        policy_version=lens.policy.version,
        figures=figures,
        mend=mends,
    )


# --- one goal --------------------------------------------------------------------------------------------------------


class Unaffirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose parent moved on after its owner last affirmed it."""

    link: Link
    #: What happened to the parent since, in log order of time; never empty.
    since: list[Material]
    #: From the first of it until the lens.
    days: Fraction


class Assessed(msgspec.Struct, frozen=True, kw_only=True):
    """One live goal and how it drifts."""

    goal: Promised
    #: Days without a human judgement; None while paused.
    idle: Fraction | None
    judged: UUID
    stale: bool
    moves: list[Move]
    links: int
    unaffirmed: list[Unaffirmed]

    @property
    def first_duration(self) -> int:
        """Days from the first start to the first due of the promised terms."""
        return max(0, (self.goal.first_terms.due - self.goal.first_terms.start).days)

    @property
    def first_span(self) -> Fraction:
        """What was first promised, in units of the measure: |target - baseline|; 0 where they are not both stated."""
        measure = self.goal.first_terms.measure
        if measure.target is None or measure.baseline is None:
            return Fraction(0)
        return abs(exact(measure.target) - exact(measure.baseline))


def assess(goal: Promised, facts: Facts, lens: Lens) -> Assessed:
    """How one live goal drifts at the lens."""
    policy = lens.policy.policy
    judged = facts.judged.get(goal.id) or Judgement(goal.judged_by_event, micros(goal.judged_at))
    idle = None if _paused(goal, lens.today) else idle_days(goal, judged.at, facts, lens)
    links = facts.links.get(goal.id, [])
    return Assessed(
        goal=goal,
        idle=idle,
        judged=judged.event_id,
        stale=idle is not None and idle > policy.cadence_days + policy.stale_grace_days,
        moves=facts.moves.get(goal.id, []),
        links=len(links),
        unaffirmed=list(_unaffirmed(links, facts, lens)),
    )


def _paused(goal: Promised, today: date) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= today < goal.pause.resume_on


def idle_days(goal: Promised, judged_at: int, facts: Facts, lens: Lens) -> Fraction:
    """Days from the last judgement to the lens, less pauses and the owner's absences.

    An absence stops the clock from its first day to the end of the second working day after it.
    """
    owner = facts.owners.get(goal.owner)
    stops = [
        *_paused_spans(facts.pauses.get(goal.id, []), lens.tzinfo),
        *_absent_spans(owner.absences if owner else (), lens.tzinfo),
    ]
    until = micros(lens.at)
    stopped, reached = 0, judged_at
    for start, end in sorted(stops):
        begin, stop = max(start, reached), min(end, until)
        if stop > begin:
            stopped += stop - begin
            reached = stop
    return Fraction(until - judged_at - stopped, _DAY // _MICROSECOND)


def _paused_spans(pauses: Sequence[PauseFact], zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Microseconds UTC; a pause ends on its day, when work resumes, or when another pause takes its place."""
    for number, pause in enumerate(pauses):
        if pause.paused_from is not None and pause.resume_on is not None:
            cut = [later.at for later in pauses[number + 1 : number + 2]]
            yield _midnight(pause.paused_from, zone), min([_midnight(pause.resume_on, zone), *cut])


def _absent_spans(absences: Iterable[Absence], zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    for absence in absences:
        back = end_of_day(add_working_days(absence.to, SETTLING_WORKING_DAYS), zone)
        yield _midnight(absence.from_, zone), micros(back)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The day's 00:00 in the zone, microseconds UTC."""
    return micros(end_of_day(day - _DAY, zone))


def _unaffirmed(links: Iterable[Link], facts: Facts, lens: Lens) -> Iterator[Unaffirmed]:
    for link in links:
        since = [m for m in facts.material.get(link.parent, []) if m.at > link.at]
        if since:
            days = Fraction(micros(lens.at) - since[0].at, _DAY // _MICROSECOND)
            yield Unaffirmed(link=link, since=since, days=days)


# --- figures ---------------------------------------------------------------------------------------------------------


def _goal_figures(assessed: Iterable[Assessed], policy: Policy) -> Iterator[Figure]:
    for a in assessed:
        if a.idle is not None:
            yield Figure(
                name="stale_ratio",
                goal=a.goal.id,
                value=printed(a.idle / policy.cadence_days),
                line="over" if a.stale else None,
                events=[a.judged],
            )


def _group_figures(assessed: Sequence[Assessed], policy: Policy, group: dict[str, Any]) -> Iterator[Figure]:
    awake = [a for a in assessed if a.idle is not None]
    stale = [a for a in awake if a.stale]
    yield share("stale_share", len(stale), len(awake), events=named(a.judged for a in stale), **group)
    yield Figure(name="purpose_drift", value=None, status="no_charter", **group)
    yield from _scope_figures(assessed, policy, group)
    loose = [u for a in assessed for u in a.unaffirmed]
    events = named(e for u in loose for e in (u.link.event_id, *(m.event_id for m in u.since)))
    yield share(
        "alignment_drift",
        len(loose),
        sum(a.links for a in assessed),
        limit=exact(policy.alignment_line),
        events=events,
        **group,
    )
    days = median(u.days for u in loose) if loose else None
    yield Figure(
        name="unaffirmed_days",
        n=len(loose),
        value=printed(days),
        status=None if loose else "no_data",
        line=_line(days, Fraction(policy.unaffirmed_days), len(loose)),
        small_sample=len(loose) < SMALL_SAMPLE,
        events=events,
        **group,
    )
    yield from (Figure(name=name, value=None, status="no_charter", **group) for name in _NO_CHARTER)


def _line(value: Fraction | None, limit: Fraction, n: int) -> Line | None:
    """No line for a small sample."""
    return over(value, limit) if value is not None and n >= SMALL_SAMPLE else None


def _scope_figures(assessed: Sequence[Assessed], policy: Policy, group: dict[str, Any]) -> Iterator[Figure]:
    """Net and churn of targets and dues, moves that both sides agreed apart from those they did not."""
    for field in ("target", "due"):
        firsts = [a.first_span if field == "target" else Fraction(a.first_duration) for a in assessed]
        first, n = sum(firsts, Fraction(0)), sum(f > 0 for f in firsts)
        for name, net in (("net", True), ("churn", False)):
            for negotiated in (True, False):
                moves = [m for a in assessed for m in a.moves if m.field == field and m.negotiated is negotiated]
                total = sum((m.moved if net else abs(m.moved) for m in moves), Fraction(0))
                ratio = total / first if first else None
                days = {"name": f"scope_due_{name}_days", "value": int(total), "ratio": printed(ratio)}
                target = {"name": f"scope_target_{name}", "value": printed(ratio), "ratio": printed(ratio)}
                yield Figure(
                    **(days if field == "due" else target),
                    negotiated=negotiated,
                    n=n,
                    status=None if first else "no_data",
                    line=_line(abs(ratio) if ratio is not None else None, exact(policy.scope_line), n),
                    small_sample=n < SMALL_SAMPLE,
                    events=named(m.event_id for m in moves),
                    **group,
                )


# --- what would mend it ----------------------------------------------------------------------------------------------


def mending(a: Assessed, facts: Facts, leads: dict[UUID, UUID], lens: Lens) -> Iterator[Mend]:
    """One sentence for each way in which the goal drifts. The owner speaks, or the sponsor of a departed owner."""
    goal = a.goal
    owner = facts.owners.get(goal.owner)
    listener = next((m for m in (goal.sponsor, leads.get(goal.team) if goal.team else None) if m != goal.owner), None)
    speaker, to = goal.owner, listener
    gone = owner is not None and owner.left_at is not None
    if gone and listener is not None:
        speaker, to = goal.sponsor, leads.get(goal.team) if goal.team else None
    if a.stale and a.idle is not None:
        quiet = f"“{goal.title}” has been quiet for {int(a.idle)} days: "
        ask = "who takes it over, or shall we let it go?" if gone else "it still stands as agreed, or this has changed."
        yield Mend(goal=goal.id, kind="stale", from_=speaker, to=to, sentence=quiet + ask, events=[a.judged])
    moved = _scope_sentence(a, lens.policy.policy)
    if moved is not None:
        events = named(m.event_id for m in a.moves)
        yield Mend(goal=goal.id, kind="scope", from_=speaker, to=to, sentence=moved, events=events)
    for u in a.unaffirmed:
        parent = facts.parents.get(u.link.parent)
        beyond = parent.owner if parent and parent.owner != speaker else None
        yield Mend(
            goal=goal.id,
            kind="alignment",
            parent=u.link.parent,
            from_=speaker,
            to=beyond or to,
            sentence=_link_sentence(goal, parent.title if parent else "", u, lens.tzinfo),
            events=named([u.link.event_id, *(m.event_id for m in u.since)]),
        )


def _scope_sentence(a: Assessed, policy: Policy) -> str | None:
    """Where a goal's due or target has moved, in all, by more than the line's share of what was first promised."""
    line = exact(policy.scope_line)
    alone = sum(not m.negotiated for m in a.moves)
    aside = f", {alone} of them without an answer" if alone else ""
    dues = [m for m in a.moves if m.field == "due"]
    days = sum(abs(m.moved) for m in dues)
    if a.first_duration and Fraction(days) / a.first_duration > line:
        return (
            f"The due of “{a.goal.title}” has moved {_times(len(dues))}, {int(days)} days in all against the "
            f"{a.first_duration} first promised{aside}: what of it is still needed, and by when?"
        )
    targets = [m for m in a.moves if m.field == "target"]
    moved = sum(abs(m.moved) for m in targets)
    if a.first_span and Fraction(moved) / a.first_span > line:
        percent = int(Fraction(moved) / a.first_span * 100)
        return (
            f"The target of “{a.goal.title}” has moved {_times(len(targets))}, by {percent} % of what was first "
            f"promised{aside}: what of it is still needed?"
        )
    return None


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _link_sentence(goal: Promised, parent: str, u: Unaffirmed, zone: ZoneInfo) -> str:
    last = u.since[-1]
    day = instant(last.at).astimezone(zone).date()
    if last.what.startswith("ended:"):
        happened = f"ended ({last.what.partition(':')[2].replace('_', ' ')})"
    else:
        happened = "changed (" + last.what.replace(",", ", ") + ")"
    return f"“{parent}” {happened} on {day}: “{goal.title}” still supports it, or we should change or unlink it."
