"""given / when / then: what was said, what somebody says now, and what the domain makes of it.

A `Story` (tests/story.py) runs many acts; `given(...)` is the short form for one:

    given(says("ana", offer())).when(Accept(), by="sam").then(like(GoalAccepted, promises_back=""))
    given(says("ana", offer())).when(Accept(), by="ben").refused_with(NotAParty)

The cast: `lea` leads team `core` (and nobody else), `ana`, `ben`, `sam` and `mia` are its members, `stella` is a
steward. Everybody is known by that reference; `story.id("ana")` is the id. Times are UTC: a datetime, or text such as
"2026-03-02" (09:00 that day) or "2026-03-02T17:30". Without a time an act comes one minute after the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import zip_longest
from typing import Any, Self

import msgspec

from domain.envelope import Event, RecordedEvent
from domain.errors import Refusal
from domain.goal.acts import Offer, Request
from domain.reasons import Reason, ReasonCode
from domain.terms import MeasureInput, SupportInput, TermsInput
from tests.story import Act, Story, When, instant

__all__ = [
    "Act",
    "HistoryAct",
    "Like",
    "Scenario",
    "Story",
    "given",
    "instant",
    "like",
    "offer",
    "request",
    "says",
    "terms",
    "why",
]


# --- given / when / then ---------------------------------------------------------------------------------------------


class HistoryAct(msgspec.Struct, frozen=True):
    """One act of the history that a test begins with; see `says`."""

    by: str
    act: Any
    how: dict[str, Any]


def says(by: str, act: Act, **how: Any) -> HistoryAct:
    """An act for `given`; keywords as `Story.says`."""
    return HistoryAct(by, act, how)


def like(event: type[Event], **fields: Any) -> Like:
    """Matches an event of this type whose named fields have these values; the others may be anything."""
    return Like(event, fields)


class Like(msgspec.Struct, frozen=True):
    """See `like`."""

    event: type[Event]
    fields: dict[str, Any]

    def matches(self, actual: Any) -> bool:
        """Whether the event is of this type with these values."""
        return type(actual) is self.event and all(getattr(actual, k) == v for k, v in self.fields.items())


class Scenario:
    """A story so far, the last thing said in it, and what came of that."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.recorded: list[RecordedEvent] = []
        self.refusal: Refusal | None = None

    @property
    def event(self) -> Any:
        """What the last event says that was recorded by what somebody said last."""
        return self.recorded[-1].data

    @property
    def state(self) -> Any:
        """The state of the goal "goal"."""
        return self.story.state()

    def when(self, act: Act, *, by: str, **how: Any) -> Self:
        """Somebody says this; keywords as `Story.says`."""
        self.recorded, self.refusal = [], None
        try:
            self.recorded = self.story.says(by, act, **how)
        except Refusal as refusal:
            self.refusal = refusal
        return self

    def when_time_passes(self, until: When) -> Self:
        """Nobody says anything; the timers run."""
        self.refusal = None
        self.recorded = self.story.sweep(until)
        return self

    def then(self, *expected: Event | type[Event] | Like) -> Self:
        """Exactly these events were recorded, timers before the act included: as data, by type, or `like`."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal.code}: {self.refusal.detail}") from self.refusal
        actual = [r.data for r in self.recorded]
        shown = [_normalise(e, a) for e, a in zip_longest(expected, actual)]
        if list(expected) != shown:
            raise AssertionError("expected\n  " + _lines(expected) + "\nactual\n  " + _lines(actual))
        return self

    def then_state(self, **fields: Any) -> Self:
        """The goal "goal" has these values now."""
        actual = {name: getattr(self.state, name) for name in fields}
        if fields != actual:
            raise AssertionError(f"expected {fields}\nactual   {actual}")
        return self

    def refused_with(self, error: type[Refusal], **fields: Any) -> Self:
        """The act was refused by this rule (with this `pointer`, `allowed`, `open_event`) and nothing stayed."""
        if type(self.refusal) is not error:
            what = self.refusal if self.refusal is not None else _lines([r.data for r in self.recorded])
            raise AssertionError(f"expected {error.__name__}\nactual   {type(self.refusal).__name__}: {what}")
        actual = {name: getattr(self.refusal, name) for name in fields}
        if fields != actual:
            raise AssertionError(f"expected {fields}\nactual   {actual}")
        return self


def given(*history: HistoryAct | Event, story: Story | None = None) -> Scenario:
    """A story that begins with these acts (`says`), or events put into the log undecided, on the goal "goal"."""
    story = story or Story()
    for item in history:
        if isinstance(item, HistoryAct):
            story.says(item.by, item.act, **item.how)
        else:
            story.record_event(item)
    return Scenario(story)


def _normalise(expected: object, actual: object) -> object:
    if isinstance(expected, type):
        return type(actual)
    if isinstance(expected, Like) and expected.matches(actual):
        return expected
    return actual


def _lines(items: Sequence[object]) -> str:
    return "\n  ".join(map(repr, items)) or "nothing"


# --- what people usually say -----------------------------------------------------------------------------------------


def why(code: str = "new_information", text: str = "we know more than we did") -> Reason:
    """A reason with words."""
    return Reason(code=ReasonCode(code), text=text)


def terms(**fields: Any) -> TermsInput:
    """Complete terms of a small goal, 2026-03-02 to 2026-03-27; name what differs. `supports`: goal references."""
    supports = fields.pop("supports", [])
    written: dict[str, Any] = {
        "outcome": "The report is read",
        "measure": MeasureInput(kind="binary"),
        "conditions": ["It is published"],
        "start": date(2026, 3, 2),
        "due": date(2026, 3, 27),
        "supports": [SupportInput(goal=s) if isinstance(s, str) else s for s in supports],
    }
    return TermsInput(**{**written, **fields})


def offer(owner: str = "ana", sponsor: str = "sam", **fields: Any) -> Offer:
    """The owner offers `terms(**fields)` to the sponsor."""
    return Offer(title="A goal", owner=owner, sponsor=sponsor, team="core", terms=terms(**fields), reason=why())


def request(owner: str = "ana", sponsor: str = "sam", *, imposed: bool = False, **fields: Any) -> Request:
    """The sponsor asks the owner for `terms(**fields)`."""
    return Request(
        title="A goal", owner=owner, sponsor=sponsor, team="core", terms=terms(**fields), reason=why(), imposed=imposed
    )
