"""Models of reports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct, field

from plimsoll_client.models.shared import ContributionEntry
from plimsoll_client.models.shared import Figure
from plimsoll_client.models.event_parts_bodies import GoalKind
from plimsoll_client.models.shared import ReflectionEntry
from plimsoll_client.models.event_parts_bodies import Tension
from plimsoll_client.models.shared import WithheldBy


class AdditionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One addition of the window: what it added, how full the owner then was, and what gave way."""

    absorbed: bool = False
    added_hours: float | None
    day: date
    estimated: bool = False
    event: UUID
    freed_hours: float | None
    goal: UUID
    kind: str
    member: UUID
    paired: str | None = None
    requester: UUID
    team: UUID | None = None
    trade_offs: list[TradeOffEntry] = []
    worst_ratio: float | None
    worst_week: date | None = None


class AlignmentReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tree, and what is not in it."""

    as_of: str
    figures: list[Figure]
    more: bool
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    tree: list[PurposeNode]
    unlinked: list[UnlinkedGoal]
    untied: list[UnlinkedGoal]


class ApproachEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: how an owner chose to go about a goal while the cycle ran, and what that led to."""

    at: datetime
    by: UUID | None
    cycle: UUID
    event: UUID
    freedom: UUID | None = None
    goal: UUID
    progress: float
    replaced: bool = False
    state: str
    team: UUID | None
    text: str


class BlockerEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in a goal's way, for how long, and who acts next."""

    acts_next: UUID
    age_days: float
    blocker: UUID
    goal: UUID
    listed: bool = False


class CycleEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cycle under review."""

    closed_at: datetime | None = None
    cycle: UUID
    ends: date
    goals: int
    name: str
    overdue: bool = False
    reflected: int
    starts: date
    state: str
    team: UUID | None
    undecided: int = 0


class CycleGoalEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of a cycle: at its close, or of an open one as it stands."""

    cycle: UUID
    goal: UUID
    how: str | None = None
    possible: list[str] = []
    state: str
    team: UUID | None


class CyclesReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cycles under review, the latest beginning first, and their facts."""

    approaches: list[ApproachEntry]
    as_of: str
    contributions: list[ContributionEntry]
    cycles: list[CycleEntry]
    figures: list[Figure]
    freedoms: list[FreedomEntry]
    goals: list[CycleGoalEntry]
    improvements: list[ImprovementEntry]
    learning: list[LearningEntry]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    reflections: list[ReflectionEntry]


class DecisionsReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of decisions."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime


class DriftReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The five figures of drift, and what could be said about each drifting goal."""

    as_of: str
    figures: list[Figure]
    mend: list[Suggestion]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime


class FreedomEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A freedom that stands in the charter of the cycle's team, or of the organisation where the cycle is its own."""

    cycle: UUID
    freedom: UUID
    team: UUID | None
    text: str
    uses: int = 0


class GoalNode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal below a purpose or below another goal."""

    again: bool = False
    contributors: int | None = None
    goal: UUID
    goals: list[GoalNode] = []
    kind: GoalKind
    overdue: bool = False
    owner: UUID
    progress: float | None
    state: str
    title: str
    unaffirmed_since: datetime | None = None


class ImprovementEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement, in the last cycle that has it."""

    carried: bool = False
    cycle: UUID
    due: date
    improvement: UUID
    overdue: bool = False
    owner: UUID
    state: str
    team: UUID | None
    text: str


class LearningEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt, or (without words) a goal that was not kept and has no lesson yet."""

    brought: bool = False
    cycle: UUID
    ended: str | None = None
    event: UUID | None = None
    goal: UUID | None = None
    team: UUID | None
    text: str = ""


class NeedEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A need that waits for its answer. Its words stand in the goal's history."""

    answer_by: date | None
    asker: UUID
    goal: UUID
    helper: UUID
    need: str
    open_days: float
    overdue: bool = False


class OpenAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one side waits for from the other about a promise that was due: the conversation that is missing."""

    answerer: UUID
    due: date
    goal: UUID
    open_days: float
    waits: UUID
    what: str


class OverloadReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Figures, the window's additions with what paid for them, who asks whom, and ways out for the overloaded."""

    additions: list[AdditionEntry]
    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    relief: list[Relief]
    requesters: list[RequesterEntry]


class PurposeNode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose as it is worded now, and the goals that name it."""

    charter: UUID
    goals: list[GoalNode]
    team: UUID | None
    text: str
    version: int


class RecognitionReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of recognition, and the help that was not recognised, by goal."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    unrecognised: list[UnrecognisedHelp]


class ReliabilityReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of reliability, and the answers that are missing about what was due."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    open_answers: list[OpenAnswer]
    policy_version: int
    recorded_as_of: datetime


class Relief(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One overloaded member: the load as it is, and after each way out. Goals by id, not by rank."""

    line: str | None = None
    member: UUID
    options: list[ReliefOption]
    ratios: list[float | None]
    weeks: list[date]
    worst_ratio: float | None
    worst_week: date


class ReliefOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal giving way in one way, and the member's load after it."""

    act: str
    goal: UUID
    line: str | None = None
    ratios: list[float | None]
    weeks: int | None = None
    worst_ratio: float | None
    worst_week: date


class RequesterEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many additions one member asked of another, and how many of them came without a trade-off."""

    absorbed: int
    added_hours: float | None
    count: int
    member: UUID
    n: int
    requester: UUID


class RitualEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual that counts, and whose it is."""

    cadence_days: int
    minutes: int
    minutes_a_week: float
    mode: str
    ritual: UUID
    team: UUID | None = None
    title: str


class RitualsReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What meetings ask of each member, and what could be async."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    rituals: list[RitualEntry]


class Suggestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which something drifts, and the one sentence that would mend it."""

    charter: UUID | None = None
    events: list[UUID] | None = None
    from_: UUID = field(name="from")
    goal: UUID | None = None
    kind: str
    member: UUID | None = None
    overdue: bool = False
    parent: UUID | None = None
    sentence: str
    to: UUID | None
    until: datetime | None = None


class SupportReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of support, the needs that wait by answer-by, and the open blockers by age."""

    as_of: str
    blockers: list[BlockerEntry]
    figures: list[Figure]
    names: dict[str, str] = {}
    needs: list[NeedEntry]
    policy_version: int
    recorded_as_of: datetime


class TensionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tension: whether it shows, since when, by which figures and lines, and what was tried."""

    figures: list[str]
    lines: dict[str, str]
    rule: WithheldBy | None = None
    since: date | None = None
    since_or_earlier: bool = False
    state: str
    team: UUID | None = None
    tension: Tension
    tried: list[TriedExperiment] = []


class TensionsReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of tensions, and each tension with its state."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    tensions: list[TensionEntry]


class TradeOffEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gave way for an addition; `came_back`: the event by which it is there again, so that it pays no more."""

    came_back: UUID | None = None
    day: date
    event: UUID
    goal: UUID | None = None
    hours: float | None
    inferred: bool = False
    kinds: list[str]


class TriedExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was tried about a tension, and what came of it."""

    agreed_at: datetime | None = None
    ended_at: datetime | None = None
    event: UUID
    experiment: UUID
    finding: str = ""
    findings: int = 0
    hypothesis: str
    measure: str
    outcome: str = ""
    owner: UUID
    proposed_at: datetime
    review_on: date | None = None
    state: str
    team: UUID | None = None


class UnlinkedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise that stands and leads nowhere."""

    goal: UUID
    owner: UUID
    title: str


class UnrecognisedHelp(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Help that no recognition of the window followed: who could say so, and to whom."""

    asker: UUID
    event: UUID
    goal: UUID
    helper: UUID
    member: UUID
