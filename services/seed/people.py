"""Who is there in the demo's organisation, and how its rows are put: shared by every story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]

#: reference -> (name, lead's reference)
TEAMS = {"platform": ("Platform", "noor"), "checkout": ("Checkout", "tomas"), "data": ("Data", "ines")}

#: reference -> (name, team, declared hours a week; None: never declared)
MEMBERS: dict[str, tuple[str, str | None, int | None]] = {
    "noor": ("Noor Haddad", "platform", 40),
    "priya": ("Priya Raman", "platform", 32),
    "jonas": ("Jonas Weber", "platform", 40),
    "mika": ("Mika Laine", "platform", 36),
    "omar": ("Omar Farouk", "platform", None),
    "tomas": ("Tomas Novak", "checkout", 40),
    "ana": ("Ana Costa", "checkout", 40),
    "bea": ("Bea Lindqvist", "checkout", 30),
    "chen": ("Chen Wei", "checkout", 40),
    "dario": ("Dario Ricci", "checkout", 40),
    "ines": ("Ines Moreau", "data", 40),
    "lena": ("Lena Fischer", "data", 40),
    "samir": ("Samir Patel", "data", 36),
    "yuki": ("Yuki Tanaka", "data", 40),
    "viktor": ("Viktor Sand", None, 40),
}

QUARTERS = 8
QUARTER = timedelta(days=91)
STEWARD = "stella"


class TimedRow(NamedTuple):
    """A row and its time: a day, and a minute of that day for order."""

    day: date
    minute: int
    row: Row


def reason(code: str, text: str) -> Row:
    return {"code": code, "text": text}


def day_of(today: date, offset: int) -> date:
    return today + timedelta(days=offset)


def terms_of(today: date, outcome: str, first: int, last: int, hours: int | None = None, **more: Any) -> Row:
    terms: Row = {
        "outcome": outcome,
        "measure": {"kind": "binary"},
        "conditions": ["works in production", "the next person can run it"],
        "start": day_of(today, first).isoformat(),
        "due": day_of(today, last).isoformat(),
        "priority": "important",
        **more,
    }
    return terms | ({"effort_hours": hours} if hours is not None else {})


def act_row(goal: str, by: str, act: str, **body: Any) -> Row:
    return {"by": by, "do": f"goal.{act}", "goal": goal, **body}


def agree_on_goal(goal: str, title: str, owner: str, sponsor: str, team: str, terms: Row) -> Iterator[TimedRow]:
    """Offered two days before the start and accepted a day later."""
    start = date.fromisoformat(terms["start"])
    who = {"title": title, "owner": owner, "sponsor": sponsor, "team": team}
    why = reason("new_need", f"planned with {MEMBERS[sponsor][0]}")
    yield TimedRow(start - timedelta(days=2), 545, act_row(goal, owner, "offer", **who, terms=terms, reason=why))
    yield TimedRow(start - timedelta(days=1), 560, act_row(goal, sponsor, "accept"))
