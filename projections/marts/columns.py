"""What a mart is made of: its columns, its key, and the table that its rows are stored in.

A mart that is folded from streams has one stored row for each wording of each of its rows: `known_from` and `known_to`
are the log positions between which that wording held, `position` is the organisation's position of the event that
brought it. A row that is no more is followed by one that says `deleted`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

import msgspec

from projections.database.tables import SYSTEM_TIME, Column, Table

ColumnType = Literal["uuid", "text", "integer", "boolean", "date", "timestamp", "decimal", "json"]
#: What a column says of people: nothing; which member (an id, no name); a member's name or address; words that people
#: wrote (titles, outcomes).
PersonalClass = Literal["none", "pseudonym", "identity", "words"]
#: Kinds of streams by whose events a row's visibility is decided, or `group`: a row is of a team's own, or (by the
#: organisation's id) of the organisation's. None: rows are of the organisation as a whole.
SubjectKind = Literal["goal", "member", "team", "charter", "cycle", "decision", "experiment", "recognition", "group"]

#: How each type is stored: an instant as microseconds UTC, a boolean as 0 or 1, a decimal as text.
_STORED_TYPES: dict[ColumnType, Literal["uuid", "text", "integer", "json", "date"]] = {
    "uuid": "uuid",
    "text": "text",
    "integer": "integer",
    "boolean": "integer",
    "date": "date",
    "timestamp": "integer",
    "decimal": "text",
    "json": "json",
}


class MartColumn(msgspec.Struct, frozen=True):
    """One column. A timestamp is RFC 3339 in UTC, a date ISO, a decimal text, `json` any JSON value."""

    name: str
    type: ColumnType
    comment: str
    nullable: bool = False
    #: Of a number: what it counts.
    unit: str = ""
    personal: PersonalClass = "none"
    #: Version of the mart that brought it.
    since: int = 1


class Mart(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One mart: what a row is, and what its columns hold."""

    name: str
    #: The grain: what one row is.
    comment: str
    #: What it is good for, a sentence or two of the documentation.
    use: str
    key: tuple[str, ...]
    columns: tuple[MartColumn, ...]
    #: Raised when columns are added.
    version: int = 1
    subject: SubjectKind | None
    #: The column with the id of the subject.
    subject_column: str = ""
    #: Each row is of one event, and is never reworded: its position stands for the event.
    is_final: bool = False
    #: Its rows are figures of persons.
    is_person_level: bool = False
    #: Its rows can go: a fact that is recorded late may say that there was none.
    can_shrink: bool = False

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(column.name for column in self.columns)

    def subject_of(self, row: tuple[Any, ...]) -> tuple[str, str]:
        """Kind and id of the stream that a row is about; of one about no goal the thing that it names as parent."""
        value = row[self._subject_place]
        if value is not None:
            return str(self.subject), value
        kind = "goal" if row[self.column_names.index("parent_kind")] == "goal" else "charter"
        return kind, row[self.column_names.index("parent_id")]

    def without(self, rows: Iterator[tuple[Any, ...]], members: frozenset[UUID] | None) -> Iterator[tuple[Any, ...]]:
        """The rows; of a mart of persons without those about these members. None stands for all members."""
        if not self.is_person_level or members == frozenset():
            return rows
        if members is None:
            return iter(())
        hidden = {str(member) for member in members}
        return (row for row in rows if row[self._subject_place] not in hidden)

    @cached_property
    def _subject_place(self) -> int:
        return self.column_names.index(self.subject_column)

    def may_lack(self, column: MartColumn) -> bool:
        """Whether a row can be without it: as the column says, or because the row is `deleted`."""
        return column.nullable or (self.can_shrink and column.name not in (*self.key, "position", "deleted"))

    def find_column(self, name: str) -> MartColumn:
        """The column of that name; raises `StopIteration` for none."""
        return next(column for column in self.columns if column.name == name)


POSITION = MartColumn(
    "position", "integer", "The organisation's gapless, commit-ordered sequence: the event that last changed the row."
)
#: Last in every mart.
DELETED = MartColumn("deleted", "boolean", "true: no row has this key any more; all but position and key is empty.")

EVENT_ID = MartColumn("event_id", "uuid", "The event.")
GOAL_ID = MartColumn("goal_id", "uuid", "The goal.")
GOAL_REF = MartColumn("goal_ref", "text", "The source's own id of the goal.", nullable=True)
TEAM_ID = MartColumn("team_id", "uuid", "The team whose goal it is.", nullable=True)


def member_column(name: str, comment: str, *, nullable: bool = True, since: int = 1) -> MartColumn:
    """A column with a member's id: a pseudonym."""
    return MartColumn(name, "uuid", comment, nullable=nullable, personal="pseudonym", since=since)


def instant_column(name: str, comment: str, *, nullable: bool = True, since: int = 1) -> MartColumn:
    """A column with an instant."""
    return MartColumn(name, "timestamp", comment, nullable=nullable, since=since)


#: Of a dimension whose rows are versions: between which instants one held, and between which it was the last recorded.
VALIDITY = (
    instant_column("valid_from", "Business time from which it held, inclusive.", nullable=False),
    instant_column("valid_to", "Business time until which it held, exclusive; empty: it holds still."),
    instant_column("recorded_from", "When its beginning was recorded.", nullable=False),
    instant_column("recorded_to", "When its end was recorded; empty: it holds still."),
)


def table_of(mart: Mart, *, versioned: bool = True) -> Table:
    """Where its rows are stored, but for what names people. `versioned`: one row for each wording."""
    columns = tuple(_to_stored(mart, c, versioned=versioned) for c in mart.columns if c.personal != "identity")
    if versioned:
        # Positions first: an export that goes on behind a position reads the end of this index, and it is the only one.
        rest = [name for name in mart.key if not (mart.is_final and name == "event_id")]
        return Table(
            name=f"mart_{mart.name}",
            columns=(*SYSTEM_TIME, *columns),
            key=("organisation_id", "position", *rest),
            comment=mart.comment,
            is_clustered=True,
        )
    return Table(
        name=f"mart_{mart.name}",
        columns=(SYSTEM_TIME[0], *columns),
        key=("organisation_id", *mart.key),
        indexes=(("organisation_id", "position"),),
        comment=mart.comment,
    )


def identity_table_of(mart: Mart) -> Table | None:
    """Where names and references of members are stored: by row, so that they can be withheld; None: it has none."""
    if not any(column.personal == "identity" for column in mart.columns):
        return None
    columns = [_to_stored(mart, c, versioned=True) for c in _identity_columns(mart)]
    return Table(
        name=f"mart_{mart.name}_identity",
        columns=(*SYSTEM_TIME, *columns),
        key=("organisation_id", "position", *mart.key),
        comment=f"Personal: who the members of `{mart.name}` are.",
    )


def _identity_columns(mart: Mart) -> list[MartColumn]:
    wanted = ("position", *mart.key)
    return [column for column in mart.columns if column.name in wanted or column.personal == "identity"]


def identity_places(mart: Mart) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Indexes into a row: what the mart's table holds, and what the one with names holds. None: all is in the first."""
    apart = {column.name for column in mart.columns if column.personal == "identity"}
    if not apart:
        return None
    names, first = [*(column.name for column in SYSTEM_TIME), *mart.column_names], len(SYSTEM_TIME)
    named = {column.name for column in _identity_columns(mart)}
    return (
        tuple(place for place, name in enumerate(names) if name not in apart),
        tuple(place for place, name in enumerate(names) if place < first or name in named),
    )


def _to_stored(mart: Mart, column: MartColumn, *, versioned: bool) -> Column:
    """A deleted row is empty but for its key."""
    may_go = versioned and mart.may_lack(column)
    return Column(column.name, _STORED_TYPES[column.type], column.comment, nullable=column.nullable or may_go)
