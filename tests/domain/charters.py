"""A charter of team core as most tests begin: a purpose adopted, three non-negotiables, in force."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.charter import acts as a
from domain.charter.acts import AdoptNonNegotiable, AdoptPurpose, EventReference, ProposePurpose, RaiseBreach
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


def propose_purpose(story: Story, by: str = "ana", of: str = "core", **fields: Any) -> UUID:
    """The proposal's id."""
    return story.says(by, proposal(of=of, **fields), on=of)[-1].event_id


def with_purpose(story: Story | None = None, *, of: str = "core", by: str = "lea") -> Story:
    """The purpose is adopted by who leads, once its time-box is over."""
    told = story or Story()
    named = propose_purpose(told, by, of)
    told.says(by, a.AdoptPurpose(of=of, proposal=str(named)), on=of, at=AFTER)
    return told


def adopt_non_negotiables(story: Story, *names: str, of: str = "core", by: str = "lea") -> None:
    """These non-negotiables are adopted."""
    for name in names:
        story.says(by, a.AdoptNonNegotiable(of=of, non_negotiable=name, text=f"We are {name}"), on=of)


def story_with_charter(*names: str, of: str = "core", by: str = "lea") -> Story:
    """A charter in force with these non-negotiables (three)."""
    told = with_purpose(of=of, by=by)
    adopt_non_negotiables(told, *(names or THREE), of=of, by=by)
    told.says(by, a.PutInForce(of=of), on=of)
    return told


def revise_purpose(story: Story, text: str = "Money back, at once", at: Any = None) -> UUID:
    """Another purpose, by the lead after its time-box; the id of the event that made it so."""
    day = story.now.date()
    named = propose_purpose(story, text=text, until=day, reason=why("better_idea"))
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


def leader(story: Story, of: str) -> str:
    """Who may act alone on this charter."""
    if of == "organisation":
        return "stella"
    lead = story.state(of, "team").lead
    return next(name for name in ("lea", "edda", "stella") if story.id(name) == lead)


def adopt_dated_purpose(
    story: Story, at: str = "2026-01-12", *, of: str = "core", text: str = "Nobody waits in the dark"
) -> Story:
    """A purpose proposed on the day before and adopted at 09:00; where there is one already it is revised."""
    day = date.fromisoformat(at)
    by = leader(story, of)
    words = ProposePurpose(
        of=of, text=text, to_team="Pride", to_clients="Trust", to_organisation="Growth", until=day - timedelta(days=1)
    )
    if story.state(of, "charter") is not None and story.state(of, "charter").purpose is not None:
        words = msgspec.structs.replace(words, reason=why())
    [proposed] = story.says(by, words, on=of, at=day - timedelta(days=1))
    story.says(by, AdoptPurpose(proposal=str(proposed.event_id)), on=of, at=day)
    return story


def adopt_non_negotiable_texts(story: Story, *texts: str, of: str = "core", at: str = "2026-01-13") -> Story:
    """Non-negotiables nn1, nn2, ... with these words."""
    for number, words in enumerate(texts, start=1):
        act = AdoptNonNegotiable(of=of, non_negotiable=f"nn{number}", text=words)
        story.says(leader(story, of), act, on=of, at=f"{at}T{8 + number:02}:00")
    return story


def raise_breach(story: Story, at: str, *, by: str = "ana", of: str = "core", goal: str = "goal") -> str:
    """A breach of nn1 at the last event of a goal; its id."""
    act = RaiseBreach(non_negotiable="nn1", about=EventReference(goal=goal), text="We were not told")
    return str(story.says(by, act, on=of, at=at)[-1].event_id)
