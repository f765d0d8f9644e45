"""The cycle review's figures from exported events alone: JSON in, numbers out. It shares no code with the views.

Events are CloudEvents as dictionaries, in the order of their sequence; each happened after the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Figure = tuple[int | None, int | None, float | int | None]
_UNKEPT = ("cancelled", "released", "broken", "promise_withdrawn", "declined", "withdrawn")


class NaiveCycle:
    """What happened in one cycle."""

    def __init__(self, opened: dict[str, Any], at: datetime, number: int) -> None:
        self.team: str | None = opened["of"].get("team")
        self.ends = date.fromisoformat(opened["ends"])
        self.opened_at, self.number = at, number
        self.closed_at: datetime | None = None
        self.goals = set(opened.get("goals", ()))
        self.ended: list[dict[str, Any]] = []
        self.reflected: list[str | None] = []
        self.lessons = self.contributions = 0
        #: Improvement -> state and due, as this cycle knows them.
        self.improvements: dict[str, list[Any]] = {
            held["improvement"]: ["open", date.fromisoformat(held["due"])] for held in opened.get("carried", ())
        }

    def read(self, what: str, data: dict[str, Any], party: str | None, at: datetime) -> None:
        match what:
            case "goal_included":
                self.goals.add(data["goal"])
            case "reflection_shared":
                self.reflected.append(party)
            case "learning_recorded":
                self.lessons += 1
            case "contribution_credited":
                self.contributions += 1
            case "improvement_agreed":
                self.improvements[data["improvement"]] = ["open", date.fromisoformat(data["due"])]
            case "improvement_done" | "improvement_dropped":
                self.improvements[data["improvement"]][0] = what.removeprefix("improvement_")
            case "closed":
                self.closed_at, self.ended = at, list(data.get("goals", ()))


class NaiveCycles:
    """What had happened by an instant, of the events given."""

    def __init__(self, events: Iterable[dict[str, Any]], at: datetime, zone: str, window: int) -> None:
        self._zone = ZoneInfo(zone)
        self._today = at.astimezone(self._zone).date()
        self._since = self._today - timedelta(days=window - 1)
        self._cycles: dict[str, NaiveCycle] = {}
        #: Team (None: the organisation) -> the freedoms of its charter.
        self._freedoms: dict[str | None, set[str]] = {}
        #: Goal, when, and the freedom that the approach makes use of.
        self._approaches: list[tuple[str, datetime, str | None]] = []
        self._members: dict[str, set[str]] = {}
        for event in events:
            if datetime.fromisoformat(event["time"]) <= at:
                self._read(event)

    def _read(self, event: dict[str, Any]) -> None:
        data, stream = event["data"], event["subject"].partition("/")[2]
        at = datetime.fromisoformat(event["time"])
        kind, _, what = event["type"].rpartition(".")[0].partition(".")
        match kind, what:
            case "cycle", "opened":
                self._cycles[stream] = NaiveCycle(data, at, len(self._cycles))
            case "cycle", _:
                self._cycles[stream].read(what, data, event.get("onbehalfof") or event.get("authid"), at)
            case "goal", "approach_chosen":
                self._approaches.append((stream, at, data.get("freedom")))
            case "charter", "freedom_granted":
                self._freedoms.setdefault(data["of"].get("team"), set()).add(data["freedom"])
            case "charter", "freedom_withdrawn":
                self._freedoms[data["of"].get("team")].discard(data["freedom"])
            case "member", "joined":
                self._members.setdefault(stream, set()).update({data["team"]} if data.get("team") else ())
            case "member", "team_left":
                self._members[stream].discard(data["team"])
            case "member", "left":
                self._members.pop(stream, None)

    def figures(self, team: str | None) -> dict[str, Figure]:
        """Count, n and value of each figure of a team's review; without a team the organisation's."""
        cycles = self._select(team)
        improvements = {name: held for cycle in cycles for name, held in cycle.improvements.items()}
        states = [state for state, _ in improvements.values()]
        open_dues = [due for state, due in improvements.values() if state == "open"]
        ended = [end for cycle in cycles for end in cycle.ended]
        live = [end for end in ended if end["state"] != "satisfied" and end["state"] not in _UNKEPT]
        chosen = [(cycle, freedom) for cycle in cycles for freedom in self._list_choices(cycle)]
        freedoms = [(cycle, freedom) for cycle in cycles for freedom in self._freedoms.get(cycle.team, ())]
        asked = [
            (member, cycle)
            for cycle in cycles
            if cycle.closed_at or cycle.reflected or cycle.ends < self._today
            for member, teams in self._members.items()
            if cycle.team is None or cycle.team in teams
        ]
        return {
            **{f"improvements_{s}": _share(states.count(s), len(states)) for s in ("done", "dropped", "open")},
            "improvements_overdue": _share(sum(due < self._today for due in open_dues), len(open_dues)),
            "goals_carried_on": _share(sum(end.get("how") == "carried_on" for end in live), len(ended)),
            "goals_renegotiated": _share(sum(end.get("how") == "renegotiated" for end in live), len(ended)),
            "goals_kept": _share(sum(end["state"] == "satisfied" for end in ended), len(ended)),
            "goals_dropped": _share(sum(end["state"] in _UNKEPT for end in ended), len(ended)),
            "reflections": (None, None, sum(len(cycle.reflected) for cycle in cycles)),
            "contributions": (None, None, sum(cycle.contributions for cycle in cycles)),
            "approaches_chosen": (None, None, len(chosen)),
            "freedoms_used": _share(sum(pair in chosen for pair in freedoms), len(freedoms)),
            "lessons": (None, None, sum(cycle.lessons for cycle in cycles)),
            "reflection_share": _share(sum(member in cycle.reflected for member, cycle in asked), len(asked)),
        }

    def _select(self, team: str | None) -> list[NaiveCycle]:
        """The open cycles, those closed in the window, and of each team the one closed last; in order of opening."""
        all_of = sorted(self._cycles.values(), key=lambda one: (one.opened_at, one.number))
        of = [cycle for cycle in all_of if team is None or cycle.team == team]
        last: dict[str | None, NaiveCycle] = {}
        for cycle in of:
            before = last.get(cycle.team)
            if cycle.closed_at and (before is None or before.closed_at is None or before.closed_at <= cycle.closed_at):
                last[cycle.team] = cycle
        return [
            cycle
            for cycle in of
            if cycle.closed_at is None
            or cycle in last.values()
            or cycle.closed_at.astimezone(self._zone).date() >= self._since
        ]

    def _list_choices(self, cycle: NaiveCycle) -> list[str | None]:
        return [
            freedom
            for goal, at, freedom in self._approaches
            if goal in cycle.goals and cycle.opened_at <= at and (cycle.closed_at is None or at <= cycle.closed_at)
        ]


def _share(count: int, n: int) -> Figure:
    return count, n, round(count / n, 6) if n else None
