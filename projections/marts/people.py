"""`dim_member`, `bridge_member_team` and `dim_team`: who was there, in which teams, led by whom.

These facts may be recorded late, and then count from their own time: what is believed of the past changes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from domain.member import member as members
from domain.member.member import AbsenceDeclared, CapacityDeclared, Member
from domain.team import team as teams
from domain.team.team import Team
from projections.database.sql import without_nul
from projections.engine.stream_events import PreparedEvent, StreamEvents, to_column_value
from projections.engine.versions import Version, compute_versions
from projections.marts.columns import (
    DELETED,
    POSITION,
    VALIDITY,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import micros_of
from projections.marts.rows import Change, RowWriter, Wording

_EVENT_ID = MartColumn("event_id", "uuid", "The event that began it.")

DIM_MEMBER = Mart(
    name="dim_member",
    comment="One row per member and version of what describes the member (a slowly changing dimension of type 2).",
    use="Who was there when. Names and references are empty, unless they are asked for by a key that may see them.",
    key=("member_id", "version"),
    subject="member",
    subject_column="member_id",
    can_shrink=True,
    columns=(
        POSITION,
        _EVENT_ID,
        member_column("member_id", "The member.", nullable=False),
        MartColumn("version", "integer", "Version of the member's stream at that event, from 1."),
        *VALIDITY,
        MartColumn("is_current", "boolean", "The last version."),
        MartColumn("is_present", "boolean", "Joined and not left."),
        instant_column("joined_at", "When the member first joined; empty: named by others, and not joined."),
        instant_column("left_at", "When the member left; empty: has not, or has returned."),
        MartColumn("roles", "json", "Granted roles, a list of steward, auditor and integration."),
        MartColumn("name", "text", "The member's name, where names are shown.", nullable=True, personal="identity"),
        MartColumn(
            "ref",
            "text",
            "The source's own id of the member, where names are shown.",
            nullable=True,
            personal="identity",
        ),
        DELETED,
    ),
)

BRIDGE_MEMBER_TEAM = Mart(
    name="bridge_member_team",
    comment="One row per interval of time in which a member was in a team.",
    use="From members to teams, as of any instant.",
    key=("member_id", "team_id", "version"),
    subject="member",
    subject_column="member_id",
    can_shrink=True,
    columns=(
        POSITION,
        _EVENT_ID,
        member_column("member_id", "The member.", nullable=False),
        MartColumn("team_id", "uuid", "The team."),
        MartColumn("version", "integer", "Version of the member's stream at that event, from 1."),
        *VALIDITY,
        DELETED,
    ),
)

DIM_TEAM = Mart(
    name="dim_team",
    comment="One row per team and version of what describes it (a slowly changing dimension of type 2).",
    use="What a team was called, whom it had as lead, and when it was archived.",
    key=("team_id", "version"),
    version=2,
    subject="team",
    subject_column="team_id",
    can_shrink=True,
    columns=(
        POSITION,
        _EVENT_ID,
        MartColumn("team_id", "uuid", "The team."),
        MartColumn("version", "integer", "Version of the team's stream at that event, from 1."),
        *VALIDITY,
        MartColumn("is_current", "boolean", "The last version."),
        MartColumn("ref", "text", "The source's own id of the team.", nullable=True),
        MartColumn("name", "text", "What it is called.", personal="words"),
        member_column("lead", "The member who was appointed last; a leave of theirs ended it.", nullable=False),
        instant_column("archived_at", "Since when it is archived and has no lead; empty: it is not.", since=2),
        DELETED,
    ),
)


class _Interval(NamedTuple):
    """A time in which one thing held, and the events that began and ended it. Microseconds UTC."""

    version: int
    event_id: str
    valid_from: int
    valid_to: int | None
    recorded_from: int
    recorded_to: int | None
    what: Any

    @property
    def times(self) -> tuple[Any, ...]:
        """As `VALIDITY` has them."""
        return self.valid_from, self.valid_to, self.recorded_from, self.recorded_to


class _Timeline:
    """What is believed of one stream at any log position, in business order."""

    def __init__(self, stream: StreamEvents, evolve: Callable[[Any, Any], Any]) -> None:
        self._versions: list[Version] = sorted(
            compute_versions(stream, evolve), key=lambda v: (v.valid_from, v.version)
        )
        self._recorded = {prepared.event.event_id: prepared.recorded_micros for prepared in stream.prepared}

    def list_intervals(self, known: int, what: Callable[[Any], Any]) -> Iterator[_Interval]:
        """Ascending; where neighbours are alike they are one, where there is nothing (None) there is none."""
        last: _Interval | None = None
        for version in self._versions:
            if not version.known_from <= known < version.known_to or version.valid_from == version.valid_to_at(known):
                continue
            value = what(version.state)
            if last is not None and last.what == value:
                continue
            recorded = self._recorded[version.event_id]
            if last is not None and last.what is not None:
                yield last._replace(valid_to=version.valid_from, recorded_to=recorded)
            last = _Interval(
                version=version.version,
                event_id=str(to_column_value(version.event_id)),
                valid_from=version.valid_from,
                valid_to=None,
                recorded_from=recorded,
                recorded_to=None,
                what=value,
            )
        if last is not None and last.what is not None:
            yield last


def write_member(stream: StreamEvents, writer: RowWriter, after: int) -> None:
    """The rows of a whole member's stream, from the events behind log position `after` on."""
    timeline = _Timeline(stream, members.evolve)
    for prepared in stream.prepared:
        if prepared.event.log_position > after and not is_about_time(prepared):
            known = prepared.event.log_position
            intervals = list(timeline.list_intervals(known, _describe_member))
            writer.write(prepared, _reword_all(writer, DIM_MEMBER, (_dimension_row(stream, s) for s in intervals)))
            writer.write(prepared, _reword_all(writer, BRIDGE_MEMBER_TEAM, _team_rows(stream, timeline, known)))


def is_about_time(prepared: PreparedEvent) -> bool:
    """Whether the event changes only a member's hours or absences: no dimension holds those."""
    data = prepared.event.data
    return isinstance(data, CapacityDeclared | AbsenceDeclared)


def _describe_member(state: Member) -> tuple[Any, ...]:
    roles = "[" + ",".join(f'"{role}"' for role in sorted(state.roles)) + "]"
    return (
        int(state.is_present),
        micros_of(state.joined_at),
        micros_of(state.left_at),
        roles,
        without_nul(state.name) or None,
        state.ref,
    )


_KeyedRow = tuple[tuple[Any, ...], tuple[Any, ...]]


def _dimension_row(stream: StreamEvents, interval: _Interval) -> _KeyedRow:
    """A row of the dimension of members, or of teams."""
    stream_id = stream.row_prefix[1]
    current = int(interval.valid_to is None)
    return (stream_id, interval.version), (
        *(interval.event_id, stream_id, interval.version, *interval.times, current),
        *interval.what,
    )


def _team_rows(stream: StreamEvents, timeline: _Timeline, known: int) -> Iterator[_KeyedRow]:
    member = stream.row_prefix[1]
    wanted = {team for s in timeline.list_intervals(known, lambda state: state.teams) for team in s.what}
    for team in wanted:
        identity = str(to_column_value(team))
        for interval in timeline.list_intervals(known, partial(_is_in_team, team)):
            key = (member, identity, interval.version)
            yield key, (interval.event_id, *key, *interval.times)


def _is_in_team(team: UUID, state: Member) -> bool | None:
    return team in state.teams or None


def write_team(stream: StreamEvents, writer: RowWriter, after: int) -> None:
    """The rows of a whole team's stream, from the events behind log position `after` on."""
    timeline = _Timeline(stream, teams.evolve)
    for prepared in stream.prepared:
        if prepared.event.log_position > after:
            intervals = timeline.list_intervals(prepared.event.log_position, _describe_team)
            writer.write(prepared, _reword_all(writer, DIM_TEAM, (_dimension_row(stream, s) for s in intervals)))


def _describe_team(state: Team) -> tuple[Any, ...]:
    return state.ref, without_nul(state.name), str(to_column_value(state.lead)), micros_of(state.archived_at)


def _reword_all(writer: RowWriter, mart: Mart, rows: Iterable[_KeyedRow]) -> Sequence[Change]:
    """What makes a stream's rows of a mart these and no others."""
    wanted = dict(rows)
    gone = [Wording(mart, key, None) for key in writer.find_open(mart) if key not in wanted]
    return [*gone, *(Wording(mart, key, values) for key, values in wanted.items())]
