"""What `as_of` shows of recognition: what was given, which help and which results it could have been for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.goal import events as e
from domain.recognition.recognition import RecognitionKind
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements
from projections.figures import window_begin

_SQL = "recognitions"
_SATISFYING = tuple(
    str(cls.__struct_config__.tag) for cls in (e.SatisfactionDeclared, e.RuledSatisfied, e.DeemedSatisfied)
)


class GivenRecognition(NamedTuple):
    """One recognition of the window that stands."""

    event: UUID
    #: The event that last corrected it, or that gave it.
    last_event: UUID
    #: When it was given, microseconds UTC.
    at: int
    kind: RecognitionKind
    giver: UUID
    member: UUID
    goal: UUID | None
    #: Of its goal or cycle; None: the organisation's own.
    team: UUID | None


class GivenHelp(NamedTuple):
    """A need that was answered in the window."""

    event: UUID
    #: In which it was asked for.
    check_in: UUID
    helper: UUID
    goal: UUID
    asker: UUID
    #: The goal's.
    team: UUID | None


class SatisfiedGoal(NamedTuple):
    """A goal whose sponsor was satisfied in the window."""

    event: UUID
    goal: UUID
    owner: UUID | None
    team: UUID | None
    #: A recognition that was given for it by then; None: there is none.
    recognised: UUID | None


class RecognitionFacts(NamedTuple):
    """The facts of a window."""

    given: list[GivenRecognition]
    help: list[GivenHelp]
    satisfied: list[SatisfiedGoal]

    def of_team(self, team: UUID | None) -> RecognitionFacts:
        """Those of one team's goals and cycles; None: all."""
        if team is None:
            return self
        return RecognitionFacts(
            [given for given in self.given if given.team == team],
            [helped for helped in self.help if helped.team == team],
            [goal for goal in self.satisfied if goal.team == team],
        )


def load_facts(database: Database, as_of: AsOf, window: int, *, team: UUID | None = None) -> RecognitionFacts:
    """The facts of the `window` days that end with the day of `as_of`, in one round trip.

    Recognitions of all teams: who was recognised elsewhere was recognised. Help and results of the `team` (None: all).
    """
    params = {**as_of.params, "since": window_begin(as_of, window)}
    marks = {f"type_{place}": tag for place, tag in enumerate(_SATISFYING)}
    statements = named_statements(_SQL)
    whose, of_team = ("1 = 1", {}) if team is None else ("g.team = :team", {"team": str(team)})
    helping = statements["helped"].replace(":whose", whose)
    satisfied = (
        statements["satisfied"].replace(":whose", whose).replace(":types", ", ".join(f":{name}" for name in marks))
    )
    given, helped, kept = database.query_many(
        [(statements["given"], params), (helping, params | of_team), (satisfied, params | of_team | marks)]
    )
    return RecognitionFacts(
        [_to_recognition(row) for row in given],
        [
            GivenHelp(
                event=UUID(row.event_id),
                check_in=UUID(row.check_in),
                helper=UUID(row.party),
                goal=UUID(row.stream_id),
                asker=UUID(row.asker),
                team=_optional(row.team),
            )
            for row in helped
        ],
        [
            SatisfiedGoal(
                UUID(row.event_id),
                UUID(row.stream_id),
                _optional(row.owner),
                _optional(row.team),
                _optional(row.recognised),
            )
            for row in kept
        ],
    )


def _to_recognition(row: Row) -> GivenRecognition:
    return GivenRecognition(
        event=UUID(row.given_event),
        last_event=UUID(row.event_id),
        at=row.given_at,
        kind=row.kind,
        giver=UUID(row.giver),
        member=UUID(row.member),
        goal=_optional(row.goal),
        team=_optional(row.team),
    )


def _optional(value: str | None) -> UUID | None:
    return UUID(value) if value else None


def count_received(given: Collection[GivenRecognition], members: Collection[UUID]) -> Mapping[UUID, int]:
    """Member -> recognitions received, none included."""
    counts = dict.fromkeys(members, 0)
    for one in given:
        if one.member in counts:
            counts[one.member] += 1
    return counts
