"""An organisation of the size that makes reads costly, as import rows; the same number gives the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

#: Members of one team.
TEAM_SIZE = 10
#: Days before now on which the first goal begins, and over how many days goals begin and end.
_FIRST_DAY, _BEGIN_DAYS, _END_DAYS = 100, 60, 90


def build_rows(now: datetime, members: int, goals: int) -> Iterator[bytes]:
    """Teams, members (half of them with capacities), and accepted goals, a third of them with a check-in."""
    for row in sorted(_build(now, members, goals), key=lambda row: str(row["at"])):
        yield json.dumps(row).encode() + b"\n"


def _build(now: datetime, members: int, goals: int) -> Iterator[dict[str, Any]]:
    def at(day: int) -> str:
        return (now + timedelta(days=day)).isoformat()

    def day_of(day: int) -> str:
        return (now + timedelta(days=day)).date().isoformat()

    teams = max(1, members // TEAM_SIZE)
    for team in range(teams):
        named = {"team": f"t{team}", "name": f"T{team}", "lead": "stella"}
        yield {"at": at(-200), "by": "stella", "do": "team.create", **named}
    for number in range(members):
        ref = f"m{number}"
        yield {
            "at": at(-199),
            "by": "stella",
            "do": "member.join",
            "member": ref,
            "name": ref,
            "team": f"t{number % teams}",
        }
        if number % 2:
            hours = {"hours_per_week": 32, "from": day_of(-198)}
            yield {"at": at(-198), "by": ref, "do": "member.capacity", "member": ref, **hours}
    for number in range(goals):
        owner, sponsor = number % members, (number * 7 + 1) % members
        sponsor = sponsor if sponsor != owner else (sponsor + 1) % members
        begins = number % _BEGIN_DAYS - _FIRST_DAY
        terms = {
            "outcome": f"Work {number}",
            "measure": {"kind": "binary"},
            "conditions": ["done"],
            "start": day_of(begins),
            "due": day_of(20 + number % _END_DAYS),
            "priority": "important",
            "effort_hours": 10 + number % 60,
        }
        goal = {"by": f"m{owner}", "goal": f"g{number}"}
        parties = {
            "title": f"Work {number}",
            "owner": f"m{owner}",
            "sponsor": f"m{sponsor}",
            "team": f"t{owner % teams}",
        }
        why = {"code": "new_need", "text": "agreed in planning"}
        yield {"at": at(begins - 2), "do": "goal.offer", **goal, **parties, "terms": terms, "reason": why}
        yield {"at": at(begins - 1), "do": "goal.accept", **goal, "by": f"m{sponsor}"}
        if number % 3 == 0:
            yield {"at": at(number % 15 - 20), "do": "goal.check_in", **goal, "note": "step", "progress": "0.4"}
