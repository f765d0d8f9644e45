"""What surrounds the goals of the team of twenty: its charter, its cycles, its decisions, and who helps whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

#: Says one row: day, minute of the day, by whom, what, with which fields.
Say = Callable[..., None]

WHY = {
    "to_team": "It is what we are good at.",
    "to_clients": "They wait less.",
    "to_organisation": "Fewer calls come in.",
}
NON_NEGOTIABLES = ("asked", "answered", "written", "tested")
CYCLES, CYCLE_DAYS = 8, 91
#: A question every fortnight.
DECISIONS, DECISION_DAYS = 50, 14


def tell(say: Say, team: str, lead: str, people: Sequence[str], first: date, today: date) -> None:
    """All of it, from the team's first day on."""
    _charter(say, team, lead, people, first)
    for number in range(CYCLES):
        starts = first + timedelta(days=10 + number * CYCLE_DAYS)
        _cycle(say, team, lead, people, number, starts, closed=starts + timedelta(days=CYCLE_DAYS) < today)
    for number in range(DECISIONS):
        _decision(say, team, lead, people, number, first + timedelta(days=20 + number * DECISION_DAYS))


def _charter(say: Say, team: str, lead: str, people: Sequence[str], first: date) -> None:
    """A purpose, said anew after a year; four standing expectations that everybody acknowledged; freedoms, rituals."""
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
            told = {"non_negotiable": name, "version": 1}
            say(day + timedelta(days=1), minute, member, "member.acknowledge", charter=team, **told)
    for name in ("tools", "hours", "order"):
        told = {"freedom": name, "text": f"We choose our own {name}", "purpose_version": 1}
        say(first + timedelta(days=6), 520, lead, "freedom.grant", charter=team, **told)
    for name, mode, days, minutes in (
        ("standup", "sync", 1, 15),
        ("digest", "async", 7, 20),
        ("look back", "sync", 14, 60),
    ):
        told = {"ritual": name, "name": name, "mode": mode, "cadence_days": days, "minutes": minutes}
        say(day, 530, lead, "ritual.set", charter=team, **told)


def _cycle(say: Say, team: str, lead: str, people: Sequence[str], number: int, starts: date, *, closed: bool) -> None:
    """Everybody reflects; a few improvements are agreed, most are done."""
    cycle, ends = f"cycle-{number}", starts + timedelta(days=CYCLE_DAYS - 5)
    told: dict[str, Any] = {
        "name": f"Quarter {number + 1}",
        "team": team,
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
    }
    follows = {"follows": f"cycle-{number - 1}"} if number else {}
    # What was carried on comes along by itself; the half year's own outcome is put in.
    outcomes = [f"outcome-{half}" for half in range(number // 2 + 1)]
    told["goals"] = [] if number % 2 else outcomes[-1:]
    say(starts, 530, lead, "cycle.open", cycle=cycle, **told, **follows, **WHY)
    if not closed:
        return
    for minute, member in enumerate(people, 540):
        said = {"worked": "We asked early", "improve": "Say it when it is late"}
        say(ends, minute, member, "cycle.share_reflection", cycle=cycle, **said)
    for place, member in enumerate(people[number : number + 3]):
        due = (ends + timedelta(days=30)).isoformat()
        told = {"improvement": f"better-{number}-{place}", "text": "Ask a day earlier", "owner": member, "due": due}
        say(ends, 600, lead, "cycle.agree_improvement", cycle=cycle, **told)
        if place:
            say(ends, 610, member, "cycle.finish_improvement", cycle=cycle, improvement=told["improvement"])
    say(ends, 620, lead, "cycle.record_learning", cycle=cycle, text="What is said early costs less")
    for goal in outcomes:
        say(ends, 630, lead, "cycle.settle_goal", cycle=cycle, goal=goal, how="carried_on")
    say(ends + timedelta(days=1), 620, lead, "cycle.close", cycle=cycle)


def _decision(say: Say, team: str, lead: str, people: Sequence[str], number: int, asked: date) -> None:
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
