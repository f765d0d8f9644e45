"""How an organisation's spreadsheet is read: which column holds what, and what its words mean."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from domain.references import Ref
from domain.terms import Priority


class SheetField(StrEnum):
    """What a column of a sheet of goals may hold."""

    ID = "id"
    TITLE = "title"
    OUTCOME = "outcome"
    DESCRIPTION = "description"
    TAGS = "tags"
    OWNER = "owner"
    SPONSOR = "sponsor"
    TEAM = "team"
    KIND = "kind"
    PARENT = "parent"
    PRIORITY = "priority"
    START = "start"
    DUE = "due"
    EFFORT = "effort"
    CONDITIONS = "conditions"
    MEASURE = "measure"
    BASELINE = "baseline"
    TARGET = "target"
    CURRENT = "current"
    PROGRESS = "progress"
    CONFIDENCE = "confidence"
    NOTE = "note"
    STATUS = "status"
    AGREED = "agreed"
    UPDATED = "updated"
    CLOSED = "closed"


class RowStatus(StrEnum):
    """What a word in the column of the status means."""

    #: Nothing beyond what the other columns say.
    OPEN = "open"
    DRAFT = "draft"
    REQUESTED = "requested"
    #: Owner and sponsor have agreed.
    ACTIVE = "active"
    #: The owner says that it is done.
    DELIVERED = "delivered"
    #: The sponsor has said so too.
    SATISFIED = "satisfied"
    CANCELLED = "cancelled"
    #: The row is left out.
    SKIP = "skip"


#: A heading, or a cell's word.
Heading = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
DateFormat = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
MAX_MAP_ENTRIES = 200
Entries = msgspec.Meta(max_length=MAX_MAP_ENTRIES)


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which column of a sheet holds what, and how its dates, numbers and words are meant."""

    #: Field -> the heading of its column.
    columns: Annotated[dict[SheetField, Heading], Entries] = {}
    #: Field -> what rows have whose cell is empty, or all where no column holds it.
    defaults: Annotated[dict[SheetField, Annotated[str, msgspec.Meta(max_length=2000)]], Entries] = {}
    #: Columns whose empty cells mean the cell above: those that were merged.
    fill_down: Annotated[list[SheetField], Entries] = []
    #: Such as DD/MM/YYYY; dates as 2026-03-04 and with the month's name need none.
    date_format: DateFormat | None = None
    #: Field -> its column's own format, where columns differ.
    date_formats: Annotated[dict[SheetField, DateFormat], Entries] = {}
    #: What parts the fraction of a number: 1,200 is 1200 or 1.2.
    decimal: Literal[".", ","] | None = None
    #: Whether a bare 1 means 1 % or all of it.
    progress_in: Literal["percent", "fraction"] | None = None
    effort_in: Literal["hours", "days"] | None = None
    hours_per_day: Annotated[int, msgspec.Meta(ge=1, le=24)] = 8
    #: What parts the conditions in one cell; lines always do.
    conditions_by: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = ";"
    #: Words of the status and of the priority, in any case.
    statuses: Annotated[dict[Heading, RowStatus], Entries] = {}
    priorities: Annotated[dict[Heading, Priority], Entries] = {}
    #: How a row begins that says neither a status nor when it was agreed.
    opens_as: Literal["draft", "requested", "active"] = "requested"
    #: What becomes of other terms in a row that was imported before.
    changes: Literal["propose", "agree", "ignore"] = "propose"
    #: Members and teams that are not known join: a team's lead is who `leads` names, or the first sponsor in it.
    create_members: bool = False
    create_teams: bool = False
    leads: Annotated[dict[Heading, Ref], Entries] = {}
    #: The worksheet; none: the first one that shows.
    worksheet: Heading | None = None
    #: Row of the headings, from 1; none: the first one in which headings are recognised.
    heading_row: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: Literal["utf-8", "utf-16", "cp1252"] | None = None
    #: The tracker or file that its goals came from.
    source: Ref | None = None
