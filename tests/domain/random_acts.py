"""Acts as somebody might say them: mostly sensible, now and then missing a reason, a day or a person.

Drawn from one seed each (`random.Random`), not field by field: a long story stays cheap to tell and to shorten.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

from domain.goal import acts as a
from domain.goal.state import Promised, statements_of
from domain.reasons import Reason, ReasonCode
from domain.terms import GoalKind, MeasureInput, Priority, SupportInput, TermsInput
from tests.story import Story

GOALS = ("g1", "g2", "g3")
PEOPLE = ("ana", "ben", "sam", "mia", "lea", "stella")

SIDES: tuple[a.RoleInGoal, ...] = ("owner", "sponsor")
T = TypeVar("T")

MEASURES = (
    MeasureInput(kind="binary"),
    MeasureInput(kind="number", baseline=0, target=10),
    MeasureInput(kind="number", baseline=5, target="12.5"),
    MeasureInput(kind="range", low=1, high=2),
)
TRADE_OFFS: tuple[Any, ...] = ("drop", "defer", "rescope", "hand_over", "pause", "capacity")


class ActGenerator:
    """One person about to say one act about one goal, as it stands."""

    def __init__(self, seed: int, story: Story, goal: str, by: str) -> None:
        self.random = Random(seed)
        self.story, self.goal, self.by = story, goal, by
        self.state = story.state(goal)

    def generate(self, name: str) -> Any:
        """The act of this name."""
        fields: dict[str, Any] = getattr(self, f"_{name}", dict)()
        reason = Reason(code=ReasonCode.CAPACITY, text="too much at once")
        if self.rarely():
            reason = Reason(code=self.one(*ReasonCode), text=self.one("", "briefly", "because of what we learnt today"))
        told = None if self.rarely() else reason
        said_as: a.RoleInGoal | None = self.one(*SIDES) if self.rarely(30) else None
        return a.ACTS[name](**fields, reason=told, as_=said_as)

    # --- chance -------------------------------------------------------------------------------------------------

    def one(self, *values: T) -> T:
        return self.random.choice(values)

    def rarely(self, out_of: int = 15) -> bool:
        return self.random.randrange(out_of) == 0

    def maybe(self, value: T) -> T | None:
        return value if self.random.random() < 0.5 else None

    def day(self, low: int, high: int) -> date:
        return self.story.now.date() + timedelta(days=self.random.randint(low, high))

    def note(self) -> str:
        return "" if self.rarely() else self.one("a word", "another word")

    def person(self) -> str:
        return self.one(*PEOPLE)

    def share(self) -> str:
        return "1.5" if self.rarely(30) else self.one("0", "0.3", "0.5", "0.75", "1")

    def other_goal(self) -> str:
        """Mostly another goal that is there."""
        known = [g for g in GOALS if g != self.goal and self.story.state(g) is not None]
        return self.one(*GOALS) if not known or self.rarely() else self.one(*known)

    # --- parts --------------------------------------------------------------------------------------------------

    def effort(self) -> Any:
        return self.one(0, 8, 20, 40, 80, 200)

    def supports(self) -> list[SupportInput]:
        known = any(g != self.goal and self.story.state(g) is not None for g in GOALS)
        return [SupportInput(goal=self.other_goal())] if known and self.random.random() < 0.6 else []

    def conditions(self) -> list[Any]:
        return self.random.sample(["it works", "it is read", "it is liked"], self.random.randint(1, 3))

    def trade_offs(self) -> list[a.TradeOffInput]:
        if self.random.random() < 0.5:
            return []
        return [a.TradeOffInput(kind=self.one(*TRADE_OFFS), goal=self.other_goal())]

    def overload_fields(self) -> dict[str, Any]:
        return {"trade_offs": self.trade_offs(), "accept_overload": self.one(True, False)}

    def terms(self) -> TermsInput:
        return TermsInput(
            outcome=self.maybe("it is done"),
            measure=self.maybe(self.one(*MEASURES)),
            conditions=self.conditions(),
            start=self.maybe(self.day(-3, 7)),
            due=self.day(8, 60),
            kind=GoalKind.OUTCOME if self.rarely() else None,
            effort_hours=self.maybe(self.effort()),
            priority=self.maybe(self.one(*Priority)),
            supports=self.supports(),
        )

    def changes(self) -> a.Changes:
        fields: dict[str, Any] = {
            "due": self.day(-1, 90),
            "start": self.day(-3, 30),
            "effort_hours": self.effort(),
            "priority": self.one(*Priority),
            "measure": self.one(*MEASURES),
            "conditions": self.conditions(),
            "supports": self.supports(),
            "owner": self.person(),
            "sponsor": self.person(),
            "pause": a.Pause(paused_from=self.day(-2, 5), resume_on=self.day(2, 30)),
            "outcome": "it is done well",
        }
        chosen = self.random.sample(sorted(fields), self.random.randint(1, 2))
        return a.Changes(**{name: fields[name] for name in chosen})

    def opening_fields(self, side: str) -> dict[str, Any]:
        """The speaker mostly takes the role that the act implies."""
        mine = self.person() if self.rarely() else self.by
        return {
            "title": self.one("A goal", "Another", "A third"),
            **({"owner": self.person(), "sponsor": self.person()} | {side: mine}),
            "team": self.one("core", "core", None),
            "terms": self.terms(),
            "follow_up_of": self.other_goal() if self.rarely() else None,
        }

    def blocker(self) -> a.BlockerInput:
        return a.BlockerInput(text=self.note(), acts_next=self.maybe(self.person()))

    def promised_state(self) -> Promised | None:
        return self.state if isinstance(self.state, Promised) else None

    def link_fields(self) -> dict[str, Any]:
        have = [str(x.support.goal) for x in self.state.links if x.support.goal] if self.promised_state() else []
        return {"supports": [SupportInput(goal=self.one(*(have or [self.other_goal()])))]}

    def condition(self) -> str:
        have = [c.id for c in self.state.terms.conditions] if self.promised_state() else []
        return self.one(*(have or ["c9"])) if not self.rarely() else "c9"

    # --- acts that say more than their name -----------------------------------------------------------------------

    def _draft(self) -> dict[str, Any]:
        return self.opening_fields(self.one("owner", "sponsor"))

    def _revise_draft(self) -> dict[str, Any]:
        return {**self._draft(), "owner": None, "sponsor": None}

    def _request(self) -> dict[str, Any]:
        return {**self.opening_fields("sponsor"), **self.overload_fields(), "imposed": self.one(True, False)}

    def _offer(self) -> dict[str, Any]:
        return {**self.opening_fields("owner"), "trade_offs": self.trade_offs()}

    def _promise(self) -> dict[str, Any]:
        return {"trade_offs": self.trade_offs()}

    _accept_change = _cancel = _release = _promise

    def _counter(self) -> dict[str, Any]:
        return {"terms": self.terms(), **self.overload_fields()}

    def _propose_change(self) -> dict[str, Any]:
        return {"changes": self.changes(), **self.overload_fields()}

    _counter_change = _propose_change

    def _withdraw_promise(self) -> dict[str, Any]:
        return {"mitigation": self.note(), "trade_offs": self.trade_offs()}

    def _defer_answer(self) -> dict[str, Any]:
        return {"answer_by": self.day(-1, 16)}

    def _clarify(self) -> dict[str, Any]:
        return {"text": self.note()}

    _feedback = _choose_approach = _clarify

    def _check_in(self) -> dict[str, Any]:
        need = a.NeedInput(text=self.note(), addressee=self.maybe(self.person()), answer_by=self.maybe(self.day(0, 10)))
        return {
            "note": self.note(),
            "progress": self.maybe(self.share()),
            "confidence": self.maybe(self.share()),
            "value": self.maybe(self.one("0", "12", "-3.5", "100")),
            "blockers": self.maybe([self.blocker()] if self.random.random() < 0.5 else []),
            "needs": [need] if self.random.random() < 0.3 else [],
            "ideas": [self.note()] if self.rarely(3) else [],
        }

    def _raise_blocker(self) -> dict[str, Any]:
        return {"blocker": self.blocker()}

    def _resolve_blocker(self) -> dict[str, Any]:
        have = [str(b.id) for b in self.state.blockers] if self.promised_state() else []
        return {"blocker": self.one(*(have or ["no such blocker"])), "resolution": self.note()}

    def _answer_need(self) -> dict[str, Any]:
        have = [f"{n.check_in}/{n.index}" for n in self.state.needs] if self.promised_state() else []
        return {"need": self.one(*(have or ["no such need"])), "text": self.note()}

    def _record_value(self) -> dict[str, Any]:
        return {"value": self.one("0", "12", "-3.5", "100"), "corrects": self._statement() if self.rarely() else None}

    def _take_back(self) -> dict[str, Any]:
        return {"corrects": self._statement()}

    def _statement(self) -> str:
        have = [str(s.event_id) for s in statements_of(self.state).recent] if self.promised_state() else []
        return self.one(*(have or ["nothing of that kind"]))

    def _declare_complete(self) -> dict[str, Any]:
        return {"evidence": [a.EvidenceInput(condition=self.condition(), text="see")] if self.rarely(2) else []}

    def _declare_satisfied(self) -> dict[str, Any]:
        return {
            "verdicts": [a.VerdictInput(condition=self.condition(), met=not self.rarely())] if self.rarely(2) else []
        }

    def _reject_delivery(self) -> dict[str, Any]:
        return {"condition": self.condition(), "rework_by": self.day(-1, 20)}

    def _dispute(self) -> dict[str, Any]:
        return {"mediator": self.person(), "decide_by": self.day(-1, 20)}

    def _reassign_sponsor(self) -> dict[str, Any]:
        return {"sponsor": self.person()}

    def _retitle(self) -> dict[str, Any]:
        return {"title": self.maybe("Renamed")}

    def _affirm_link(self) -> dict[str, Any]:
        return self.link_fields()

    _unlink = _affirm_link
