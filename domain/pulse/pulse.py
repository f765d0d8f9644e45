"""A pulse: one wave of questions that the persons of a team or of the organisation answer without being told apart.

No event names who answered, and none holds one answer: a wave is opened, and closed with sums of five answers and more.
Who holds a token and what was answered is kept beside the log while the wave is open (`ledger.pulses`).
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID, uuid5

import msgspec

from domain.envelope import Event, Instant, RecordedEvent
from domain.index import NOT_INDEXED, IndexEntry
from domain.personal import Value
from domain.references import Ref

#: Days for which a wave may be open.
MAX_OPEN_DAYS = 62
#: The scale of every item.
LOWEST, HIGHEST = 1, 7
State = Literal["open", "closed"]
#: Why a sum is not known: fewer than five answers (or persons), or what a difference to an earlier wave would tell.
WithheldRule = Literal["small_group", "small_difference"]


class PulseItem(Value, frozen=True, kw_only=True):
    """One statement, agreed with from 1 to 7."""

    id: str
    text: str
    #: Agreement is bad news: what counts is 8 less the answer.
    reversed: bool = False


#: Psychological safety: Edmondson, Psychological Safety and Learning Behavior in Work Teams, 1999 (seven items).
SAFETY_ITEMS = tuple(
    PulseItem(id=f"safety_{place}", text=text, reversed=place in (1, 3, 5))
    for place, text in enumerate(
        (
            "If you make a mistake on this team, it is often held against you.",
            "Members of this team are able to bring up problems and tough issues.",
            "People on this team sometimes reject others for being different.",
            "It is safe to take a risk on this team.",
            "It is difficult to ask other members of this team for help.",
            "No one on this team would deliberately act in a way that undermines my efforts.",
            "Working with members of this team, my unique skills and talents are valued and utilized.",
        ),
        1,
    )
)


class PulseCell(Value, frozen=True, kw_only=True):
    """Persons whose tokens are signed with one key, so that their answers cannot be told apart."""

    id: UUID
    #: The team; None: all who stand in no team's cell.
    team: UUID | None = None
    members: int
    #: RSA public key of its tokens, SubjectPublicKeyInfo, DER, in base64.
    public_key: str


class ItemSum(Value, frozen=True, kw_only=True):
    """What the answers to one item come to, as they were given: reversed items are not turned."""

    item: str
    total: int


class PulseResult(Value, frozen=True, kw_only=True):
    """One published sum: of one cell, or of all cells that cannot be shown by themselves."""

    #: The team; None: of all others.
    team: UUID | None = None
    answers: int
    sums: tuple[ItemSum, ...]


class WithheldResult(Value, frozen=True, kw_only=True):
    """A cell whose sum is not known by itself, and by which rule. It says nothing of how many answered."""

    team: UUID | None = None
    rule: WithheldRule


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """A wave's state."""

    id: UUID
    organisation_id: UUID
    ref: str | None = None
    #: Whom it asks: a team, or (None) the organisation.
    team: UUID | None = None
    state: State = "open"
    opened_at: Instant
    opened_event: UUID
    #: Until when it can be answered.
    closes_at: Instant
    items: tuple[PulseItem, ...]
    cells: tuple[PulseCell, ...]
    closed_at: Instant | None = None
    closed_event: UUID | None = None
    results: tuple[PulseResult, ...] = ()
    withheld: tuple[WithheldResult, ...] = ()


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a wave."""

    is_authoritative: ClassVar[bool] = True


class OpenPulse(Act, tag="open", frozen=True, kw_only=True):
    """Ask the persons of a team, or of the organisation, how it stands with them."""

    #: None: the organisation.
    team: Ref | None = None
    #: The last day on which it can be answered.
    closes_on: date
    ref: Ref | None = None


class OpenWave(OpenPulse, tag="open", frozen=True, kw_only=True):
    """The same with its cells, as the ledger takes it: who stands in which was found out before."""

    cells: tuple[PulseCell, ...]


class CloseWave(Act, tag="close", frozen=True, kw_only=True):
    """End the wave with what may be known of it: the answers were counted before."""

    results: tuple[PulseResult, ...]
    withheld: tuple[WithheldResult, ...]


class ClosePulse(Act, tag="close", frozen=True, kw_only=True):
    """End the wave: what may be known of it is published, and the answers are deleted."""


PulseAct = OpenWave | CloseWave


class WaveOpened(Event, tag="pulse.wave_opened.v1", frozen=True, kw_only=True):
    """A team or the organisation was asked how it stands with them."""

    team: UUID | None = None
    closes_at: Instant
    items: tuple[PulseItem, ...]
    cells: tuple[PulseCell, ...]
    ref: str | None = None


class WaveClosed(Event, tag="pulse.wave_closed.v1", frozen=True, kw_only=True):
    """The wave is over: sums of five answers and more, and which are withheld. Single answers are nowhere any more."""

    results: tuple[PulseResult, ...]
    withheld: tuple[WithheldResult, ...]


PulseEvent = WaveOpened | WaveClosed


def evolve(pulse: Pulse | None, recorded: RecordedEvent) -> Pulse | None:
    """The state after `recorded`; never fails on a recorded event."""
    event = recorded.data
    if isinstance(event, WaveOpened):
        return Pulse(
            id=recorded.stream_id,
            organisation_id=recorded.organisation_id,
            ref=event.ref,
            team=event.team,
            opened_at=recorded.occurred_at,
            opened_event=recorded.event_id,
            closes_at=event.closes_at,
            items=event.items,
            cells=event.cells,
        )
    if pulse is None or not isinstance(event, WaveClosed):
        return pulse
    return msgspec.structs.replace(
        pulse,
        state="closed",
        closed_at=recorded.occurred_at,
        closed_event=recorded.event_id,
        results=event.results,
        withheld=event.withheld,
    )


def open_pulses_key(organisation_id: UUID) -> UUID:
    """Under what the ledger's index lists the wave of an organisation that is open."""
    return uuid5(organisation_id, "open pulses")


def index_entry(pulse: Pulse | None) -> IndexEntry:
    """Listed while it is open: an organisation has one at a time."""
    if pulse is None or pulse.state == "closed":
        return NOT_INDEXED
    return IndexEntry(listed_under=open_pulses_key(pulse.organisation_id))


def is_complete(answers: tuple[int, ...], items: tuple[PulseItem, ...]) -> bool:
    """Whether there is one answer on the scale for each item."""
    return len(answers) == len(items) and all(LOWEST <= answer <= HIGHEST for answer in answers)


def own_items(text: str) -> tuple[PulseItem, ...]:
    """The organisation's own items, a line of the policy's text each."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(PulseItem(id=f"own_{place}", text=line) for place, line in enumerate(lines, 1))


def score(item: PulseItem, total: int, answers: int) -> tuple[int, int]:
    """The mean of an item as a fraction, turned where it is reversed: more is better."""
    turned = (LOWEST + HIGHEST) * answers - total if item.reversed else total
    return turned, answers
