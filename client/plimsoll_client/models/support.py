"""Models of support. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.shared import Figure


class Affirmations(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of each goal, in the order in which they were named (`all`: by id)."""

    affirmed: list[AffirmedGoal]
    position: int | None
    refused: list[NotAffirmedGoal]


class AffirmedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was affirmed: a judgement of its own, with the terms that it is about."""

    due: date
    event: UUID
    goal: UUID
    replayed: bool = False
    title: str
    version: int


class Calibration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member's calibration, by what was stated by then. Under `FEWEST_CASES` only how many cases there are."""

    as_of: str
    figures: list[Figure]
    policy_version: int
    recorded_as_of: datetime
    tenths: list[ConfidenceBucket]


class ChangedSection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest changes, the newest first, and how many there were."""

    count: int
    items: list[DigestChange]


class ConfidenceBucket(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All statements of one tenth: how many there were, and how many of their promises were kept."""

    confidence: float
    kept: int
    n: int


class Digest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One team between two times."""

    answers: RequestSection
    as_of: str
    blockers: RequestSection
    changed: ChangedSection
    links: RequestSection
    names: dict[str, str] = {}
    needs: RequestSection
    policy_version: int
    quiet: RequestSection
    recorded_as_of: datetime
    since: datetime
    team: UUID
    unchanged: UnchangedGoals


class DigestChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, in a sentence that names its subject; names as they were at the time asked about."""

    at: datetime
    event: UUID
    subject: str
    text: str
    type: str


class Inbox(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What waits for one member. `count` entries in all, `rest` of them beyond those that are listed."""

    as_of: str
    count: int
    entries: list[InboxEntry]
    names: dict[str, str] = {}
    overdue: int
    policy_version: int
    recorded_as_of: datetime
    reminders: Reminders
    rest: int


class InboxEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal (or decision, cycle, charter) that waits for the member, and what it asks."""

    asks: list[OpenRequest]
    goal: UUID | None = None
    more: int = 0
    overdue: bool = False
    state: str
    subject: str
    team: UUID | None = None
    title: str
    until: datetime | None


class MadePossible(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one member has made possible by then, the latest first."""

    as_of: str
    entries: list[MadePossibleEntry]
    more: bool = False
    names: dict[str, str] = {}
    recorded_as_of: datetime


class MadePossibleEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that would not be so without this person."""

    at: datetime
    by: UUID | None = None
    event: UUID
    goal: UUID
    how: str
    own_goal: UUID | None = None
    state: str
    text: str = ""


class NotAffirmedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was not, and why: the code of the refusal as for a single act."""

    allowed: list[str] = []
    code: str
    detail: str
    goal: str


class OpenRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question to one member, mostly about a goal."""

    acts: list[str]
    event: UUID | None = None
    goal: UUID | None = None
    kind: str
    need: str | None = None
    overdue: bool = False
    parent: UUID | None = None
    place: int = 0
    reminded: bool = False
    since: datetime
    text: str | None = None
    until: datetime | None
    version: int | None = None
    whom: UUID


class Reminder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A silence of which the member was reminded, dated to when the reminder fell due."""

    at: datetime
    event: UUID
    goal: UUID
    kind: str


class Reminders(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The day's reminders that still stand: one for a goal, `REMINDERS_A_DAY` at most."""

    day: date
    goals: list[Reminder]
    rest: int


class RequestSection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Questions of one sort by deadline, and how many there are."""

    count: int
    items: list[OpenRequest]
    overdue: int


class UnchangedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise that nothing changed and that asks for nothing: its owner has lately said that it stands."""

    due: date
    goal: UUID
    judged_at: datetime
    owner: UUID
    title: str


class UnchangedGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goals that stand as they were, by due, and how many they are."""

    count: int
    items: list[UnchangedGoal]
