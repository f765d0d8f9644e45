"""A made-up organisation of any size as import rows, in order of their times; the same for the same scale and day.

Teams of twenty. Each has a purpose and an outcome goal per half year; each person owns tasks that support them. Goals
begin evenly over the years. One in four is renegotiated, one in eleven is quiet, one in thirteen is dropped; leads, the
own team and other teams request. Memory is that of the goals that are live on one day.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import msgspec

from domain.errors import InvalidField
from services.seed.people import Row, TimedRow, act_row, reason

TEAM_SIZE = 20
_DAYS_A_YEAR = 365
_HALF = timedelta(days=182)
#: The days of a goal's life, from its start to its first due day.
_SHORTEST, _LONGEST = 90, 320


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large the organisation is, and how often its people check in."""

    members: int = 200
    goals: int = 2_000
    years: int = 2
    #: Days between two check-ins of a goal.
    check_in_days: int = 2


_LARGEST = {"members": 100_000, "goals": 1_000_000, "years": 20, "check_in_days": 365}


def parse_scale(text: str) -> Scale:
    """`members=2000,goals=20000,years=2`, each part optional. Raises `InvalidField` naming what is wrong."""
    found: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        largest = _LARGEST.get(name)
        if largest is None:
            raise InvalidField(f"{name!r} is not one of {', '.join(_LARGEST)}", pointer="/scale")
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= largest):
            raise InvalidField(f"{name} is a whole number from 1 to {largest}, not {value!r}", pointer="/scale")
        found[name] = int(value)
    return Scale(**found)


def scale_rows(scale: Scale, today: date, *, seed: int = 11) -> Iterator[Row]:
    """All rows up to yesterday, in the order of their times (UTC)."""
    waiting: list[_Waiting] = []
    organisation = _Organisation(scale, today, random.Random(seed))  # noqa: S311 - made-up data, no secret
    for number, (first, rows) in enumerate(organisation.list_streams()):
        while waiting and waiting[0].day < first:
            yield _take_first(waiting, today)
        _wait_for_next(waiting, number, rows, today)
    while waiting:
        yield _take_first(waiting, today)


class _Waiting(NamedTuple):
    """The next row of one stream; ordered by time, then by stream."""

    day: date
    minute: int
    number: int
    row: Row
    following: Iterator[TimedRow]


def _wait_for_next(waiting: list[_Waiting], number: int, rows: Iterator[TimedRow], today: date) -> None:
    row = next(rows, None)
    if row is not None and row.day < today:
        heapq.heappush(waiting, _Waiting(*row[:2], number, row.row, rows))


def _take_first(waiting: list[_Waiting], today: date) -> Row:
    first = heapq.heappop(waiting)
    _wait_for_next(waiting, first.number, first.following, today)
    at = datetime.combine(first.day, time(), UTC) + timedelta(minutes=first.minute)
    return {"at": at.isoformat().replace("+00:00", "Z"), **first.row}


class _Team(NamedTuple):
    ref: str
    lead: str
    people: tuple[str, ...]


class _Organisation:
    def __init__(self, scale: Scale, today: date, chance: random.Random) -> None:
        self._scale = scale
        self._today = today
        self._first = today - timedelta(days=scale.years * _DAYS_A_YEAR)
        self._chance = chance
        refs = [f"m{number:05}" for number in range(scale.members)]
        self._teams = [
            _Team(f"team-{start // TEAM_SIZE:04}", refs[start], tuple(refs[start : start + TEAM_SIZE]))
            for start in range(0, len(refs), TEAM_SIZE)
        ]

    def list_streams(self) -> Iterator[tuple[date, Iterator[TimedRow]]]:
        """Each stream of rows with its first day, in the order of these days."""
        for team in self._teams:
            yield self._first, self._build_team(team)
        days, begun = self._today - self._first - timedelta(days=16), 0
        halves = (self._today - self._first) // _HALF
        for number in range(self._scale.goals):
            offered = self._first + timedelta(days=14) + days * number // self._scale.goals
            while begun < halves and self._first + timedelta(days=10) + begun * _HALF <= offered:
                for team in self._teams:
                    yield self._first + timedelta(days=10) + begun * _HALF, self._build_outcome(team, begun)
                begun += 1
            yield offered, self._build_task(number, offered + timedelta(days=2), begun - 1)

    def _build_team(self, team: _Team) -> Iterator[TimedRow]:
        first, lead = self._first, team.lead
        created: Row = {"by": lead, "do": "team.create", "team": team.ref, "name": team.ref.title(), "lead": lead}
        yield TimedRow(first, 1, created)
        for member in team.people:
            joined: Row = {"by": lead, "do": "member.join", "member": member, "name": member.title(), "team": team.ref}
            yield TimedRow(first, 2, joined)
        for number, member in enumerate(team.people):
            # One in five never declares a capacity: the organisation's default counts.
            if number % 5:
                declared: Row = {"hours_per_week": (40, 32, 24)[number % 3], "from": first.isoformat()}
                yield TimedRow(first, 3, {"by": member, "do": "member.capacity", "member": member, **declared})
        meant = {"to_team": "We are good at it.", "to_clients": "They wait less.", "to_organisation": "Fewer calls."}
        proposed: Row = {"text": f"{team.ref.title()} keeps its word", "until": (first + timedelta(days=2)).isoformat()}
        proposed |= {"by": lead, "do": "purpose.propose", "charter": team.ref, **meant}
        yield TimedRow(first + timedelta(days=1), 500, proposed)
        yield TimedRow(first + timedelta(days=4), 500, {"by": lead, "do": "purpose.adopt", "charter": team.ref})
        for member in team.people:
            away = self._today - timedelta(days=self._chance.randrange(-20, 300))
            absence = {"member": member, "from": away.isoformat(), "to": (away + timedelta(days=11)).isoformat()}
            yield TimedRow(self._today - timedelta(days=330), 4, {"by": member, "do": "member.absence", **absence})

    def _build_outcome(self, team: _Team, half: int) -> Iterator[TimedRow]:
        start = self._first + timedelta(days=12) + half * _HALF
        due = start + _HALF + timedelta(days=20)
        goal, sponsor = f"{team.ref}-outcome-{half}", team.people[min(1, len(team.people) - 1)]
        terms = _build_terms(f"What {team.ref} is for, part {half + 1}", start, due)
        terms |= {"kind": "outcome", "supports": [{"purpose": team.ref}]}
        yield from _agree(goal, team.lead, sponsor, team.ref, terms)
        if half % 2 == 0:
            yield from _renegotiate(goal, team.lead, sponsor, start + timedelta(days=60), due + timedelta(days=30))

    def _choose_parties(self, number: int) -> tuple[_Team, str, str]:
        """Team, owner and sponsor: of three requests one comes from the lead, one from the team, one from outside."""
        team = self._teams[number % len(self._teams)]
        owner = team.people[number // len(self._teams) % len(team.people)]
        outside = self._chance.choice(self._teams)
        sponsor = (team.lead, self._chance.choice(team.people), outside.lead)[self._chance.randrange(3)]
        return team, owner, sponsor

    def _build_task(self, number: int, start: date, half: int) -> Iterator[TimedRow]:
        goal = f"task-{number:06}"
        team, owner, sponsor = self._choose_parties(number)
        due = start + timedelta(days=self._chance.randrange(_SHORTEST, _LONGEST))
        effort, middle = self._chance.randrange(10, 90), start + (due - start) // 2
        terms = _build_terms(f"Piece of work number {number}", start, due)
        terms |= {"effort_hours": effort, "supports": [{"goal": f"{team.ref}-outcome-{half}"}]}
        yield from _agree(goal, owner, sponsor, team.ref, terms)
        is_quiet, is_renegotiated, is_dropped = (number % often == 0 for often in (11, 4, 13))
        yield from self._check_in(number, goal, owner, sponsor, start, start if is_quiet else middle)
        if is_dropped:
            why = reason("external_change", "something else matters more now")
            yield TimedRow(middle, 900, act_row(goal, sponsor, "cancel", reason=why))
            return
        if is_renegotiated and owner != sponsor:
            due += timedelta(days=21)
            yield from _renegotiate(goal, owner, sponsor, middle, due)
        if not is_quiet:
            yield from self._check_in(number, goal, owner, sponsor, middle + timedelta(days=1), due - timedelta(days=2))
        yield TimedRow(due - timedelta(days=1), 900, act_row(goal, owner, "declare_complete"))
        if owner != sponsor:
            yield TimedRow(due, 600, act_row(goal, sponsor, "declare_satisfied"))

    def _check_in(
        self, number: int, goal: str, owner: str, sponsor: str, first: date, last: date
    ) -> Iterator[TimedRow]:
        day, step = first + timedelta(days=self._scale.check_in_days), 0
        while day < last:
            said: Row = {"note": f"step {step}", "progress": f"0.{step % 9 + 1}", "confidence": f"0.{9 - number % 3}"}
            if step % 8 == number % 8 and owner != sponsor:
                asked = {"text": "look at it with me", "answer_by": (day + timedelta(days=5)).isoformat()}
                said |= {"needs": [asked | {"addressee": sponsor}]}
            yield TimedRow(day, 600 + number % 60, act_row(goal, owner, "check_in", **said))
            if step % 6 == 0 and owner != sponsor:
                yield TimedRow(day, 700, act_row(goal, sponsor, "feedback", text="clear, thank you", on="progress"))
            day, step = day + timedelta(days=self._scale.check_in_days), step + 1


def _build_terms(outcome: str, start: date, due: date) -> Row:
    return {
        "outcome": outcome,
        "measure": {"kind": "binary"},
        "conditions": ["in use", "written down"],
        "start": start.isoformat(),
        "due": due.isoformat(),
        "priority": "important",
    }


def _agree(goal: str, owner: str, sponsor: str, team: str, terms: Row) -> Iterator[TimedRow]:
    """Offered two days before the start, accepted a day later; a self-set goal is accepted with its offer."""
    start = date.fromisoformat(terms["start"])
    who = {"title": terms["outcome"], "owner": owner, "sponsor": sponsor, "team": team}
    why = reason("new_need", "agreed in planning")
    yield TimedRow(start - timedelta(days=2), 540, act_row(goal, owner, "offer", **who, terms=terms, reason=why))
    if owner != sponsor:
        yield TimedRow(start - timedelta(days=1), 560, act_row(goal, sponsor, "accept"))


def _renegotiate(goal: str, owner: str, sponsor: str, day: date, due: date) -> Iterator[TimedRow]:
    why = reason("dependency_slipped", "what it waits for comes later")
    proposed = {"changes": {"due": due.isoformat()}, "reason": why}
    yield TimedRow(day, 900, act_row(goal, owner, "propose_change", **proposed))
    if owner != sponsor:
        yield TimedRow(day + timedelta(days=1), 560, act_row(goal, sponsor, "accept_change"))
