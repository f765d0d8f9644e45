"""Four stories that end today: an overloaded specialist, a parent that changed, a good renegotiation, a silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.seed.people import TimedRow, act_row, agree_on_goal, day_of, reason, terms_of


def story_rows(today: date) -> Iterator[TimedRow]:
    yield from _overloaded_specialist(today)
    yield from _parent_change(today)
    yield from _good_renegotiation(today)
    yield from _silent_goal(today)


def _overloaded_specialist(today: date) -> Iterator[TimedRow]:
    """Priya's two big promises were enough; then Viktor asked three times, and nothing was dropped."""
    shard = terms_of(today, "Orders are sharded without a night of downtime", -42, 28, 100, priority="critical")
    yield from agree_on_goal("shard-orders", "Shard the orders database", "priya", "noor", "platform", shard)
    upgrade = terms_of(today, "Every database runs the supported major version", -30, 21, 34)
    yield from agree_on_goal("database-upgrade", "Upgrade every database", "priya", "noor", "platform", upgrade)
    for offset, goal, title, hours, due in (
        (-18, "revenue-extract", "Ad-hoc revenue extract for the board", 12, 9),
        (-11, "regulator-export", "Audit export for the regulator", 20, 16),
        (-5, "retention-sweep", "Retention sweep of old accounts", 22, 20),
    ):
        who = {"title": title, "owner": "priya", "sponsor": "viktor", "team": "platform", "imposed": True}
        why = reason("new_need", "yes to all of it, and this one as well")
        asked = act_row(goal, "viktor", "request", **who, terms=terms_of(today, title, offset, due, hours), reason=why)
        yield TimedRow(day_of(today, offset), 580, asked)
        yield TimedRow(day_of(today, offset + 1), 620, act_row(goal, "priya", "promise"))
    needs = [{"text": "which of the extras can wait?", "addressee": "noor"}]
    doubt = "three extras this month, each small, together half of my weeks: I doubt the date"
    for offset, progress, confidence, note, more in (
        (-28, "0.2", "0.8", "first shard copies cleanly", {}),
        (-14, "0.35", "0.75", "cutover plan written", {}),
        (-3, "0.4", "0.45", doubt, {"needs": needs}),
    ):
        said = {"note": note, "progress": progress, "confidence": confidence, **more}
        yield TimedRow(day_of(today, offset), 630, act_row("shard-orders", "priya", "check_in", **said))


def _parent_change(today: date) -> Iterator[TimedRow]:
    """Checkout's outcome became harder and later; of its four tasks only Ana's was affirmed since."""
    measure = {"kind": "number", "unit": "ms", "baseline": "900", "target": "300"}
    serves = {"supports": [{"purpose": "checkout"}]}
    outcome = terms_of(
        today, "The checkout answers within 300 ms", -70, 45, None, kind="outcome", measure=measure, **serves
    )
    yield from agree_on_goal("fast-checkout", "A checkout that feels instant", "tomas", "viktor", "checkout", outcome)
    for owner, goal, title, hours in (
        ("ana", "trim-scripts", "Trim what the page loads", 50),
        ("bea", "cache-prices", "Cache prices at the edge", 40),
        ("chen", "one-query", "One query instead of eleven", 60),
        ("dario", "measure-real-users", "Measure what customers feel", 36),
    ):
        terms = terms_of(today, title, -60, 30, hours, supports=[{"goal": "fast-checkout"}])
        yield from agree_on_goal(goal, title, owner, "tomas", "checkout", terms)
        # Bea is away when the last round of check-ins comes.
        for turn, offset in enumerate((-48, -35, -21) if owner == "bea" else (-48, -35, -21, -8)):
            said = {"note": "on the way", "progress": f"0.{2 * turn + 1}", "confidence": "0.8"}
            yield TimedRow(day_of(today, offset), 700, act_row(goal, owner, "check_in", **said))
    changes = {"measure": measure | {"target": "200"}, "due": day_of(today, 75).isoformat()}
    why = reason("new_information", "the competitor's checkout answers in 220 ms; 300 would not be felt")
    yield TimedRow(
        day_of(today, -26), 800, act_row("fast-checkout", "tomas", "propose_change", changes=changes, reason=why)
    )
    yield TimedRow(day_of(today, -25), 560, act_row("fast-checkout", "viktor", "accept_change"))
    affirmed = act_row("trim-scripts", "ana", "affirm_link", supports=[{"goal": "fast-checkout"}])
    yield TimedRow(day_of(today, -24), 600, affirmed)


def _good_renegotiation(today: date) -> Iterator[TimedRow]:
    """Lena met a blocker, said so, proposed three weeks ahead and named what gives; Ines agreed the next day."""
    restyle = terms_of(today, "Dashboards follow the new style", -50, 10, 30, priority="useful")
    yield from agree_on_goal("restyle-dashboards", "Restyle the dashboards", "lena", "ines", "data", restyle)
    report = terms_of(today, "Settlement closes on day one of the month", -55, -2, 80, priority="critical")
    yield from agree_on_goal("settlement-report", "Rebuild the settlement report", "lena", "ines", "data", report)
    blocked = {"text": "the bank's new interface is three weeks late", "type": "vendor", "acts_next": "ines"}
    said = {"note": "half of the ledgers reconcile", "progress": "0.45", "confidence": "0.7"}
    yield TimedRow(day_of(today, -30), 640, act_row("settlement-report", "lena", "check_in", **said))
    yield TimedRow(day_of(today, -27), 600, act_row("settlement-report", "lena", "raise_blocker", blocker=blocked))
    later = {
        "changes": {"due": day_of(today, 19).isoformat(), "effort_hours": 100},
        "reason": reason("dependency_slipped", "the bank's interface comes three weeks late and adds a second format"),
        "trigger": "blocker",
        "trade_offs": [{"kind": "defer", "goal": "restyle-dashboards"}],
    }
    yield TimedRow(day_of(today, -24), 610, act_row("settlement-report", "lena", "propose_change", **later))
    yield TimedRow(day_of(today, -23), 560, act_row("settlement-report", "ines", "accept_change"))
    gives = {
        "changes": {"due": day_of(today, 52).isoformat(), "start": day_of(today, 20).isoformat()},
        "reason": reason("dependency_slipped", "makes room for the settlement report, which cannot wait"),
        "trade_offs": [{"kind": "defer", "for": "settlement-report"}],
    }
    yield TimedRow(day_of(today, -23), 600, act_row("restyle-dashboards", "lena", "propose_change", **gives))
    yield TimedRow(day_of(today, -22), 560, act_row("restyle-dashboards", "ines", "accept_change"))
    on = {"note": "the new interface is here; both formats parse", "progress": "0.7", "confidence": "0.85"}
    yield TimedRow(day_of(today, -6), 640, act_row("settlement-report", "lena", "check_in", blockers=[], **on))


def _silent_goal(today: date) -> Iterator[TimedRow]:
    """Omar's goal looks fine on paper, and nobody has said a word about it for seven weeks."""
    terms = terms_of(today, "Alerts reach the person who can act", -63, 24, 45)
    yield from agree_on_goal("alert-routing", "Route alerts to who can act", "omar", "noor", "platform", terms)
    said = {"note": "all good", "progress": "0.3", "confidence": "0.9"}
    yield TimedRow(day_of(today, -49), 640, act_row("alert-routing", "omar", "check_in", **said))
    self_set = terms_of(today, "Find a slow path without guessing", -20, 40, 16, priority="useful")
    why = reason("better_idea", "profiling beats guessing; an hour a week")
    who = {"title": "Learn to profile in production", "owner": "mika", "sponsor": "mika", "team": "platform"}
    yield TimedRow(
        day_of(today, -20), 640, act_row("learn-profiling", "mika", "offer", **who, terms=self_set, reason=why)
    )
