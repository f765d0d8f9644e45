"""Reliability from exported events alone: one plain pass for each goal, which shares no code with the product.

Events are CloudEvents as dictionaries, in the order of their sequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_PARTS = ("kept_as_promised", "kept_as_renegotiated", "late_or_broken")
_OTHER = {"owner": "sponsor", "sponsor": "owner"}


class NaiveReliability:
    """The figures at an instant, of the events given; `since`: the first instant of the window."""

    def __init__(self, events: Iterable[Event], at: datetime, zone: str, window: int, **of: str | None) -> None:
        self.at, self.zone = at, ZoneInfo(zone)
        self.last_day = at.astimezone(self.zone).date()
        self.first_day = self.last_day - timedelta(days=window - 1)
        self.since = self.end_of(self.first_day - _DAY)
        self.team, self.member = of.get("team"), of.get("member")
        streams: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event["subject"].startswith("goal/") and datetime.fromisoformat(event["time"]) <= at:
                streams[event["subject"]].append(event)
        self.goals = [Goal(stream) for stream in streams.values()]

    def end_of(self, day: date) -> datetime:
        return datetime.combine(day + _DAY, time(), self.zone).astimezone(ZoneInfo("UTC"))

    def figures(self) -> dict[str, tuple[int | None, int | None, float | None]]:
        """Name -> count, n, value."""
        due = [
            goal
            for goal in self.goals
            if goal.promised and self.first_day <= goal.due <= self.last_day and self._is_asked(goal.team, goal.owner)
            if self.part_of(goal) != "undecided" or self.end_of(goal.due) <= self.at + _TICK
        ]
        theirs = [goal for goal in due if goal.owner != goal.sponsor]
        found = self._triple("", theirs) | self._triple("self_set_", [g for g in due if g.owner == g.sponsor])
        parts = {goal: self.part_of(goal) for goal in theirs}
        cohort = [goal for goal in theirs if parts[goal] in _PARTS]
        misses = [goal for goal in theirs if parts[goal] == "late_or_broken"]
        found["awaiting_sponsor"] = _share(
            sum(not g.end and g.delivered is not None and parts[g] != "late_or_broken" for g in cohort), len(cohort)
        )
        found["undecided"] = None, None, sum(part == "undecided" for part in parts.values())
        found["sponsor_missed_answer"] = None, None, sum(goal.unanswered for goal in theirs)
        found["surprise_rate"] = _share(sum(not self._is_warned(goal) for goal in misses), len(misses))
        return found | self._talk()

    def _triple(self, prefix: str, goals: list[Goal]) -> dict[str, tuple[int | None, int | None, float | None]]:
        parts = [part for goal in goals if (part := self.part_of(goal)) in _PARTS]
        counts = {part: parts.count(part) for part in _PARTS}
        counts["honoured"] = len(parts) - counts["late_or_broken"]
        return {f"{prefix}{name}": _share(count, len(parts)) for name, count in counts.items()}

    def part_of(self, goal: Goal) -> str:
        if goal.unanswered or goal.end == "goal.departed_released":
            return "left_out"
        revoking = {"goal.promise_withdrawn"}
        if goal.owner == goal.sponsor:
            revoking |= {"goal.cancelled", "goal.released"}
        if goal.end in revoking:
            return "kept_as_renegotiated" if goal.end_in_time else "late_or_broken"
        if goal.end in ("goal.cancelled", "goal.released"):
            return "late_or_broken" if goal.ever_lapsed else "left_out"
        broken = goal.end in ("goal.closed_broken", "goal.given_up", "goal.ruled_broken")
        if broken or (goal.lapsed and goal.delivered is None):
            return "late_or_broken"
        if goal.delivered is None:
            waits = goal.change is not None and goal.change["data"]["in_time"]
            return "undecided" if waits or self.end_of(goal.deliver_by) > self.at + _TICK else "late_or_broken"
        if goal.was_late or goal.late_changes:
            return "late_or_broken"
        return "kept_as_renegotiated" if goal.changes else "kept_as_promised"

    def _is_warned(self, goal: Goal) -> bool:
        missed = self.end_of(goal.deliver_by)
        if goal.late_changes:
            missed = min(missed, goal.late_changes[0])
        elif goal.end in ("goal.promise_withdrawn", "goal.closed_broken", "goal.ruled_broken", "goal.given_up") or (
            goal.end in ("goal.cancelled", "goal.released")
        ):
            missed = min(missed, goal.ended_at or missed)
        said = [at for event, at in goal.signals if event not in goal.corrected]
        return any(at < missed for at in (*said, *goal.timely_proposals))

    def _talk(self) -> dict[str, tuple[int | None, int | None, float | None]]:
        found: dict[str, tuple[int | None, int | None, float | None]] = {}
        leads = sorted(
            Fraction((self.end_of(due) - proposed) // _TICK, _DAY // _TICK)
            for goal in self.goals
            for at, owner, due, proposed in goal.renegotiations
            if self.since <= at and self._is_asked(goal.team, owner)
        )
        found["renegotiation_lead_days"] = _middle(leads)
        rank = -(-len(leads) * 15 // 100)
        found["renegotiation_lead_days_p15"] = None, len(leads), _rounded(leads[rank - 1]) if leads else None
        for side in ("owner", "sponsor"):
            answers = [
                (how, Fraction((at - since) // _TICK, _DAY // _TICK))
                for goal in self.goals
                for whose, member, how, since, at in goal.answers
                if whose == side and self.since <= at and self._is_asked(goal.team, member)
            ]
            given = sorted(days for how, days in answers if how != "missed")
            found[f"{side}_answer_days"] = _middle(given)
            found[f"{side}_answers_missed"] = _share(len(answers) - len(given), len(answers))
        requests = [
            goal
            for goal in self.goals
            if goal.requested_at is not None
            and self.since <= goal.requested_at
            and self._is_asked(goal.team, goal.requested_of)
        ]
        found["pushback_rate"] = _share(sum(goal.pushed_back for goal in requests), len(requests))
        return found

    def _is_asked(self, team: str | None, member: str | None) -> bool:
        return self.team in (None, team) and self.member in (None, member)


class Goal:
    """What one goal's events say, read from the first to the last."""

    def __init__(self, events: list[Event]) -> None:
        self.id = str(events[0]["subject"].partition("/")[2])
        self.team: str | None = None
        self.owner: str | None = None
        self.sponsor: str | None = None
        self.due = self.deliver_by = date.min
        self.promised = False
        self.question: tuple[str, datetime] | None = None
        self.requested_at: datetime | None = None
        self.requested_of: str | None = None
        self.pushed_back = False
        self.change: Event | None = None
        self.changes = 0
        self.late_changes: list[datetime] = []
        self.timely_proposals: list[datetime] = []
        self.lapsed = self.ever_lapsed = self.unanswered = False
        self.delivered: datetime | None = None
        self.was_late = False
        self.put_in_at: datetime | None = None
        self.end = ""
        self.ended_at: datetime | None = None
        self.end_in_time = False
        self.promised_on: date = date.min
        self.answers: list[tuple[str, str | None, str, datetime, datetime]] = []
        self.renegotiations: list[tuple[datetime, str | None, date, datetime]] = []
        self.signals: list[tuple[str, datetime]] = []
        self.corrected: set[str] = set()
        for event in events:
            self._read(event["type"].rpartition(".")[0], event["data"], datetime.fromisoformat(event["time"]), event)

    def _answer(self, side: str, how: str, since: datetime, at: datetime) -> None:
        if self.owner == self.sponsor:
            return
        if side == "sponsor" and self.put_in_at is not None:
            since = max(since, self.put_in_at)
        self.answers.append((side, self.owner if side == "owner" else self.sponsor, how, since, at))

    def _read(self, tag: str, data: dict[str, Any], at: datetime, event: Event) -> None:
        if data.get("corrects"):
            self.corrected.add(data["corrects"])
        if tag in ("goal.drafted", "goal.draft_revised", "goal.requested", "goal.offered"):
            self.team, self.owner, self.sponsor = data.get("team"), data.get("owner"), data.get("sponsor")
        if tag in ("goal.requested", "goal.offered", "goal.countered"):
            self.due = self.deliver_by = date.fromisoformat(data["terms"]["due"])
        if tag == "goal.requested" and self.owner != self.sponsor:
            self.requested_at, self.requested_of = at, self.owner
        if not self.promised:
            self._read_asking(tag, data, at)
        elif not self.end:
            self._read_promise(tag, data, at, event)
        if tag == "goal.checked_in":
            if data.get("blockers") or (data.get("confidence") is not None and Fraction(data["confidence"]) * 2 < 1):
                self.signals.append((event["id"], at))
        elif tag == "goal.blocker_raised":
            self.signals.append((event["id"], at))

    def _read_asking(self, tag: str, data: dict[str, Any], at: datetime) -> None:
        how = {
            "goal.promised": "accepted",
            "goal.accepted": "accepted",
            "goal.countered": "countered",
            "goal.declined": "declined",
            "goal.expired": "missed",
        }.get(tag)
        if self.question is not None and how is not None:
            self._answer(self.question[0], how, self.question[1], at)
        by_owner = self.question is not None and self.question[0] == "owner"
        if self.requested_at is not None and by_owner:
            self.pushed_back |= tag in ("goal.countered", "goal.declined", "goal.answer_deferred")
        if tag == "goal.requested":
            self.question = "owner", at
        elif tag == "goal.offered":
            self.question = "sponsor", at
        elif tag == "goal.countered":
            self.question = _OTHER[data["by"]], at
        if tag in ("goal.promised", "goal.accepted"):
            self.promised, self.promised_on = True, at.date()

    def _read_promise(self, tag: str, data: dict[str, Any], at: datetime, event: Event) -> None:
        open_, proposed = self.change, None if self.change is None else datetime.fromisoformat(self.change["time"])
        if open_ is not None and proposed is not None:
            how = {
                "goal.change_accepted": "accepted",
                "goal.change_countered": "countered",
                "goal.change_rejected": "declined",
                "goal.change_timed_out": "missed",
            }.get(tag)
            if how is not None and not data.get("self_accepted") and not data.get("for_departed"):
                self._answer(_OTHER[open_["data"]["by"]], how, proposed, at)
        if tag in ("goal.change_proposed", "goal.change_countered"):
            self.change = event
            if data["by"] == "owner" and data["in_time"]:
                self.timely_proposals.append(at)
        elif tag == "goal.change_accepted" and open_ is not None and proposed is not None:
            self._accept(open_["data"], proposed, at)
        elif tag in ("goal.change_rejected", "goal.change_withdrawn", "goal.hand_over_refused"):
            self.change = None
        elif tag == "goal.change_timed_out":
            self.change, self.unanswered = None, self.unanswered or data.get("sponsor_missed_answer", False)
        elif tag == "goal.lapsed":
            self.lapsed = self.ever_lapsed = True
            self.unanswered |= data.get("sponsor_missed_answer", False)
        elif tag == "goal.sponsor_reassigned":
            self.sponsor, self.put_in_at = data["sponsor"], at
        else:
            self._read_delivery(tag, data, at)

    def _accept(self, proposal: dict[str, Any], proposed: datetime, at: datetime) -> None:
        changes = proposal["changes"]
        if self.owner != self.sponsor:
            self.renegotiations.append((at, self.owner, self.due, proposed))
        self.changes += 1
        if not proposal["in_time"]:
            self.late_changes.append(proposed)
        self.owner, self.sponsor = changes.get("owner") or self.owner, changes.get("sponsor") or self.sponsor
        self.due = self.deliver_by = date.fromisoformat(changes["due"]) if changes.get("due") else self.due
        self.change, self.lapsed, self.unanswered = None, False, False

    def _read_delivery(self, tag: str, data: dict[str, Any], at: datetime) -> None:
        if tag == "goal.completion_declared":
            self.was_late = (data.get("late", False) and not data.get("within_rework", False)) or self.lapsed
            self.delivered, self.change = at, None
        elif tag in ("goal.delivery_rejected", "goal.completion_retracted"):
            if tag == "goal.delivery_rejected":
                self._answer("sponsor", "declined", self.delivered or at, at)
                self.deliver_by = max(self.due, date.fromisoformat(data["rework_by"]))
            self.delivered, self.lapsed, self.was_late = None, False, False
        elif tag in ENDS:
            if tag in ("goal.satisfaction_declared", "goal.deemed_satisfied"):
                how = "accepted" if tag == "goal.satisfaction_declared" else "missed"
                self._answer("sponsor", how, self.delivered or at, at)
            self.end, self.ended_at, self.change = tag, at, None
            self.end_in_time = bool(data.get("in_time"))


ENDS = frozenset(
    {
        *("goal.satisfaction_declared", "goal.deemed_satisfied", "goal.ruled_satisfied", "goal.ruled_broken"),
        *("goal.closed_broken", "goal.given_up", "goal.cancelled", "goal.released", "goal.departed_released"),
        "goal.promise_withdrawn",
    }
)


def _share(count: int, n: int) -> tuple[int, int, float | None]:
    return count, n, _rounded(Fraction(count, n)) if n else None


def _middle(days: list[Fraction]) -> tuple[None, int, float | None]:
    half = len(days) // 2
    if not days:
        return None, 0, None
    return None, len(days), _rounded(days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2)


def _rounded(value: Fraction) -> float:
    return float(round(value, 6))
