"""A team of twenty with two years behind it: declared capacities and efforts, about 200 goals, as import rows.

One team outcome per half year; the tasks support it. Goals begin evenly over the two years, so about a quarter of them
is live today; some were renegotiated (with and without something that gives), some are quiet, some owners are over
the line. The same day gives the same rows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from benchmarks import framework

Row = dict[str, Any]

TEAM = "crew"
LEAD = "lead"
PEOPLE = tuple(f"p{number:02}" for number in range(19))
GOALS = 200
DAYS = 730


class _Said(NamedTuple):
    day: date
    minute: int
    row: Row


def rows(today: date, *, goals: int = GOALS, seed: int = 11) -> Iterator[bytes]:
    """The rows up to yesterday, in the order of their times, as NDJSON lines."""
    told = sorted(_TeamHistory(today, random.Random(seed)).tell(goals), key=lambda said: (said.day, said.minute))
    for said in told:
        if said.day < today:
            at = datetime.combine(said.day, time(), UTC) + timedelta(minutes=said.minute)
            yield json.dumps({"at": at.isoformat(), **said.row}).encode() + b"\n"


def a_goal(number: int = GOALS - 5) -> str:
    """The reference of a goal that is live and was spoken about."""
    return f"task-{number}"


class _TeamHistory:
    def __init__(self, today: date, chance: random.Random) -> None:
        self._today = today
        self._first = today - timedelta(days=DAYS)
        self._chance = chance
        self._said: list[_Said] = []

    def tell(self, goals: int) -> list[_Said]:
        self._people()
        for half in range(4):
            self._outcome(half)
        framework.tell(self._say, TEAM, LEAD, (LEAD, *PEOPLE), self._first, self._today)
        for number in range(goals):
            self._task(number, self._first + timedelta(days=14 + number * (DAYS - 24) // goals))
        return self._said

    def _say(self, day: date, minute: int, by: str, do: str, **body: Any) -> None:
        self._said.append(_Said(day, minute, {"by": by, "do": do, **body}))

    def _people(self) -> None:
        first = self._first
        self._say(first, 1, LEAD, "team.create", team=TEAM, name="Crew", lead=LEAD)
        for number, ref in enumerate((LEAD, *PEOPLE)):
            self._say(first, 2, LEAD, "member.join", member=ref, name=ref.title(), team=TEAM)
            told: Row = {"hours_per_week": (40, 32, 24)[number % 3], "from": first.isoformat()}
            self._say(first, 3, ref, "member.capacity", member=ref, **told)
            away = self._today - timedelta(days=self._chance.randrange(-20, 300))
            absence = {"from": away.isoformat(), "to": (away + timedelta(days=11)).isoformat()}
            self._say(self._today - timedelta(days=330), 4, ref, "member.absence", member=ref, **absence)

    def _outcome(self, half: int) -> None:
        start = self._first + timedelta(days=4 + 180 * half)
        due = start + timedelta(days=200)
        terms = _terms(f"What the crew is for, part {half + 1}", start, due)
        terms |= {"kind": "outcome", "supports": [{"purpose": TEAM}]}
        self._agree(f"outcome-{half}", LEAD, PEOPLE[0], terms, start - timedelta(days=2))
        if half == 3:
            self._change(f"outcome-{half}", LEAD, PEOPLE[0], start + timedelta(days=60), due + timedelta(days=30))

    def _agree(self, goal: str, owner: str, sponsor: str, terms: Row, day: date) -> None:
        who = {"title": terms["outcome"], "owner": owner, "sponsor": sponsor, "team": TEAM, "terms": terms}
        why = {"code": "new_need", "text": "agreed in planning"}
        self._say(day, 540, owner, "goal.offer", goal=goal, **who, reason=why)
        self._say(day + timedelta(days=1), 560, sponsor, "goal.accept", goal=goal)

    def _task(self, number: int, start: date) -> None:
        goal, owner = f"task-{number}", PEOPLE[number % len(PEOPLE)]
        sponsor = self._chance.choice([LEAD, *(p for p in PEOPLE if p != owner)])
        due = start + timedelta(days=self._chance.randrange(60, 200))
        half = max(0, min(3, ((start - self._first).days - 14) // 182))
        terms = _terms(f"Piece of work number {number}", start, due)
        terms |= {"effort_hours": self._chance.randrange(20, 140), "supports": [{"goal": f"outcome-{half}"}]}
        self._agree(goal, owner, sponsor, terms, start - timedelta(days=2))
        quiet = number % 11 == 0
        for step in range(1 if quiet else ((due - start).days - 4) // 14):
            day = start + timedelta(days=14 * (step + 1))
            said: Row = {
                "note": f"step {step}",
                "progress": str(min(0.95, round(0.1 * (step + 1), 2))),
                "confidence": "0.8",
            }
            if step % 5 == number % 5:
                asked = {"text": "look at it with me", "addressee": sponsor}
                asked["answer_by"] = (day + timedelta(days=5)).isoformat()
                said |= {"needs": [asked], "blockers": [{"text": "waits for data", "acts_next": sponsor}]}
            self._say(day, 600 + number % 60, owner, "goal.check_in", goal=goal, **said)
            if step % 4 == 0:
                self._say(day, 700, sponsor, "goal.feedback", goal=goal, text="clear, thank you", on="progress")
        if number % 4 == 0:
            wish = start + timedelta(days=(due - start).days // 2)
            due += timedelta(days=21)
            self._change(goal, owner, sponsor, wish, due)
        self._end(goal, owner, sponsor, due)

    def _change(self, goal: str, owner: str, sponsor: str, day: date, due: date) -> None:
        why = {"code": "dependency_slipped", "text": "what it waits for comes later"}
        body = {"changes": {"due": due.isoformat()}, "reason": why}
        self._say(day, 700, owner, "goal.propose_change", goal=goal, **body)
        self._say(day + timedelta(days=1), 560, sponsor, "goal.accept_change", goal=goal)

    def _end(self, goal: str, owner: str, sponsor: str, due: date) -> None:
        done = due - timedelta(days=2)
        if done + timedelta(days=1) < self._today:
            self._say(done, 900, owner, "goal.declare_complete", goal=goal)
            self._say(done + timedelta(days=1), 600, sponsor, "goal.declare_satisfied", goal=goal)


def _terms(outcome: str, start: date, due: date) -> Row:
    return {
        "outcome": outcome,
        "measure": {"kind": "binary"},
        "conditions": ["in use", "written down"],
        "start": start.isoformat(),
        "due": due.isoformat(),
        "priority": "important",
    }
