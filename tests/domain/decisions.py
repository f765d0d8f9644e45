"""A decision of team core as most tests begin: ana asks, ana and ben decide until Friday, else things stay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.decision import acts as a
from domain.decision.events import Fallback
from domain.decision.state import Decision
from tests.spec import HistoryAct, Story, says

#: Monday 2026-01-12, 09:00 UTC; the time-box ends on Friday noon.
ASKED_AT = "2026-01-12"
DEADLINE = datetime(2026, 1, 16, 12, tzinfo=UTC)
LATER = "2026-01-16T15:00"

STATUS_QUO = Fallback(rule="status_quo")
LEAD_DECIDES = Fallback(rule="lead_decides")


def question(**fields: Any) -> a.Open:
    """Ask; name what differs."""
    written: dict[str, Any] = {
        "question": "How do we hand over on-call?",
        "options": ["In a call each Monday", "As we do now"],
        "deciders": ["ana", "ben"],
        "deadline": DEADLINE,
        "fallback": STATUS_QUO,
        "team": "core",
        "status_quo": "o2",
    }
    return a.Open(**{**written, **fields})


def ask_question(by: str = "ana", **fields: Any) -> HistoryAct:
    """The question was asked on Monday morning."""
    return says(by, question(**fields), at=ASKED_AT)


def objection(text: str = "I am away on Mondays", option: str = "o1") -> a.RaiseObjection:
    return a.RaiseObjection(option=option, text=text)


def consent(option: str = "o1") -> a.Consent:
    return a.Consent(option=option)


def decision(story: Story, ref: str = "decision") -> Decision:
    """The decision as it stands."""
    state = story.state(ref, "decision")
    assert isinstance(state, Decision)
    return state
