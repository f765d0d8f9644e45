"""What a sentence about one event is made from: the event, its envelope, and the names of people and things."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.reasons import Reason
from projections.history.narrative.phrases import excerpt, quote

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NarrativeContext(msgspec.Struct, frozen=True, kw_only=True):
    """One event as its sentence needs it."""

    type: str
    #: The event itself as JSON.
    data: str
    stream_id: str
    #: Member id of whose act it was; None: the clock's.
    party: str | None
    reason: Reason | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    #: Id -> how people call it.
    names: Mapping[str, str]

    def name(self, identity: object, otherwise: str = "somebody") -> str:
        """How a member, team or goal is called; `otherwise` for one that nothing is known of."""
        return self.names.get(str(identity), otherwise)

    def title(self, identity: object) -> str:
        """A goal or purpose by its title, quoted."""
        known = self.names.get(str(identity))
        return quote(known) if known else "another goal"


def find_ids(*texts: str | None) -> set[str]:
    """Every id that occurs in these texts."""
    return {found for text in texts if text for found in _UUID.findall(text)}


#: How an event reads after its actor's name.
Narrator = str | Callable[[Any, NarrativeContext], str]


def append_text(text: str, before: str = ": ") -> str:
    """The text as the end of a sentence; empty for an empty text."""
    return f"{before}{excerpt(text, 300)}" if text else ""
