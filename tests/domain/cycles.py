"""A team with a purpose, a cycle of it, and goals in that cycle: what the tests of cycles begin with."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from domain.charter import acts as charter
from domain.cycle import acts as c
from domain.goal import acts as g
from tests.spec import Story, offer

#: Why the work matters, as a cycle restates it.
WHY: dict[str, Any] = {
    "to_team": "we see that it is used",
    "to_clients": "they get their money back in a day",
    "to_organisation": "fewer calls, more trust",
}


def adopt_purpose(story: Story, of: str = "core", *, by: str = "lea", text: str = "Money back, fast") -> None:
    """A purpose proposed, and adopted by who leads once its time-box is over: three days pass."""
    day = story.now.date()
    proposal = story.says(by, charter.ProposePurpose(of=of, text=text, **WHY, until=day), on=of)[-1].event_id
    story.says(by, charter.AdoptPurpose(proposal=str(proposal)), on=of, at=date.fromordinal(day.toordinal() + 3))


def story_with_purpose(*, by: str = "lea", of: str = "core", **story: Any) -> Story:
    """A story in which team `core` (or the organisation) has a purpose."""
    told = Story(**story)
    adopt_purpose(told, of, by=by)
    return told


def open_act(name: str = "Spring", **fields: Any) -> c.Open:
    """Team core opens a cycle for the first quarter."""
    said: dict[str, Any] = {"team": "core", "starts": date(2026, 1, 12), "ends": date(2026, 4, 10), **WHY, **fields}
    return c.Open(name=name, **said)


def promise_goals(story: Story, *goals: str, **fields: Any) -> None:
    """Goals that ana has promised to sam."""
    for goal in goals:
        story.says("ana", offer(**fields), on=goal)
        story.says("sam", g.Accept(), on=goal)


def story_with_cycle(*goals: str, story: Story | None = None, **fields: Any) -> Story:
    """A cycle "cycle" with these goals, promised by ana to sam."""
    told = story or story_with_purpose()
    promise_goals(told, *goals)
    told.says("lea", open_act(goals=list(goals), ref="cycle", **fields), on="cycle")
    return told


def reflect(story: Story, on: str = "cycle") -> None:
    """Ben says what worked."""
    story.says("ben", c.ShareReflection(worked="we asked early"), on=on)


def settle_all(story: Story, *goals: str, on: str = "cycle") -> None:
    """Each of these goals is carried on."""
    for goal in goals:
        story.says("lea", c.SettleGoal(goal=goal, how="carried_on"), on=on)


def close_cycle(story: Story, *goals: str, on: str = "cycle") -> Story:
    """The cycle reflected upon, these goals carried on, and closed."""
    reflect(story, on)
    settle_all(story, *goals, on=on)
    story.says("lea", c.Close(), on=on)
    return story


def agree_improvement(story: Story, by: str = "ben", owner: str = "ben", on: str = "cycle") -> UUID:
    """An improvement that the owner sees to by the first of March."""
    agreed = c.AgreeImprovement(text="Ask before Thursday", owner=owner, due=date(2026, 3, 1))
    return story.says(by, agreed, on=on)[-1].event_id
