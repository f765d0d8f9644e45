"""Checkout's framework and its last quarter: a charter made together, a breach and its repair, a cycle with its end.

Its purpose was adopted by a decision in which Dario's objection changed what was decided. He has not acknowledged the
expectation that was worded anew since. Of the quarter's goals two were kept, one renegotiated, one dropped, the others
carried on; two improvements came along into the quarter that runs, one of them overdue.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from services.seed.people import MEMBERS, Row, TimedRow, act_row, day_of, reason

_CHARTER = {"charter": "checkout"}
TEAM = tuple(ref for ref, (_, team, _) in MEMBERS.items() if team == "checkout")
LEAD = "tomas"

PURPOSE = {
    "text": "Paying is the part of shopping that nobody remembers",
    "to_team": "we see carts become parcels",
    "to_clients": "nobody is asked twice, nobody pays twice",
    "to_organisation": "every cart that is not left behind is a sale",
}
NON_NEGOTIABLES = {
    "never-twice": "Nobody pays twice, whatever else breaks",
    "tested": "Nothing goes live that was not tested as a customer",
    "answered": "A complaint about money is answered within two days",
    "say-early": "Whoever doubts a date says so that day",
}
#: The goals of the story of the changed parent, with their dispositions at the quarter's end.
CARRIED = ("trim-scripts", "cache-prices", "one-query", "measure-real-users")


def quarter_rows(today: date) -> Iterator[TimedRow]:
    """From the charter's first proposal to the cycle that runs."""
    yield from _charter_by_decision(today)
    yield from _in_force(today)
    yield from _breach(today)
    yield from _cycle(today)
    yield from _reflections(today)
    yield from _next(today)


def _at(today: date, offset: int, minute: int, by: str, do: str, **fields: Any) -> TimedRow:
    row: Row = {"by": by, "do": do, **fields}
    return TimedRow(day_of(today, offset), minute, row)


def _iso(today: date, offset: int) -> str:
    return day_of(today, offset).isoformat()


def _charter_by_decision(today: date) -> Iterator[TimedRow]:
    asked = {"decision": "checkout-purpose"}
    until = _iso(today, -130)
    yield _at(today, -150, 600, "ana", "purpose.propose", **_CHARTER, ref="unremembered", until=until, **PURPOSE)
    opened = {
        **asked,
        "team": "checkout",
        "question": "Is this what Checkout is for?",
        "about": {"proposal": "unremembered"},
        "options": [{"id": "adopt", "text": PURPOSE["text"]}, {"id": "as-is", "text": "No purpose in writing"}],
        "status_quo": "as-is",
        "deciders": list(TEAM),
        "deadline": datetime.combine(day_of(today, -135), time(12)).isoformat() + "Z",
        "fallback": {"rule": "status_quo"},
    }
    yield _at(today, -149, 600, LEAD, "decision.open", **opened)
    view = "nobody thanks us for a payment that worked, and that is fine"
    yield _at(today, -147, 640, "chen", "decision.share_perspective", **asked, text=view)
    doubt = "quick alone rewards cutting corners: the last double charge came from there"
    yield _at(today, -146, 640, "dario", "decision.raise_objection", **asked, option="adopt", text=doubt)
    met = "with a non-negotiable beside it: nobody pays twice, whatever else breaks"
    yield _at(today, -144, 600, LEAD, "decision.integrate_objection", **asked, how=met)
    for minute, who in enumerate(TEAM):
        yield _at(today, -142, 600 + minute, who, "decision.consent", **asked, option="adopt")
    yield _at(today, -140, 600, LEAD, "purpose.adopt", **_CHARTER, proposal="unremembered", decision="checkout-purpose")


def _in_force(today: date) -> Iterator[TimedRow]:
    for minute, (name, text) in enumerate(NON_NEGOTIABLES.items()):
        yield _at(today, -139, 600 + minute, LEAD, "non_negotiable.adopt", **_CHARTER, non_negotiable=name, text=text)
    yield _at(today, -138, 600, LEAD, "charter.put_in_force", **_CHARTER)
    for minute, who in enumerate(TEAM):
        for step, name in enumerate(NON_NEGOTIABLES):
            read = {"non_negotiable": name, "version": 1}
            yield _at(today, -137, 600 + 10 * minute + step, who, "member.acknowledge", **_CHARTER, **read)
    yield _at(
        today,
        -136,
        600,
        LEAD,
        "freedom.grant",
        **_CHARTER,
        freedom="tools",
        purpose_version=1,
        text="Which tools we build it with",
    )
    yield _at(
        today,
        -136,
        601,
        LEAD,
        "freedom.grant",
        **_CHARTER,
        freedom="hours",
        purpose_version=1,
        text="When and where each of us works",
    )
    daily = {"ritual": "daily", "name": "Written standup", "mode": "async", "cadence_days": 1, "minutes": 5}
    weekly = {"ritual": "weekly", "name": "What is stuck", "mode": "sync", "cadence_days": 7, "minutes": 30}
    yield _at(today, -136, 602, LEAD, "ritual.set", **_CHARTER, **daily)
    yield _at(today, -136, 603, LEAD, "ritual.set", **_CHARTER, **weekly)
    why = reason("new_information", "two days are an eternity for somebody whose rent is due")
    anew = {"non_negotiable": "answered", "text": "A complaint about money is answered the same day"}
    yield _at(today, -45, 600, LEAD, "non_negotiable.revise", **_CHARTER, **anew, reason=why)
    for minute, who in enumerate(who for who in TEAM if who != "dario"):
        read = {"non_negotiable": "answered", "version": 2}
        yield _at(today, -43, 600 + minute, who, "member.acknowledge", **_CHARTER, **read)


def _breach(today: date) -> Iterator[TimedRow]:
    seen = "the new price cache went live on a Friday night, untested; eleven shops showed yesterday's prices"
    about = {"goal": "cache-prices"}
    yield _at(
        today,
        -19,
        600,
        "ana",
        "breach.raise",
        **_CHARTER,
        ref="friday",
        non_negotiable="tested",
        about=about,
        text=seen,
    )
    agreed = "nothing goes live after Thursday noon; Bea and Chen test each other's releases as a customer"
    yield _at(today, -15, 660, "bea", "repair.agree", **_CHARTER, breach="friday", text=agreed)


# --- the quarter -------------------------------------------------------------------------------------------------


def _open_cycle_row(today: date, cycle: str, name: str, first: int, last: int, **more: Any) -> Row:
    why = {key: PURPOSE[key] for key in ("to_team", "to_clients", "to_organisation")}
    return {
        "cycle": cycle,
        "team": "checkout",
        "name": name,
        "starts": _iso(today, first),
        "ends": _iso(today, last),
        **why,
        **more,
    }


def _cycle(today: date) -> Iterator[TimedRow]:
    ours = {"cycle": "checkout-last"}
    begun = ["checkout-8-bea", "checkout-8-chen", "checkout-8-dario"]
    opening = _open_cycle_row(today, "checkout-last", "Last quarter", -88, -7, goals=begun)
    yield _at(today, -86, 600, LEAD, "cycle.open", **opening)
    for minute, goal in enumerate(("fast-checkout", *CARRIED)):
        yield _at(today, -57, 600 + minute, LEAD, "cycle.include_goal", **ours, goal=goal)
    for offset, name, text, owner, due in (
        (-60, "friday-demo", "Show what works every second Friday", "ana", -30),
        (-55, "merge-daily", "Merge every day, however small", "dario", -12),
        (-50, "fewer-words", "Halve the length of our tickets", "bea", -20),
    ):
        agreed = {"improvement": name, "text": text, "owner": owner, "due": _iso(today, due)}
        yield _at(today, offset, 720, owner, "cycle.agree_improvement", **ours, **agreed)
    yield _at(today, -31, 720, "ana", "cycle.finish_improvement", **ours, improvement="friday-demo")
    why = reason("better_idea", "short tickets only moved the questions into the chat; templates help more")
    yield _at(today, -22, 720, "bea", "cycle.drop_improvement", **ours, improvement="fewer-words", reason=why)


def _reflections(today: date) -> Iterator[TimedRow]:
    ours = {"cycle": "checkout-last"}
    yield TimedRow(day_of(today, -9), 560, act_row("checkout-8-dario", LEAD, "close_broken", reason=_BROKEN))
    for offset, who, worked, improve in (
        (-9, "ana", "we moved the target in the open, with Viktor at the table", "say earlier who is affected"),
        (-9, "chen", "pairing on the big query", "fewer goals at a time"),
        (-8, "dario", "the measurements settled two old quarrels", "I let one goal fall silent; ask me sooner"),
        (-8, LEAD, "four of us renegotiate without fear now", "decide what gives before saying yes"),
    ):
        said = {"worked": worked, "improve": improve}
        yield _at(today, offset, 700 + TEAM.index(who), who, "cycle.share_reflection", **ours, **said)
    credit = {"goal": "fast-checkout", "member": "chen", "text": "found the query that cost half of the time"}
    yield _at(today, -8, 720, LEAD, "cycle.credit_contribution", **ours, **credit)
    learnt = {
        "goal": "checkout-8-dario",
        "text": "a goal that nobody asks about for three weeks is over: ask or drop it",
    }
    yield _at(today, -8, 721, "dario", "cycle.record_learning", **ours, **learnt)
    felt = "customers feel the slowest step, not the mean"
    yield _at(today, -8, 722, "chen", "cycle.record_learning", **ours, text=felt)
    early = {"improvement": "ask-affected", "text": "Name who is affected in every proposal", "owner": "ana"}
    yield _at(today, -8, 723, "ana", "cycle.agree_improvement", **ours, **early, due=_iso(today, 21))
    for minute, (goal, how) in enumerate(
        (
            ("fast-checkout", "renegotiated"),
            ("checkout-8-dario", "dropped"),
            *((goal, "carried_on") for goal in CARRIED),
        )
    ):
        yield _at(today, -7, 600 + minute, LEAD, "cycle.settle_goal", **ours, goal=goal, how=how)
    yield _at(today, -7, 660, LEAD, "cycle.close", **ours)


_BROKEN = reason("new_information", "nobody had heard of it for weeks; the need found another way")


def _next(today: date) -> Iterator[TimedRow]:
    opening = _open_cycle_row(today, "checkout-now", "This quarter", -6, 84, follows="checkout-last")
    yield _at(today, -6, 600, LEAD, "cycle.open", **opening)
    early = {"improvement": "wip-three", "text": "Three goals at a time, at most", "owner": LEAD}
    yield _at(today, -5, 700, "chen", "cycle.agree_improvement", cycle="checkout-now", **early, due=_iso(today, 30))
