"""What a charter asks of its members and what they said to it, one row per fact, from the charter's stream alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.charter import events as c
from domain.envelope import RecordedEvent
from projections.tables import SYSTEM_TIME, Column, Table

EXPECTATIONS = Table(
    name="drift_expectations",
    columns=(
        *SYSTEM_TIME,
        Column("event_id", "uuid", "The event that is this fact."),
        Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
        Column("team", "uuid", "Whose charter it is; empty: the organisation's own.", nullable=True),
        Column("kind", "text", "purpose, non_negotiable, retired, in_force, reviewed; acknowledged, breach, repair."),
        Column("item", "uuid", "The non-negotiable; of a repair the breach.", nullable=True),
        Column("number", "integer", "Version of the purpose or of the non-negotiable.", nullable=True),
        Column("member", "uuid", "Who acknowledged, or who raised the breach.", nullable=True),
        Column("text", "text", "The words of the purpose or of the non-negotiable.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="Purposes and non-negotiables with their versions, acknowledgements, breaches, repairs and reviews.",
)

#: Kinds of facts after which a charter counts as having been looked at as a whole.
REVIEWED = ("purpose", "non_negotiable", "retired", "in_force", "reviewed")


def expectation_facts(recorded: RecordedEvent) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The fact that this event of a charter is, if it is one."""
    event: Any = recorded.data
    values = _values(event, recorded)
    if values is not None:
        kind, item, number, member, text = values
        team = None if event.of.team is None else str(event.of.team)
        told = tuple(None if value is None else str(value) for value in (item, member))
        # PostgreSQL's text cannot hold the character NUL, which JSON can.
        words = None if text is None else text.replace("\x00", "\ufffd")
        yield EXPECTATIONS.name, (team, kind, told[0], number, told[1], words)


def _values(event: Any, recorded: RecordedEvent) -> tuple[str, Any, int | None, Any, str | None] | None:
    """Kind, item, number, member, text."""
    match event:
        case c.PurposeAdopted() | c.PurposeRevised():
            return "purpose", None, event.version, None, event.text
        case c.NonNegotiableAdopted() | c.NonNegotiableRevised():
            return "non_negotiable", event.non_negotiable, event.version, None, event.text
        case c.NonNegotiableRetired():
            return "retired", event.non_negotiable, None, None, None
        case c.PutInForce():
            return "in_force", None, None, None, None
        case c.Reviewed():
            return "reviewed", None, None, None, None
        case c.Acknowledged():
            return "acknowledged", event.non_negotiable, event.version, event.member, None
        case c.BreachRaised():
            return "breach", event.non_negotiable, event.version, recorded.party, None
        case c.RepairAgreed():
            return "repair", event.breach, None, None, None
        case _:
            return None
