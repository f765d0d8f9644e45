"""A team of twenty with two years behind it: declared capacities and efforts, about 200 goals, as import rows.

One team outcome per half year; the tasks support it. Goals begin evenly over the two years, so about a quarter of them
is live today; some were renegotiated (with and without something that gives), some are quiet, some owners are over
the line. The same day gives the same rows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

#: Adds one row: day, minute of the day, by whom, what, with which fields.
AddAct = Callable[..., None]

WHY = {
    "to_team": "It is what we are good at.",
    "to_clients": "They wait less.",
    "to_organisation": "Fewer calls come in.",
}
NON_NEGOTIABLES = ("asked", "answered", "written", "tested")
CYCLES, CYCLE_DAYS = 8, 91
#: A question every fortnight.
DECISIONS, DECISION_DAYS = 50, 14


def add_framework_acts(say: AddAct, team: str, lead: str, people: Sequence[str], first: date, today: date) -> None:
    """All of it, from the team's first day on."""
    _add_charter(say, team, lead, people, first)
    for number in range(CYCLES):
        starts = first + timedelta(days=10 + number * CYCLE_DAYS)
        _add_cycle(say, team, lead, people, number, starts, closed=starts + timedelta(days=CYCLE_DAYS) < today)
    for number in range(DECISIONS):
        _add_decision(say, team, lead, people, number, first + timedelta(days=20 + number * DECISION_DAYS))


def _add_charter(say: AddAct, team: str, lead: str, people: Sequence[str], first: date) -> None:
    """A purpose, revised after a year; four standing expectations that everybody acknowledged; freedoms, rituals."""
    for turn, day in enumerate((first + timedelta(days=1), first + timedelta(days=365))):
        text = ("Nobody waits for the crew", "Nobody waits, and everybody knows why")[turn]
        reason = {"reason": {"code": "new_need", "text": "what we are for has changed"}} if turn else {}
        until = (day + timedelta(days=1)).isoformat()
        say(day, 500, lead, "purpose.propose", charter=team, text=text, until=until, **WHY, **reason)
        say(day + timedelta(days=3), 500, lead, "purpose.adopt", charter=team)
    day = first + timedelta(days=5)
    for minute, name in enumerate(NON_NEGOTIABLES, 510):
        say(day, minute, lead, "non_negotiable.adopt", charter=team, non_negotiable=name, text=f"What is {name} stays")
        for member in people:
            fields = {"non_negotiable": name, "version": 1}
            say(day + timedelta(days=1), minute, member, "member.acknowledge", charter=team, **fields)
    for name in ("tools", "hours", "order"):
        fields = {"freedom": name, "text": f"We choose our own {name}", "purpose_version": 1}
        say(first + timedelta(days=6), 520, lead, "freedom.grant", charter=team, **fields)
    for name, mode, days, minutes in (
        ("standup", "sync", 1, 15),
        ("digest", "async", 7, 20),
        ("look back", "sync", 14, 60),
    ):
        fields = {"ritual": name, "name": name, "mode": mode, "cadence_days": days, "minutes": minutes}
        say(day, 530, lead, "ritual.set", charter=team, **fields)


def _add_cycle(
    say: AddAct, team: str, lead: str, people: Sequence[str], number: int, starts: date, *, closed: bool
) -> None:
    """Everybody reflects; a few improvements are agreed, most are done."""
    cycle, ends = f"cycle-{number}", starts + timedelta(days=CYCLE_DAYS - 5)
    fields: dict[str, Any] = {
        "name": f"Quarter {number + 1}",
        "team": team,
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
    }
    follows = {"follows": f"cycle-{number - 1}"} if number else {}
    # What was carried on comes along by itself; the half year's own outcome is put in.
    outcomes = [f"outcome-{half}" for half in range(number // 2 + 1)]
    fields["goals"] = [] if number % 2 else outcomes[-1:]
    say(starts, 530, lead, "cycle.open", cycle=cycle, **fields, **follows, **WHY)
    if not closed:
        return
    for minute, member in enumerate(people, 540):
        fields = {"worked": "We asked early", "improve": "Say it when it is late"}
        say(ends, minute, member, "cycle.share_reflection", cycle=cycle, **fields)
    for place, member in enumerate(people[number : number + 3]):
        due = (ends + timedelta(days=30)).isoformat()
        fields = {"improvement": f"better-{number}-{place}", "text": "Ask a day earlier", "owner": member, "due": due}
        say(ends, 600, lead, "cycle.agree_improvement", cycle=cycle, **fields)
        if place:
            say(ends, 610, member, "cycle.finish_improvement", cycle=cycle, improvement=fields["improvement"])
    say(ends, 620, lead, "cycle.record_learning", cycle=cycle, text="What is said early costs less")
    for goal in outcomes:
        say(ends, 630, lead, "cycle.settle_goal", cycle=cycle, goal=goal, how="carried_on")
    say(ends + timedelta(days=1), 620, lead, "cycle.close", cycle=cycle)


def _add_decision(say: AddAct, team: str, lead: str, people: Sequence[str], number: int, asked: date) -> None:
    """Three decide; most consent in a day, every fifth lets its deadline pass."""
    decision, deciders = f"decision-{number}", [people[(number + place) % len(people)] for place in range(3)]
    fields = {
        "question": f"How do we do it, number {number}?",
        "options": ["In this way", "As now"],
        "deciders": deciders,
        "deadline": (asked + timedelta(days=4)).isoformat() + "T12:00:00Z",
        "fallback": {"rule": "status_quo"},
        "status_quo": "o2",
        "team": team,
    }
    say(asked, 540, lead, "decision.open", decision=decision, **fields)
    for minute, member in enumerate(deciders, 600):
        say(asked, minute, member, "decision.share_perspective", decision=decision, text="It would help", option="o1")
        if number % 5:
            say(asked + timedelta(days=1), minute, member, "decision.consent", decision=decision, option="o1")


Row = dict[str, Any]

TEAM = "crew"
LEAD = "lead"
PEOPLE = tuple(f"p{number:02}" for number in range(19))
GOALS = 200
DAYS = 730


class _TimedRow(NamedTuple):
    day: date
    minute: int
    row: Row


def build_rows(today: date, *, goals: int = GOALS, seed: int = 11) -> Iterator[bytes]:
    """The rows up to yesterday, in the order of their times, as NDJSON lines."""
    rows = sorted(_TeamHistory(today, random.Random(seed)).build(goals), key=lambda row: (row.day, row.minute))
    for row in rows:
        if row.day < today:
            at = datetime.combine(row.day, time(), UTC) + timedelta(minutes=row.minute)
            yield json.dumps({"at": at.isoformat(), **row.row}).encode() + b"\n"


def live_goal(number: int = GOALS - 5) -> str:
    """The reference of a goal that is live and has check-ins."""
    return f"task-{number}"


class _TeamHistory:
    def __init__(self, today: date, chance: random.Random) -> None:
        self._today = today
        self._first = today - timedelta(days=DAYS)
        self._chance = chance
        self._rows: list[_TimedRow] = []

    def build(self, goals: int) -> list[_TimedRow]:
        self._add_members()
        for half in range(4):
            self._add_outcome(half)
        add_framework_acts(self._add, TEAM, LEAD, (LEAD, *PEOPLE), self._first, self._today)
        for number in range(goals):
            self._add_task(number, self._first + timedelta(days=14 + number * (DAYS - 24) // goals))
        return self._rows

    def _add(self, day: date, minute: int, by: str, do: str, **body: Any) -> None:
        self._rows.append(_TimedRow(day, minute, {"by": by, "do": do, **body}))

    def _add_members(self) -> None:
        first = self._first
        self._add(first, 1, LEAD, "team.create", team=TEAM, name="Crew", lead=LEAD)
        for number, ref in enumerate((LEAD, *PEOPLE)):
            self._add(first, 2, LEAD, "member.join", member=ref, name=ref.title(), team=TEAM)
            fields: Row = {"hours_per_week": (40, 32, 24)[number % 3], "from": first.isoformat()}
            self._add(first, 3, ref, "member.capacity", member=ref, **fields)
            away = self._today - timedelta(days=self._chance.randrange(-20, 300))
            absence = {"from": away.isoformat(), "to": (away + timedelta(days=11)).isoformat()}
            self._add(self._today - timedelta(days=330), 4, ref, "member.absence", member=ref, **absence)

    def _add_outcome(self, half: int) -> None:
        start = self._first + timedelta(days=4 + 180 * half)
        due = start + timedelta(days=200)
        terms = _build_terms(f"What the crew is for, part {half + 1}", start, due)
        terms |= {"kind": "outcome", "supports": [{"purpose": TEAM}]}
        self._add_agreement(f"outcome-{half}", LEAD, PEOPLE[0], terms, start - timedelta(days=2))
        if half == 3:
            self._add_change(f"outcome-{half}", LEAD, PEOPLE[0], start + timedelta(days=60), due + timedelta(days=30))

    def _add_agreement(self, goal: str, owner: str, sponsor: str, terms: Row, day: date) -> None:
        who = {"title": terms["outcome"], "owner": owner, "sponsor": sponsor, "team": TEAM, "terms": terms}
        why = {"code": "new_need", "text": "agreed in planning"}
        self._add(day, 540, owner, "goal.offer", goal=goal, **who, reason=why)
        self._add(day + timedelta(days=1), 560, sponsor, "goal.accept", goal=goal)

    def _add_task(self, number: int, start: date) -> None:
        goal, owner = f"task-{number}", PEOPLE[number % len(PEOPLE)]
        sponsor = self._chance.choice([LEAD, *(p for p in PEOPLE if p != owner)])
        due = start + timedelta(days=self._chance.randrange(60, 200))
        half = max(0, min(3, ((start - self._first).days - 14) // 182))
        terms = _build_terms(f"Piece of work number {number}", start, due)
        terms |= {"effort_hours": self._chance.randrange(20, 140), "supports": [{"goal": f"outcome-{half}"}]}
        self._add_agreement(goal, owner, sponsor, terms, start - timedelta(days=2))
        quiet = number % 11 == 0
        for step in range(1 if quiet else ((due - start).days - 4) // 14):
            day = start + timedelta(days=14 * (step + 1))
            fields: Row = {
                "note": f"step {step}",
                "progress": str(min(0.95, round(0.1 * (step + 1), 2))),
                "confidence": "0.8",
            }
            if step % 5 == number % 5:
                asked = {"text": "look at it with me", "addressee": sponsor}
                asked["answer_by"] = (day + timedelta(days=5)).isoformat()
                fields |= {"needs": [asked], "blockers": [{"text": "waits for data", "acts_next": sponsor}]}
            self._add(day, 600 + number % 60, owner, "goal.check_in", goal=goal, **fields)
            if step % 4 == 0:
                self._add(day, 700, sponsor, "goal.feedback", goal=goal, text="clear, thank you", on="progress")
        if number % 4 == 0:
            wish = start + timedelta(days=(due - start).days // 2)
            due += timedelta(days=21)
            self._add_change(goal, owner, sponsor, wish, due)
        self._add_ending(goal, owner, sponsor, due)

    def _add_change(self, goal: str, owner: str, sponsor: str, day: date, due: date) -> None:
        why = {"code": "dependency_slipped", "text": "what it waits for comes later"}
        body = {"changes": {"due": due.isoformat()}, "reason": why}
        self._add(day, 700, owner, "goal.propose_change", goal=goal, **body)
        self._add(day + timedelta(days=1), 560, sponsor, "goal.accept_change", goal=goal)

    def _add_ending(self, goal: str, owner: str, sponsor: str, due: date) -> None:
        done = due - timedelta(days=2)
        if done + timedelta(days=1) < self._today:
            self._add(done, 900, owner, "goal.declare_complete", goal=goal)
            self._add(done + timedelta(days=1), 600, sponsor, "goal.declare_satisfied", goal=goal)


def _build_terms(outcome: str, start: date, due: date) -> Row:
    return {
        "outcome": outcome,
        "measure": {"kind": "binary"},
        "conditions": ["in use", "written down"],
        "start": start.isoformat(),
        "due": due.isoformat(),
        "priority": "important",
    }
