"""What all of it is for: the organisation's charter, its revised purpose, and needs that were answered or were not.

The purpose changed three weeks ago. Data looked at its goal and affirmed it; Platform renegotiated; of Mika's status
page nobody has said yet whether it still serves. Viktor answered what Samir asked; Omar has not answered Jonas.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.seed.people import MEMBERS, STEWARD, Row, TimedRow, act_row, agree_on_goal, day_of, reason, terms_of

_CHARTER = {"charter": "organisation"}
_SUPPORTS_FIELD = {"supports": [{"purpose": "organisation"}]}

NON_NEGOTIABLES = {
    "bad-news-first": "Bad news travels first: whoever sees a promise at risk says so the same day",
    "customer-data": "No customer's data leaves production, not even for a test",
    "answers": "A request gets an answer within five working days, be it no",
}


def framework_rows(today: date) -> Iterator[TimedRow]:
    """The organisation's own charter, and what became of the goals that serve it."""
    yield from _charter(today)
    yield from _purpose_revision(today)
    yield from _affirmations(today)
    yield from _needs(today)
    yield from _decisions(today)
    yield from _experiments(today)
    yield from _recognitions(today)


def _at(today: date, offset: int, minute: int, by: str, do: str, **fields: Any) -> TimedRow:
    row: Row = {"by": by, "do": do, **fields}
    return TimedRow(day_of(today, offset), minute, row)


def _charter(today: date) -> Iterator[TimedRow]:
    words = {
        "text": "Small shops sell as easily as big ones",
        "to_team": "we see shops open that could not before",
        "to_clients": "they sell tonight, without a programmer",
        "to_organisation": "shops that grow stay with us",
        "to_society": "high streets that live",
    }
    until = day_of(today, -690).isoformat()
    yield _at(today, -700, 600, STEWARD, "purpose.propose", **_CHARTER, ref="first", until=until, **words)
    yield _at(today, -689, 600, STEWARD, "purpose.adopt", **_CHARTER)
    for minute, (name, text) in enumerate(NON_NEGOTIABLES.items()):
        yield _at(
            today, -688, 600 + minute, STEWARD, "non_negotiable.adopt", **_CHARTER, non_negotiable=name, text=text
        )
    yield _at(today, -687, 600, STEWARD, "charter.put_in_force", **_CHARTER)
    for minute, who in enumerate((STEWARD, *MEMBERS)):
        for step, name in enumerate(NON_NEGOTIABLES):
            read = {"non_negotiable": name, "version": 1}
            yield _at(today, -685, 480 + 10 * minute + step, who, "member.acknowledge", **_CHARTER, **read)
    allhands = {"ritual": "all-hands", "name": "All hands", "mode": "sync", "cadence_days": 91, "minutes": 90}
    yield _at(today, -686, 600, STEWARD, "ritual.set", **_CHARTER, **allhands)


def _purpose_revision(today: date) -> Iterator[TimedRow]:
    words = {
        "text": "Small shops sell, and are paid the next morning",
        "to_team": "we see what a day without waiting is worth",
        "to_clients": "their money is theirs the next morning",
        "to_organisation": "shops that are paid on time stay with us",
        "to_society": "high streets that live",
    }
    why = reason("new_information", "of the shops that left us, two in three left over slow payouts, not over selling")
    until = day_of(today, -24).isoformat()
    yield _at(today, -34, 600, "viktor", "purpose.propose", **_CHARTER, ref="paid", until=until, reason=why, **words)
    yield _at(today, -23, 600, STEWARD, "purpose.adopt", **_CHARTER)


def _affirmations(today: date) -> Iterator[TimedRow]:
    figures = terms_of(today, "Shops see their own figures, every morning", -60, 40, 48, **_SUPPORTS_FIELD)
    yield from agree_on_goal("open-figures", "Open the figures to the shops", "samir", "ines", "data", figures)
    payouts = terms_of(today, "Payouts leave by six in the morning", -62, 34, 44, **_SUPPORTS_FIELD)
    yield from agree_on_goal("night-batch", "Move payouts into the night", "jonas", "noor", "platform", payouts)
    status = terms_of(today, "Shops see at one place what does not work", -58, 38, 24, **_SUPPORTS_FIELD)
    yield from agree_on_goal("status-page", "A status page for shops", "mika", "noor", "platform", status)
    serves = {"supports": [{"purpose": "organisation"}]}
    yield TimedRow(day_of(today, -20), 600, act_row("open-figures", "samir", "affirm_link", **serves))
    changes = {"outcome": "Payouts leave by four: the money is there before the shops open"}
    why = reason(
        "purpose_changed", "six in the morning was for selling; the new purpose is to be paid the next morning"
    )
    proposed = act_row("night-batch", "jonas", "propose_change", changes=changes, trigger="purpose", reason=why)
    yield TimedRow(day_of(today, -19), 640, proposed)
    yield TimedRow(day_of(today, -18), 560, act_row("night-batch", "noor", "accept_change"))
    for goal, owner, offset, progress in (("open-figures", "samir", -10, "0.5"), ("status-page", "mika", -9, "0.4")):
        said = {"note": "on the way", "progress": progress, "confidence": "0.8"}
        yield TimedRow(day_of(today, offset), 630, act_row(goal, owner, "check_in", **said))


def _needs(today: date) -> Iterator[TimedRow]:
    asked = [{"text": "three shops that would try it", "addressee": "viktor", "answer_by": _iso(today, -18)}]
    said = {"note": "the first page works", "progress": "0.3", "confidence": "0.7", "needs": asked}
    yield TimedRow(day_of(today, -25), 630, act_row("open-figures", "samir", "check_in", **said))
    answer = {"text": "Blom, Ferrari and the bakery by the station; I told them"}
    yield TimedRow(day_of(today, -22), 700, act_row("open-figures", "viktor", "answer_need", **answer))
    asked = [{"text": "who may restart the payout host at night?", "addressee": "omar", "answer_by": _iso(today, -9)}]
    said = {"note": "two of three banks move", "progress": "0.5", "confidence": "0.7", "needs": asked}
    yield TimedRow(day_of(today, -15), 630, act_row("night-batch", "jonas", "check_in", **said))


def _decisions(today: date) -> Iterator[TimedRow]:
    """One that its time-box ended, without consent; and one that runs, about Priya's extras."""
    moved = {
        "decision": "dashboards-home",
        "team": "data",
        "question": "Do all dashboards move into the new tool this year?",
        "options": [{"id": "move", "text": "All of them, by the end of the year"}, {"id": "stay", "text": "Not yet"}],
        "status_quo": "stay",
        "deciders": ["ines", "lena", "samir", "yuki"],
        "deadline": f"{_iso(today, -10)}T12:00:00Z",
        "fallback": {"rule": "status_quo"},
    }
    yield _at(today, -20, 600, "yuki", "decision.open", **moved)
    doubt = {"option": "move", "text": "the settlement report cannot lose a night to a move in December"}
    yield _at(today, -17, 640, "lena", "decision.raise_objection", decision="dashboards-home", **doubt)
    for minute, who in enumerate(("yuki", "samir")):
        yield _at(today, -16, 600 + minute, who, "decision.consent", decision="dashboards-home", option="move")
    yield _at(today, -9, 600, "ines", "decision.set_review", decision="dashboards-home", on=_iso(today, 60))
    waits = {
        "decision": "which-can-wait",
        "team": "platform",
        "question": "Which of Priya's three extras can wait until her two promises are kept?",
        "options": [
            {"id": "sweep", "text": "The retention sweep and the export for the regulator"},
            {"id": "all", "text": "All three"},
            {"id": "none", "text": "None of them"},
        ],
        "status_quo": "none",
        "deciders": ["noor", "priya", "viktor"],
        "deadline": f"{_iso(today, 4)}T12:00:00Z",
        "fallback": {"rule": "lead_decides"},
    }
    yield _at(today, -2, 600, "noor", "decision.open", **waits)
    view = {"text": "the board can do with last month's extract", "option": "all"}
    yield _at(today, -2, 700, "viktor", "decision.share_perspective", decision="which-can-wait", **view)
    yield _at(today, -1, 600, "priya", "decision.consent", decision="which-can-wait", option="all")


def _experiments(today: date) -> Iterator[TimedRow]:
    """One that was kept, one that runs and was looked at once, and one that Yuki is to look at today."""
    written = {"experiment": "standup-in-writing", "team": "checkout", "tension": "meeting_fatigue"}
    what = {"hypothesis": "A stand-up in writing tells us the same", "measure": "minutes together a week"}
    day = {"review_on": _iso(today, -58)}
    yield _at(today, -86, 600, "tomas", "experiment.propose", **written, **what, **day)
    found = {"finding": "forty minutes a week less, and nothing was missed"}
    yield _at(today, -58, 600, "tomas", "experiment.review", experiment="standup-in-writing", **found)
    came = {"outcome": "it stays in writing; on Mondays we talk"}
    yield _at(today, -57, 600, "tomas", "experiment.keep", experiment="standup-in-writing", **came)
    friday = {"experiment": "a-line-on-fridays", "team": "platform", "tension": "silent_drift", "owner": "omar"}
    what = {"hypothesis": "A line on Fridays is enough to know", "measure": "stale share of Platform's goals"}
    day = {"review_on": _iso(today, -11)}
    yield _at(today, -40, 600, "noor", "experiment.propose", **friday, **what, **day)
    yield _at(today, -39, 600, "omar", "experiment.agree", experiment="a-line-on-fridays")
    found = {"finding": "two of five goals still went quiet: Fridays are full", "next": _iso(today, 17)}
    yield _at(today, -11, 600, "noor", "experiment.review", experiment="a-line-on-fridays", **found)
    sooner = {"experiment": "silence-for-a-week", "team": "data", "tension": "slow_consensus", "owner": "yuki"}
    what = {"hypothesis": "Who sees no harm within a week consents", "measure": "decisions within their time-box"}
    yield _at(today, -30, 600, "ines", "experiment.propose", **sooner, **what, review_on=_iso(today, 0))
    yield _at(today, -29, 600, "yuki", "experiment.agree", experiment="silence-for-a-week")


def _recognitions(today: date) -> Iterator[TimedRow]:
    """Checkout says what it owes to whom; that Viktor helped Samir has not been said by anyone."""
    given = (
        (
            -30,
            "tomas",
            "bea",
            {"goal": "fast-checkout"},
            "Bea asked what customers notice before we asked what is slow.",
        ),
        (-18, "ana", "chen", {"goal": "one-query"}, "Chen sat with me until I saw why eleven queries were one."),
        (-5, "ines", "lena", {"goal": "settlement-report"}, "Lena said three weeks ahead that the bank would be late."),
    )
    for turn, (offset, by, member, occasion, text) in enumerate(given):
        said = {"member": member, "kind": "relationship", "text": text, **occasion}
        yield _at(today, offset, 720, by, "recognition.give", recognition=f"thanks-{turn + 1}", **said)
    kept = {
        "member": "dario",
        "kind": "result",
        "text": "Two goals kept while the carts doubled.",
        "cycle": "checkout-last",
    }
    yield _at(today, -20, 730, "tomas", "recognition.give", recognition="thanks-4", **kept)
    better = {"text": "Two goals kept in the quarter in which the carts doubled."}
    yield _at(today, -19, 730, "tomas", "recognition.correct", recognition="thanks-4", **better)


def _iso(today: date, offset: int) -> str:
    return day_of(today, offset).isoformat()
