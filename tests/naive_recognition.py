"""The recognition report's figures from exported events alone: JSON in, numbers out. It shares no code with the views.

Events are CloudEvents as dictionaries, in the order of their sequence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Figure = tuple[int | None, int | None, float | int | None]


class NaiveRecognition:
    """What had happened by an instant, of the events given, and in the window of days that ends with it."""

    def __init__(self, events: Iterable[dict[str, Any]], at: datetime, zone: str, window: int) -> None:
        first = at.astimezone(ZoneInfo(zone)).date() - timedelta(days=window - 1)
        self._since = datetime.combine(first, time(), ZoneInfo(zone))
        #: The team of each goal; the teams of each member who is there.
        self._goals: dict[str, str | None] = {}
        self._members: dict[str, set[str]] = {}
        #: What stands of each recognition.
        self._given: dict[str, dict[str, Any]] = {}
        #: Goal, helper and check-in of each answered need of the window; check-ins that were taken back.
        self._answers: list[tuple[str, str | None, str]] = []
        #: Check-in -> who said it: of that member its needs are.
        self._askers: dict[str, str | None] = {}
        self._taken_back: set[str] = set()
        self._kept: set[str] = set()
        happened = [event for event in events if datetime.fromisoformat(event["time"]) <= at]
        for event in sorted(happened, key=lambda one: (datetime.fromisoformat(one["time"]), int(one["sequence"]))):
            self._read(event)

    def _read(self, event: dict[str, Any]) -> None:
        data, stream = event["data"], event["subject"].partition("/")[2]
        party = event.get("onbehalfof") or event.get("authid")
        fresh = datetime.fromisoformat(event["time"]) >= self._since
        match event["type"].rpartition(".")[0]:
            case "goal.offered" | "goal.requested" | "goal.drafted":
                self._goals[stream] = data.get("team")
            case "member.joined":
                self._members.setdefault(stream, set()).update({data["team"]} if data.get("team") else ())
            case "member.team_left":
                self._members[stream].discard(data["team"])
            case "member.left":
                self._members.pop(stream, None)
            case "goal.checked_in":
                self._askers[event["id"]] = party
            case "goal.need_answered" if fresh:
                self._answers.append((stream, party, data["check_in"]))
            case "goal.statement_taken_back":
                self._taken_back.add(data["corrects"])
            case "goal.satisfaction_declared" if fresh:
                self._kept.add(stream)
            case "recognition.given":
                self._given[stream] = {**data, "giver": party, "fresh": fresh}
            case "recognition.corrected":
                self._given[stream]["kind"] = data["kind"]
            case "recognition.taken_back":
                del self._given[stream]

    def figures(self, team: str | None) -> dict[str, Figure]:
        """Count, n and value of each figure of a team's report; without a team the organisation's."""
        standing = [one for one in self._given.values() if one["fresh"]]
        mine = [one for one in standing if team is None or one.get("team") == team]
        helped = {
            (self._goals[goal], helper)
            for goal, helper, check_in in self._answers
            if check_in not in self._taken_back and helper != self._askers[check_in]
            if team is None or self._goals[goal] == team
        }
        thanked = {one["member"] for one in standing}
        results = [goal for goal in self._kept if team is None or self._goals[goal] == team]
        recognised = {one.get("goal") for one in self._given.values()}
        return {
            "recognitions": (None, None, len(mine)),
            "relationship_share": _share(sum(one["kind"] == "relationship" for one in mine), len(mine)),
            "results_recognised": _share(sum(goal in recognised for goal in results), len(results)),
            "helpers_recognised": _share(sum(helper in thanked for _, helper in helped), len(helped)),
            "received_gini": (None, None, self._spread(team, standing)),
        }

    def _spread(self, team: str | None, standing: list[dict[str, Any]]) -> float | None:
        there = [member for member, teams in self._members.items() if team is None or team in teams]
        counts = [sum(one["member"] == member for one in standing) for member in there]
        pairs = sum(abs(a - b) for a in counts for b in counts)
        enough = len(counts) >= 5 and sum(counts)  # noqa: PLR2004 - the rule of five
        return round(pairs / (2 * len(counts) * sum(counts)), 6) if enough else None


def _share(count: int, n: int) -> Figure:
    return count, n, round(count / n, 6) if n else None
