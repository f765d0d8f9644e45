"""Models of event_parts. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from msgspec import Struct, field

from plimsoll_client.models.event_parts_bodies import Condition
from plimsoll_client.models.event_parts_bodies import GoalKind
from plimsoll_client.models.event_parts_bodies import PauseGoal
from plimsoll_client.models.event_parts_bodies import Priority


class Absence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """First and last day away, both included."""

    from_: date = field(name="from")
    to: date


class Blocker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in the way, and who acts next."""

    acts_next: UUID | None = None
    next_action: str = ""
    text: str
    type: str = ""


class Capacity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours a week that the person declares, from a date on."""

    from_: date = field(name="from")
    hours_per_week: str


class DecisionSubject(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a charter a decision is about: one purpose proposal, or one non-negotiable (perhaps a coming one)."""

    charter: UUID
    non_negotiable: UUID | None = None
    proposal: UUID | None = None


class DraftTerms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Terms as far as a draft has them."""

    conditions: list[Condition] | None = None
    due: date | None = None
    effort_hours: str | None = None
    kind: GoalKind | None = None
    measure: Measure | None = None
    outcome: str | None = None
    priority: Priority | None = None
    start: date | None = None
    supports: list[Support] | None = None


class GoalAtClose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a goal of the cycle stood when it closed."""

    goal: UUID
    how: str | None = None
    state: str


class Lesson(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the cycle before learnt; of a goal that was dropped or broken also without a lesson."""

    ended: str | None = None
    goal: UUID | None = None
    learning: UUID | None = None
    text: str = ""


class Measure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one would tell. Quantities are decimal strings."""

    baseline: str | None = None
    high: str | None = None
    kind: str
    low: str | None = None
    target: str | None = None
    unit: str = ""


class PulseCell(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Persons whose tokens are signed with one key, so that their answers cannot be told apart."""

    id: UUID
    members: int
    public_key: str
    team: UUID | None = None


class PulseItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement, agreed with from 1 to 7."""

    id: str
    reversed: bool = False
    text: str


class PulseItemSum(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answers to one item come to, as they were given: reversed items are not turned."""

    item: str
    total: int


class PulseResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One published sum: of one cell, or of all cells that cannot be shown by themselves."""

    answers: int
    sums: list[PulseItemSum]
    team: UUID | None = None


class RestatedPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose as it stood: whose, and which version of it."""

    charter: UUID
    version: int


class Scope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A team, or (None) the organisation itself."""

    team: UUID | None


class Support(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What this goal is for: another goal, or a purpose: the current one of the charter with this id."""

    goal: UUID | None = None
    purpose: UUID | None = None


class Terms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is promised, in one version. Dates are the organisation's; a due date ends at 24:00 there."""

    conditions: list[Condition]
    due: date
    effort_hours: str | None = None
    kind: GoalKind | None = None
    measure: Measure
    outcome: str
    priority: Priority | None = None
    start: date
    supports: list[Support] = []


class TermsDiff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes as resolved: ids instead of references, conditions with their ids."""

    conditions: list[Condition] | None = None
    due: date | None = None
    effort_hours: str | None = None
    measure: Measure | None = None
    outcome: str | None = None
    owner: UUID | None = None
    pause: PauseGoal | None = None
    priority: Priority | None = None
    sponsor: UUID | None = None
    start: date | None = None
    supports: list[Support] | None = None


class TradeOff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gives, with ids. On an addition `goal` is what gives; on the giving act `for` is what it pays for."""

    for_: UUID | None = field(default=None, name="for")
    goal: UUID | None = None
    kind: str


class WithheldPulseResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cell whose sum is not known by itself, and by which rule. It says nothing of how many answered."""

    rule: str
    team: UUID | None = None
