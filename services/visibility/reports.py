"""What of a report a viewer may see: own and led persons, visible goals, groups of five or more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import replace

from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import Figure, FigureList, IdKind, QuotesGoal, Report, ReportScope
from projections.lineage.links import load_goals_by_id
from projections.people import members_at
from services.authorization import Viewer
from services.visibility.groups import GroupVisibility
from services.visibility.policy import GoalVisibility, can_see_scope, is_unrestricted

# The kind of each id is declared on its field (`IdKind`): the rules are applied to the typed report.

R = TypeVar("R", bound=Report)
S = TypeVar("S", bound=msgspec.Struct)
#: Kinds of ids that `names` of a report can name.
_NAMED_KINDS = frozenset(IdKind) - {IdKind.EVENT, IdKind.PART}
_GOAL_KINDS = frozenset({IdKind.SUBJECT_GOAL, IdKind.QUOTED_GOAL})


class RowFields(NamedTuple):
    """The fields of a report's Struct that hold ids, each with its kind, and those that hold rows."""

    ids: tuple[tuple[str, IdKind], ...]
    rows: tuple[str, ...]


@lru_cache(maxsize=256)
def row_fields(cls: type[msgspec.Struct]) -> RowFields:
    """What this Struct declares of its fields. A list of ids (events) has no rule of its own and is left out."""
    hints = get_type_hints(cls, include_extras=True)
    ids = [(name, kind) for name in cls.__struct_fields__ for kind in _id_kinds(hints[name])]
    lists = [name for name in cls.__struct_fields__ if get_origin(hints[name]) is list]
    rows = [name for name in lists if any(map(_is_row, get_args(hints[name])))]
    return RowFields(tuple(ids), tuple(rows))


def _id_kinds(hint: Any) -> Iterator[IdKind]:
    """The kind of `Id` or `Id | None`."""
    for part in (hint, *get_args(hint)):
        yield from (kind for kind in getattr(part, "__metadata__", ()) if isinstance(kind, IdKind))


def _is_row(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def named_ids(row: msgspec.Struct, kinds: frozenset[IdKind] = _NAMED_KINDS) -> Iterator[UUID]:
    """Every id of these kinds in a report or one of its rows, at any depth."""
    fields = row_fields(type(row))
    for name, kind in fields.ids:
        value = getattr(row, name)
        if kind in kinds and value is not None:
            yield value
    for name in fields.rows:
        for part in getattr(row, name):
            yield from named_ids(part, kinds)


class ReportVisibility:
    """What one viewer sees of a report: own and led persons, visible goals, groups of five or more."""

    def __init__(
        self, viewer: Viewer, database: Database, as_of: AsOf, scope: ReportScope, *, is_present: bool
    ) -> None:
        self._viewer = viewer
        self._load = lambda goals: load_goals_by_id(database, as_of, goals)
        self._goals = GoalVisibility(viewer, (), self._load)
        self._everything = is_unrestricted(viewer)
        if self._everything:
            return
        self._groups = GroupVisibility(viewer, members_at(database, as_of), scope, is_present=is_present)

    @property
    def persons(self) -> frozenset[UUID] | None:
        """The members whose own figures the viewer sees; None: all."""
        return None if self._everything else frozenset(self._groups.persons)

    def redact(self, report: R) -> R:
        """The report reduced. A group's withheld figure has the status `withheld`; a person's is left out."""
        if self._everything or report.is_published:
            return report
        self._goals = GoalVisibility(self._viewer, named_ids(report, _GOAL_KINDS), self._load)
        # First: only the report as it was built knows who is behind its figures.
        shown = replace(report, figures=list(self._withhold_groups(report.figures)))
        return self._visible_parts(shown.without_withheld(past=self._groups.may_see_past))

    def _withhold_groups(self, figures: list[Figure]) -> Iterator[Figure]:
        parts = figures.parts if isinstance(figures, FigureList) else [None] * len(figures)
        for figure, behind in zip(figures, parts, strict=True):
            rule = self._groups.find_rule(figure, behind) if figure.is_of_group else None
            yield figure if rule is None else figure.as_withheld(rule)

    def _visible_parts(self, row: S) -> S:
        changed: dict[str, Any] = {}
        for name in row_fields(type(row)).rows:
            if parts := getattr(row, name):
                # An empty tuple is written as `[]`; an empty list would be left out where it is the field's default.
                changed[name] = [self._redacted(part) for part in parts if self._sees(part)] or ()
        return replace(row, **changed) if changed else row

    def _sees(self, row: msgspec.Struct) -> bool:
        return all(self._sees_id(kind, getattr(row, name), row) for name, kind in row_fields(type(row)).ids)

    def _sees_id(self, kind: IdKind, value: UUID | None, row: Any) -> bool:
        if value is None:
            return True
        match kind:
            case IdKind.SUBJECT_GOAL:
                return self._goals.includes(value)
            case IdKind.SUBJECT_MEMBER:
                return value in self._groups.persons
            case IdKind.SUBJECT_CYCLE | IdKind.SUBJECT_EXPERIMENT:
                return can_see_scope(self._viewer, row.team)
        return True

    def _redacted(self, row: msgspec.Struct) -> msgspec.Struct:
        """A row that may be shown, without what of it may not."""
        quoted = (getattr(row, name) for name, kind in row_fields(type(row)).ids if kind is IdKind.QUOTED_GOAL)
        if not all(goal is None or self._goals.includes(goal) for goal in quoted):
            return self._visible_parts(cast("QuotesGoal", row).without_quoted_goal())
        return self._visible_parts(row)
