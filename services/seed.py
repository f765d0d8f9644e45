"""The demo's history: two years of a small organisation, told as import rows, the same for the same day.

Beside an ordinary past (promises kept, renegotiated, late, declined) it tells four stories that end today:
Priya, the only database specialist, is overloaded; Viktor sponsors by "yes, and"; Checkout's outcome changed and only
one of its tasks was affirmed since; Lena renegotiated well, in time, and named what gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from domain.calendar import in_time

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
FATES = (
    "kept", "kept", "renegotiated", "kept", "late", "kept", "reworked", "kept", "withdrawn", "kept", "renegotiated",
    "cancelled", "kept", "declined", "kept", "kept", "silent",
)  # fmt: skip

#: Fates that end a goal early, and how many days before its due.
EARLY_END = {"withdrawn": 30, "cancelled": 20}

QUARTERS = 8
QUARTER = timedelta(days=91)
STEWARD = "stella"


class Timed(NamedTuple):
    """A row and when it was said: a day, and a minute of its day for order."""

    day: date
    minute: int
    row: Row


def rows(today: date) -> list[Row]:
    """All rows up to `today`, in the order of their times (UTC), deterministic for the day."""
    told = [*_organisation(today), *_past(today), *_stories(today)]
    said = [t for t in told if t.day < today]
    said.sort(key=lambda t: (t.day, t.minute))
    return [{"at": _at(t), **t.row} for t in said]


def _at(timed: Timed) -> str:
    midnight = datetime.combine(timed.day, time(), UTC)
    return (midnight + timedelta(minutes=timed.minute)).isoformat().replace("+00:00", "Z")


# --- who is there ------------------------------------------------------------------------------------------------


def _organisation(today: date) -> Iterator[Timed]:
    first = today - QUARTERS * QUARTER - timedelta(days=21)
    for team, (name, lead) in TEAMS.items():
        yield Timed(first, 1, {"by": STEWARD, "do": "team.create", "team": team, "name": name, "lead": lead})
    for ref, (name, joined, hours) in MEMBERS.items():
        row: Row = {"by": STEWARD, "do": "member.join", "member": ref, "name": name}
        yield Timed(first, 2, row | ({"team": joined} if joined else {}))
        if hours is not None:
            declared = {"hours_per_week": hours, "from": first.isoformat()}
            yield Timed(first, 3, {"by": ref, "do": "member.capacity", "member": ref, **declared})
    limit = {"by": STEWARD, "do": "organisation.policy", "policy": {"wip_limit": 4}}
    yield Timed(first + timedelta(days=300), 600, limit)
    away = {"from": (today - timedelta(days=12)).isoformat(), "to": (today - timedelta(days=6)).isoformat()}
    yield Timed(today - timedelta(days=20), 600, {"by": "bea", "do": "member.absence", "member": "bea", **away})


# --- the ordinary past -------------------------------------------------------------------------------------------


def _past(today: date) -> Iterator[Timed]:
    """Each quarter every team member but the stars of the stories promises one piece of work."""
    fate = 0
    for quarter in range(QUARTERS):
        start = today - (QUARTERS - quarter) * QUARTER
        for team, (_, lead) in TEAMS.items():
            people = [ref for ref, (_, of, _) in MEMBERS.items() if of == team and ref != lead]
            for turn, owner in enumerate(people):
                title = WORK[team][(quarter + turn * 2) % len(WORK[team])]
                goal = f"{team}-{quarter + 1}-{owner}"
                promise = Promise(goal, title, owner, lead, team, start + timedelta(days=turn), 24 + 8 * turn)
                yield from _life(promise, FATES[fate % len(FATES)], today)
                fate += 1


class Promise(NamedTuple):
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


def _act(promise: Promise, by: str, act: str, **body: Any) -> Row:  # noqa: ANN401 - a row's fields are JSON
    return {"by": by, "do": f"goal.{act}", "goal": promise.goal, **body}


def _why(code: str, text: str) -> Row:
    return {"code": code, "text": text}


def _opening(promise: Promise, **terms: Any) -> Row:  # noqa: ANN401 - a row's fields are JSON
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


def _life(promise: Promise, fate: str, today: date) -> Iterator[Timed]:
    offered, need = promise.start - timedelta(days=3), _why("new_need", "agreed in the quarter's planning")
    if fate == "declined":
        yield Timed(offered, 540, _act(promise, promise.sponsor, "request", **_opening(promise), reason=need))
        yield Timed(
            offered + timedelta(days=1), 600, _act(promise, promise.owner, "decline", reason={"code": "capacity"})
        )
        return
    yield Timed(offered, 540, _act(promise, promise.owner, "offer", **_opening(promise), reason=need))
    yield Timed(offered + timedelta(days=1), 600, _act(promise, promise.sponsor, "accept"))
    if fate == "silent":
        yield Timed(promise.start + timedelta(days=9), 620, _check_in(promise, "started", "0.1", "0.8"))
        late = promise.due + timedelta(days=25)
        closing = _why("new_information", "nobody heard of it again; the need found another way")
        yield Timed(late, 700, _act(promise, promise.sponsor, "close_broken", reason=closing))
        return
    yield from _check_ins(promise, promise.due - timedelta(days=EARLY_END.get(fate, 0)))
    yield from _end(promise, fate, today)


def _check_in(promise: Promise, note: str, progress: str, confidence: str, **more: Any) -> Row:  # noqa: ANN401 - JSON
    return _act(promise, promise.owner, "check_in", note=note, progress=progress, confidence=confidence, **more)


def _check_ins(promise: Promise, until: date) -> Iterator[Timed]:
    notes = ("scope is clear", "first part in review", "in use by one team", "rolling out", "last loose ends")
    for step, note in enumerate(notes):
        day = promise.start + timedelta(days=11 * (step + 1))
        if day < until - timedelta(days=3):
            yield Timed(day, 560 + step, _check_in(promise, note, f"0.{2 * step + 1}", f"0.{7 + step // 2}"))


def _end(promise: Promise, fate: str, today: date) -> Iterator[Timed]:
    due, done = promise.due, promise.due - timedelta(days=2)
    match fate:
        case "renegotiated":
            asked, later = due - timedelta(days=24), due + timedelta(days=14)
            assert in_time(asked, promise.start, due)  # noqa: S101 - the story says "in time"
            why = _why("dependency_slipped", "the vendor's release moved by two weeks, and ours hangs on it")
            moved = {"changes": {"due": later.isoformat()}, "reason": why, "trigger": "blocker"}
            yield Timed(asked, 610, _act(promise, promise.owner, "propose_change", **moved))
            yield Timed(asked + timedelta(days=1), 615, _act(promise, promise.sponsor, "accept_change"))
            done = later - timedelta(days=1)
        case "late":
            done = due + timedelta(days=9)
        case "withdrawn":
            gone = due - timedelta(days=EARLY_END[fate])
            why = _why("capacity", "the migration takes all of me; better to say so now than in June")
            back = {"reason": why, "mitigation": "notes and branch handed to the lead"}
            yield Timed(gone, 650, _act(promise, promise.owner, "withdraw_promise", **back))
            return
        case "cancelled":
            why = _why("external_change", "the partner ended the programme; there is no need left")
            yield Timed(
                due - timedelta(days=EARLY_END[fate]), 640, _act(promise, promise.sponsor, "cancel", reason=why)
            )
            return
        case "reworked":
            yield Timed(done - timedelta(days=6), 660, _act(promise, promise.owner, "declare_complete"))
            again = {
                "condition": "c2",
                "rework_by": (due + timedelta(days=4)).isoformat(),
                "reason": _why("new_information", "the runbook is missing, and on-call cannot do without"),
            }
            yield Timed(done - timedelta(days=5), 600, _act(promise, promise.sponsor, "reject_delivery", **again))
        case _:
            pass
    if done >= today:
        return
    late = {"reason": _why("estimate_wrong", "the last part took longer than the first two")} if fate == "late" else {}
    yield Timed(done, 900, _act(promise, promise.owner, "declare_complete", **late))
    yield Timed(done + timedelta(days=2), 660, _act(promise, promise.sponsor, "declare_satisfied"))


# --- the stories that end today ----------------------------------------------------------------------------------


def _stories(today: date) -> Iterator[Timed]:
    yield from _overloaded_specialist(today)
    yield from _parent_changed(today)
    yield from _renegotiated_well(today)
    yield from _gone_quiet(today)


def _day(today: date, offset: int) -> date:
    return today + timedelta(days=offset)


def _terms(today: date, outcome: str, first: int, last: int, hours: int | None = None, **more: Any) -> Row:  # noqa: ANN401
    terms: Row = {
        "outcome": outcome,
        "measure": {"kind": "binary"},
        "conditions": ["works in production", "the next person can run it"],
        "start": _day(today, first).isoformat(),
        "due": _day(today, last).isoformat(),
        "priority": "important",
        **more,
    }
    return terms | ({"effort_hours": hours} if hours is not None else {})


def _goal(goal: str, by: str, act: str, **body: Any) -> Row:  # noqa: ANN401 - a row's fields are JSON
    return {"by": by, "do": f"goal.{act}", "goal": goal, **body}


def _agreed(goal: str, title: str, owner: str, sponsor: str, team: str, terms: Row) -> Iterator[Timed]:
    """Offered two days before the start and accepted a day later."""
    start = date.fromisoformat(terms["start"])
    who = {"title": title, "owner": owner, "sponsor": sponsor, "team": team}
    why = _why("new_need", f"planned with {MEMBERS[sponsor][0]}")
    yield Timed(start - timedelta(days=2), 545, _goal(goal, owner, "offer", **who, terms=terms, reason=why))
    yield Timed(start - timedelta(days=1), 560, _goal(goal, sponsor, "accept"))


def _overloaded_specialist(today: date) -> Iterator[Timed]:
    """Priya's two big promises were enough; then Viktor asked three times, and nothing was dropped."""
    shard = _terms(today, "Orders are sharded without a night of downtime", -42, 28, 100, priority="critical")
    yield from _agreed("shard-orders", "Shard the orders database", "priya", "noor", "platform", shard)
    upgrade = _terms(today, "Every database runs the supported major version", -30, 21, 34)
    yield from _agreed("database-upgrade", "Upgrade every database", "priya", "noor", "platform", upgrade)
    for offset, goal, title, hours, due in (
        (-18, "revenue-extract", "Ad-hoc revenue extract for the board", 12, 9),
        (-11, "regulator-export", "Audit export for the regulator", 20, 16),
        (-5, "retention-sweep", "Retention sweep of old accounts", 22, 20),
    ):
        who = {"title": title, "owner": "priya", "sponsor": "viktor", "team": "platform", "imposed": True}
        why = _why("new_need", "yes to all of it, and this one as well")
        asked = _goal(goal, "viktor", "request", **who, terms=_terms(today, title, offset, due, hours), reason=why)
        yield Timed(_day(today, offset), 580, asked)
        yield Timed(_day(today, offset + 1), 620, _goal(goal, "priya", "promise"))
    needs = [{"text": "which of the extras can wait?", "addressee": "noor"}]
    doubt = "three extras this month, each small, together half of my weeks: I doubt the date"
    for offset, progress, confidence, note, more in (
        (-28, "0.2", "0.8", "first shard copies cleanly", {}),
        (-14, "0.35", "0.75", "cutover plan written", {}),
        (-3, "0.4", "0.45", doubt, {"needs": needs}),
    ):
        said = {"note": note, "progress": progress, "confidence": confidence, **more}
        yield Timed(_day(today, offset), 630, _goal("shard-orders", "priya", "check_in", **said))


def _parent_changed(today: date) -> Iterator[Timed]:
    """Checkout's outcome became harder and later; of its four tasks only Ana's was affirmed since."""
    measure = {"kind": "number", "unit": "ms", "baseline": "900", "target": "300"}
    outcome = _terms(today, "The checkout answers within 300 ms", -70, 45, None, kind="outcome", measure=measure)
    yield from _agreed("fast-checkout", "A checkout that feels instant", "tomas", "viktor", "checkout", outcome)
    for owner, goal, title, hours in (
        ("ana", "trim-scripts", "Trim what the page loads", 50),
        ("bea", "cache-prices", "Cache prices at the edge", 40),
        ("chen", "one-query", "One query instead of eleven", 60),
        ("dario", "measure-real-users", "Measure what customers feel", 36),
    ):
        terms = _terms(today, title, -60, 30, hours, supports=[{"goal": "fast-checkout"}])
        yield from _agreed(goal, title, owner, "tomas", "checkout", terms)
        # Bea is away when the last round of check-ins comes.
        for turn, offset in enumerate((-48, -35, -21) if owner == "bea" else (-48, -35, -21, -8)):
            said = {"note": "on the way", "progress": f"0.{2 * turn + 1}", "confidence": "0.8"}
            yield Timed(_day(today, offset), 700, _goal(goal, owner, "check_in", **said))
    changes = {"measure": measure | {"target": "200"}, "due": _day(today, 75).isoformat()}
    why = _why("new_information", "the competitor's checkout answers in 220 ms; 300 would not be felt")
    yield Timed(_day(today, -26), 800, _goal("fast-checkout", "tomas", "propose_change", changes=changes, reason=why))
    yield Timed(_day(today, -25), 560, _goal("fast-checkout", "viktor", "accept_change"))
    affirmed = _goal("trim-scripts", "ana", "affirm_link", supports=[{"goal": "fast-checkout"}])
    yield Timed(_day(today, -24), 600, affirmed)


def _renegotiated_well(today: date) -> Iterator[Timed]:
    """Lena met a blocker, said so, proposed three weeks ahead and named what gives; Ines agreed the next day."""
    restyle = _terms(today, "Dashboards follow the new style", -50, 10, 30, priority="useful")
    yield from _agreed("restyle-dashboards", "Restyle the dashboards", "lena", "ines", "data", restyle)
    report = _terms(today, "Settlement closes on day one of the month", -55, -2, 80, priority="critical")
    yield from _agreed("settlement-report", "Rebuild the settlement report", "lena", "ines", "data", report)
    blocked = {"text": "the bank's new interface is three weeks late", "type": "vendor", "acts_next": "ines"}
    said = {"note": "half of the ledgers reconcile", "progress": "0.45", "confidence": "0.7"}
    yield Timed(_day(today, -30), 640, _goal("settlement-report", "lena", "check_in", **said))
    yield Timed(_day(today, -27), 600, _goal("settlement-report", "lena", "raise_blocker", blocker=blocked))
    later = {
        "changes": {"due": _day(today, 19).isoformat(), "effort_hours": 100},
        "reason": _why("dependency_slipped", "the bank's interface comes three weeks late and adds a second format"),
        "trigger": "blocker",
        "trade_offs": [{"kind": "defer", "goal": "restyle-dashboards"}],
    }
    yield Timed(_day(today, -24), 610, _goal("settlement-report", "lena", "propose_change", **later))
    yield Timed(_day(today, -23), 560, _goal("settlement-report", "ines", "accept_change"))
    gives = {
        "changes": {"due": _day(today, 52).isoformat(), "start": _day(today, 20).isoformat()},
        "reason": _why("dependency_slipped", "makes room for the settlement report, which cannot wait"),
        "trade_offs": [{"kind": "defer", "for": "settlement-report"}],
    }
    yield Timed(_day(today, -23), 600, _goal("restyle-dashboards", "lena", "propose_change", **gives))
    yield Timed(_day(today, -22), 560, _goal("restyle-dashboards", "ines", "accept_change"))
    on = {"note": "the new interface is here; both formats parse", "progress": "0.7", "confidence": "0.85"}
    yield Timed(_day(today, -6), 640, _goal("settlement-report", "lena", "check_in", blockers=[], **on))


def _gone_quiet(today: date) -> Iterator[Timed]:
    """Omar's goal looks fine on paper, and nobody has said a word about it for seven weeks."""
    terms = _terms(today, "Alerts reach the person who can act", -63, 24, 45)
    yield from _agreed("alert-routing", "Route alerts to who can act", "omar", "noor", "platform", terms)
    said = {"note": "all good", "progress": "0.3", "confidence": "0.9"}
    yield Timed(_day(today, -49), 640, _goal("alert-routing", "omar", "check_in", **said))
    self_set = _terms(today, "Find a slow path without guessing", -20, 40, 16, priority="useful")
    why = _why("better_idea", "profiling beats guessing; an hour a week")
    who = {"title": "Learn to profile in production", "owner": "mika", "sponsor": "mika", "team": "platform"}
    yield Timed(_day(today, -20), 640, _goal("learn-profiling", "mika", "offer", **who, terms=self_set, reason=why))
