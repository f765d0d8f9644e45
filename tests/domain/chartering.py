"""A charter of team core as most tests begin: a purpose adopted, three non-negotiables, in force."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from domain.charter import acts as a
from domain.charter.state import Charter, part_id
from tests.spec import Story, why

WHY: dict[str, str] = {
    "to_team": "we see that it is used",
    "to_clients": "they get their money back in a day",
    "to_organisation": "fewer calls, more trust",
}
THREE = ("tested", "kind", "open")
#: Until when the first purpose is to be decided, and a day on which the lead may adopt it.
UNTIL, AFTER = date(2026, 1, 12), "2026-01-13"


def proposal(text: str = "Money back, fast", **fields: Any) -> a.ProposePurpose:
    """A purpose proposed for team core, to be decided by the twelfth of January."""
    return a.ProposePurpose(**{"of": "core", "text": text, **WHY, "until": UNTIL, **fields})


def proposed(story: Story, by: str = "ana", of: str = "core", **fields: Any) -> UUID:
    """The proposal's id."""
    return story.says(by, proposal(of=of, **fields), on=of)[-1].event_id


def with_purpose(story: Story | None = None, *, of: str = "core", by: str = "lea") -> Story:
    """The purpose is adopted by who leads, once its time-box is over."""
    told = story or Story()
    named = proposed(told, by, of)
    told.says(by, a.AdoptPurpose(of=of, proposal=str(named)), on=of, at=AFTER)
    return told


def adopt_non_negotiables(story: Story, *names: str, of: str = "core", by: str = "lea") -> None:
    """These non-negotiables are adopted."""
    for name in names:
        story.says(by, a.AdoptNonNegotiable(of=of, non_negotiable=name, text=f"We are {name}"), on=of)


def in_force(*names: str, of: str = "core", by: str = "lea") -> Story:
    """A charter in force with these non-negotiables (three)."""
    told = with_purpose(of=of, by=by)
    adopt_non_negotiables(told, *(names or THREE), of=of, by=by)
    told.says(by, a.PutInForce(of=of), on=of)
    return told


def revised(story: Story, text: str = "Money back, at once", at: Any = None) -> UUID:
    """Another purpose, by the lead after its time-box; the id of the event that made it so."""
    day = story.now.date()
    named = proposed(story, text=text, until=day, reason=why("better_idea"))
    later = at or date.fromordinal(day.toordinal() + 1)
    return story.says("lea", a.AdoptPurpose(proposal=str(named)), on="core", at=later)[-1].event_id


def charter(story: Story, of: str = "core") -> Charter:
    """The charter as it stands."""
    state = story.state(of, "charter")
    assert isinstance(state, Charter)
    return state


def part(story: Story, sort: str, name: str, of: str = "core") -> UUID:
    """The id of a non-negotiable, freedom or ritual by its name."""
    return part_id(story.id(of, "charter"), sort, name)
