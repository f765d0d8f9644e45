"""The ordinary past: two years of promises that were kept, renegotiated, late, declined or forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from domain.calendar import is_in_time
from services.seed.people import MEMBERS, QUARTER, QUARTERS, TEAMS, Row, TimedRow, reason

#: What each team worked on, quarter by quarter, one line per member in turn.
WORK = {
    "platform": (
        "Cut the nightly build to ten minutes",
        "Rotate every service certificate",
        "Move batch jobs to the new scheduler",
        "Restore drills that pass unattended",
        "One dashboard for all alerts",
        "Retire the old message broker",
        "Blue-green deploys for the core services",
        "Quota alerts before customers notice",
    ),
    "checkout": (
        "Accept local payment methods in Spain",
        "Explain every declined card",
        "Refunds without a support ticket",
        "Address form that works for Japan",
        "Fraud rules the support team can read",
        "Gift cards across currencies",
        "Saved carts that survive a login",
        "Receipts that pass the tax audit",
    ),
    "data": (
        "Revenue by product, correct to the cent",
        "Churn model explained to sales",
        "Daily stock report by seven o'clock",
        "Event names that mean one thing",
        "Cohort view for the growth team",
        "Delete customer data within a week",
        "Forecast error under eight percent",
        "One definition of an active customer",
    ),
}

#: How the ordinary goals went, in turn: most are kept, some are renegotiated in time, a few are not.
OUTCOMES = (
    "kept", "kept", "renegotiated", "kept", "late", "kept", "reworked", "kept", "withdrawn", "kept", "renegotiated",
    "cancelled", "kept", "declined", "kept", "kept", "silent",
)  # fmt: skip

#: Fates that end a goal early, and how many days before its due.
EARLY_END = {"withdrawn": 30, "cancelled": 20}


def past_rows(today: date) -> Iterator[TimedRow]:
    """Each quarter every team member but the stars of the stories promises one piece of work."""
    fate = 0
    for quarter in range(QUARTERS):
        start = today - (QUARTERS - quarter) * QUARTER
        for team, (_, lead) in TEAMS.items():
            people = [ref for ref, (_, of, _) in MEMBERS.items() if of == team and ref != lead]
            for turn, owner in enumerate(people):
                title = WORK[team][(quarter + turn * 2) % len(WORK[team])]
                goal = f"{team}-{quarter + 1}-{owner}"
                promise = PastGoal(goal, title, owner, lead, team, start + timedelta(days=turn), 24 + 8 * turn)
                yield from _goal_history(promise, OUTCOMES[fate % len(OUTCOMES)], today)
                fate += 1


class PastGoal(NamedTuple):
    """One ordinary goal: about ten weeks of a little work."""

    goal: str
    title: str
    owner: str
    sponsor: str
    team: str
    start: date
    hours: int

    @property
    def due(self) -> date:
        """Ten weeks later, a Friday or Saturday like any other day."""
        return self.start + timedelta(days=70)


def _act(promise: PastGoal, by: str, act: str, **body: Any) -> Row:
    return {"by": by, "do": f"goal.{act}", "goal": promise.goal, **body}


def _goal_fields(promise: PastGoal, **terms: Any) -> Row:
    return {
        "title": promise.title,
        "owner": promise.owner,
        "sponsor": promise.sponsor,
        "team": promise.team,
        "terms": {
            "outcome": promise.title,
            "measure": {"kind": "binary"},
            "conditions": ["in use for a week", "documented where people look"],
            "start": promise.start.isoformat(),
            "due": promise.due.isoformat(),
            "effort_hours": promise.hours,
            "priority": "important",
            **terms,
        },
    }


def _goal_history(promise: PastGoal, fate: str, today: date) -> Iterator[TimedRow]:
    offered, need = promise.start - timedelta(days=3), reason("new_need", "agreed in the quarter's planning")
    if fate == "declined":
        yield TimedRow(offered, 540, _act(promise, promise.sponsor, "request", **_goal_fields(promise), reason=need))
        yield TimedRow(
            offered + timedelta(days=1), 600, _act(promise, promise.owner, "decline", reason={"code": "capacity"})
        )
        return
    yield TimedRow(offered, 540, _act(promise, promise.owner, "offer", **_goal_fields(promise), reason=need))
    yield TimedRow(offered + timedelta(days=1), 600, _act(promise, promise.sponsor, "accept"))
    if fate == "silent":
        yield TimedRow(promise.start + timedelta(days=9), 620, _check_in(promise, "started", "0.1", "0.8"))
        late = promise.due + timedelta(days=25)
        closing = reason("new_information", "nobody heard of it again; the need found another way")
        yield TimedRow(late, 700, _act(promise, promise.sponsor, "close_broken", reason=closing))
        return
    yield from _check_ins(promise, promise.due - timedelta(days=EARLY_END.get(fate, 0)))
    yield from _goal_ending(promise, fate, today)


def _check_in(promise: PastGoal, note: str, progress: str, confidence: str, **more: Any) -> Row:
    return _act(promise, promise.owner, "check_in", note=note, progress=progress, confidence=confidence, **more)


def _check_ins(promise: PastGoal, until: date) -> Iterator[TimedRow]:
    notes = ("scope is clear", "first part in review", "in use by one team", "rolling out", "last loose ends")
    for step, note in enumerate(notes):
        day = promise.start + timedelta(days=11 * (step + 1))
        if day < until - timedelta(days=3):
            yield TimedRow(day, 560 + step, _check_in(promise, note, f"0.{2 * step + 1}", f"0.{7 + step // 2}"))


def _goal_ending(promise: PastGoal, fate: str, today: date) -> Iterator[TimedRow]:
    due, done = promise.due, promise.due - timedelta(days=2)
    match fate:
        case "renegotiated":
            asked, later = due - timedelta(days=24), due + timedelta(days=14)
            assert is_in_time(asked, promise.start, due)  # noqa: S101 - the story says "in time"
            why = reason("dependency_slipped", "the vendor's release moved by two weeks, and ours hangs on it")
            moved = {"changes": {"due": later.isoformat()}, "reason": why, "trigger": "blocker"}
            yield TimedRow(asked, 610, _act(promise, promise.owner, "propose_change", **moved))
            yield TimedRow(asked + timedelta(days=1), 615, _act(promise, promise.sponsor, "accept_change"))
            done = later - timedelta(days=1)
        case "late":
            done = due + timedelta(days=9)
        case "withdrawn":
            gone = due - timedelta(days=EARLY_END[fate])
            why = reason("capacity", "the migration takes all of me; better to say so now than in June")
            back = {"reason": why, "mitigation": "notes and branch handed to the lead"}
            yield TimedRow(gone, 650, _act(promise, promise.owner, "withdraw_promise", **back))
            return
        case "cancelled":
            why = reason("external_change", "the partner ended the programme; there is no need left")
            gone = due - timedelta(days=EARLY_END[fate])
            yield TimedRow(gone, 640, _act(promise, promise.sponsor, "cancel", reason=why))
            return
        case "reworked":
            yield TimedRow(done - timedelta(days=6), 660, _act(promise, promise.owner, "declare_complete"))
            again = {
                "condition": "c2",
                "rework_by": (due + timedelta(days=4)).isoformat(),
                "reason": reason("new_information", "the runbook is missing, and on-call cannot do without"),
            }
            yield TimedRow(done - timedelta(days=5), 600, _act(promise, promise.sponsor, "reject_delivery", **again))
        case _:
            pass
    if done >= today:
        return
    longer = reason("estimate_wrong", "the last part took longer than the first two")
    late = {"reason": longer} if fate == "late" else {}
    yield TimedRow(done, 900, _act(promise, promise.owner, "declare_complete", **late))
    yield TimedRow(done + timedelta(days=2), 660, _act(promise, promise.sponsor, "declare_satisfied"))
