"""Charters as stories tell them: a purpose that the lead adopts after its time-box, non-negotiables, breaches."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from domain.charter.acts import About, AdoptNonNegotiable, AdoptPurpose, ProposePurpose, RaiseBreach
from tests.spec import Story, why


def leader(story: Story, of: str) -> str:
    """Who may act alone on this charter."""
    if of == "organisation":
        return "stella"
    lead = story.state(of, "team").lead
    return next(name for name in ("lea", "edda", "stella") if story.id(name) == lead)


def purposed(
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


def expecting(story: Story, *texts: str, of: str = "core", at: str = "2026-01-13") -> Story:
    """Non-negotiables nn1, nn2, ... with these words."""
    for number, words in enumerate(texts, start=1):
        act = AdoptNonNegotiable(of=of, non_negotiable=f"nn{number}", text=words)
        story.says(leader(story, of), act, on=of, at=f"{at}T{8 + number:02}:00")
    return story


def breached(story: Story, at: str, *, by: str = "ana", of: str = "core", goal: str = "goal") -> str:
    """A breach of nn1 at the last event of a goal; its id."""
    act = RaiseBreach(non_negotiable="nn1", about=About(goal=goal), text="We were not told")
    return str(story.says(by, act, on=of, at=at)[-1].event_id)
