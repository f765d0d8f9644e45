"""A small organisation with something to answer for every model: two teams of six, and one of two.

Import rows, made by hand: each of six persons has a promise that gives way to another one, moves a due date, asks for
help and gets it, and decides. In the small team the same happens to two persons, whose figures no model may show.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]

#: The organisation's zone: late in the evening it is another day there than in UTC.
ZONE = "Europe/Berlin"
STEWARD = "steward"
TEAMS = {"north": 6, "south": 6, "small": 2}
FIRST = date(2026, 1, 5)
_QUARTERS = (date(2026, 1, 12), date(2026, 4, 13))


def person(team: str, number: int) -> str:
    return f"{team}-{number}"


def members(team: str) -> list[str]:
    return [person(team, number) for number in range(TEAMS[team])]


def build_rows() -> list[Row]:
    """All rows, in the order of their times."""
    rows = [*_organisation(), *_charters(), *_decisions()]
    for team in TEAMS:
        for number, owner in enumerate(members(team)):
            for quarter in _QUARTERS:
                rows += _goals(team, owner, number, quarter)
    return sorted(rows, key=lambda row: str(row["at"]))


def _at(day: date, minute: int, by: str, do: str, **fields: Any) -> Row:
    return {"at": f"{day.isoformat()}T{minute // 60:02}:{minute % 60:02}:00Z", "by": by, "do": do, **fields}


def _organisation() -> Iterator[Row]:
    for team in TEAMS:
        yield _at(FIRST, 1, STEWARD, "team.create", team=team, name=team.title(), lead=STEWARD)
        for who in members(team):
            yield _at(FIRST, 2, STEWARD, "member.join", member=who, name=who, team=team)
            yield _at(FIRST, 3, who, "member.capacity", member=who, hours_per_week=40, **{"from": FIRST.isoformat()})


def _charters() -> Iterator[Row]:
    """A purpose of the organisation's that a goal of each person serves, and one of North's that none does."""
    words = {"text": "It is read", "to_team": "a", "to_clients": "b", "to_organisation": "c", "to_society": "d"}
    until = (FIRST + timedelta(days=3)).isoformat()
    for charter, by in (("organisation", STEWARD), ("north", STEWARD)):
        yield _at(FIRST, 10, by, "purpose.propose", charter=charter, ref=f"{charter}-first", until=until, **words)
        yield _at(FIRST + timedelta(days=4), 10, by, "purpose.adopt", charter=charter)


def _decisions() -> Iterator[Row]:
    """Of six deciders, by consent within the time-box and by its end; and of two."""
    for team, ref, answered in (("north", "in-time", True), ("south", "too-late", False), ("small", "few", False)):
        opened = FIRST + timedelta(days=20)
        who = members(team)
        question = {
            "team": team,
            "question": "Which of the two?",
            "options": [{"id": "one", "text": "The one"}, {"id": "other", "text": "The other"}],
            "status_quo": "other",
            "deciders": who,
            "deadline": f"{(opened + timedelta(days=7)).isoformat()}T12:00:00Z",
            "fallback": {"rule": "status_quo"},
        }
        yield _at(opened, 600, who[0], "decision.open", decision=ref, **question)
        for minute, decider in enumerate(who if answered else who[:1]):
            yield _at(opened + timedelta(days=2), 600 + minute, decider, "decision.consent", decision=ref, option="one")


def _goals(team: str, owner: str, number: int, quarter: date) -> Iterator[Row]:
    """Three goals of one person and quarter."""
    kept, given, added = (f"{owner}-{name}-{quarter.month}" for name in ("kept", "given", "added"))
    yield from _agree(kept, owner, team, quarter, 80, priority="critical", supports=[{"purpose": "organisation"}])
    yield from _agree(given, owner, team, quarter, 70, priority="useful")
    day = quarter + timedelta(days=10 + number)
    ask = [{"text": "a room", "addressee": STEWARD, "answer_by": (day + timedelta(days=5)).isoformat()}]
    # Late in the evening: in Berlin it is the next day.
    yield _goal(day, 1425, kept, owner, "check_in", note="half", progress="0.5", needs=ask)
    if number % 3:
        yield _goal(day + timedelta(days=number), 600, kept, STEWARD, "answer_need", text="take mine")
    peer = members(team)[(number + 1) % TEAMS[team]]
    yield from _take_on(team, owner, peer, day + timedelta(days=7), added, given)
    yield from _move_due(kept, owner, number, quarter)


def _agree(goal: str, owner: str, team: str, start: date, days: int, hours: int = 120, **more: Any) -> Iterator[Row]:
    due = (start + timedelta(days=days)).isoformat()
    terms = {"conditions": ["it works"], "start": start.isoformat(), "due": due, "effort_hours": hours, **more}
    who = {"title": f"Goal {goal}", "owner": owner, "sponsor": STEWARD, "team": team}
    why = {"code": "new_need", "text": "planned"}
    yield _goal(start - timedelta(days=2), 540, goal, owner, "offer", **who, terms=terms, reason=why)
    yield _goal(start - timedelta(days=1), 540, goal, STEWARD, "accept")


def _take_on(team: str, owner: str, peer: str, day: date, added: str, given: str) -> Iterator[Row]:  # noqa: PLR0913 - who and what
    """A colleague asks for another goal, for which one is dropped."""
    terms = {
        "conditions": ["it works"],
        "start": day.isoformat(),
        "due": (day + timedelta(days=30)).isoformat(),
        "effort_hours": 60,
        "priority": "important",
    }
    who = {"title": f"Goal {added}", "owner": owner, "sponsor": peer, "team": team, "imposed": True}
    why = {"code": "new_need", "text": "a client asks"}
    paid = [{"kind": "drop", "goal": given}]
    yield _goal(day, 600, added, peer, "request", **who, terms=terms, reason=why, trade_offs=paid)
    yield _goal(day, 660, added, owner, "promise")
    why = {"code": "capacity", "text": "the client's goal comes first"}
    yield _goal(day, 720, given, STEWARD, "cancel", reason=why)


def _move_due(goal: str, owner: str, number: int, quarter: date) -> Iterator[Row]:
    """Half of the persons early and half of them late, in the last hour of a quarter; then most of them deliver."""
    day, due = quarter + timedelta(days=30 if number % 2 else 78), quarter + timedelta(days=80)
    changes = {"due": (due + timedelta(days=7 * (number + 1))).isoformat()}
    why = {"code": "dependency_slipped" if number % 2 else "capacity", "text": "the bank is late"}
    yield _goal(day, 610, goal, owner, "propose_change", changes=changes, reason=why)
    yield _goal(day, 1430, goal, STEWARD, "accept_change")
    if number != 5:
        yield _goal(due + timedelta(days=5), 600, goal, owner, "declare_complete", evidence=[])
        yield _goal(due + timedelta(days=6), 600, goal, STEWARD, "declare_satisfied")


def _goal(day: date, minute: int, goal: str, by: str, act: str, **body: Any) -> Row:
    return _at(day, minute, by, f"goal.{act}", goal=goal, **body)
