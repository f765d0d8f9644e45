"""From a sheet's records to the lines of an import: who and what they name, and which acts each row comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from services.imports.sheets.acts import ActBuilder, People, SheetAct, require_fields
from services.imports.sheets.identity import order_by_parent
from services.imports.sheets.known import KnownNames, LedgerLookup, Resolved
from services.imports.sheets.records import CellProblem, Record

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime import Runtime

F = SheetField


class PlannedRow(msgspec.Struct, gc=False):
    """A row and the acts that it comes to."""

    record: Record
    acts: list[SheetAct] = []
    is_known: bool = False
    not_taken: list[SheetField] = []


class SetUp(msgspec.Struct, gc=False):
    """A team or member that rows need and that is not known: created before them."""

    act: SheetAct
    #: Numbers of the rows that need it.
    rows: set[int]


class SheetPlan(msgspec.Struct):
    """All acts of a sheet, in the order in which they are decided."""

    rows: list[PlannedRow]
    set_ups: list[SetUp]


class Planner:
    """Plans the import of one sheet. What is wrong with a row is added to its record's problems."""

    def __init__(
        self, runtime: Runtime, organisation_id: UUID, chosen: ColumnMap, *, zone: ZoneInfo, base: datetime
    ) -> None:
        self._lookup = LedgerLookup(runtime, organisation_id)
        self._map = chosen
        self._zone = zone
        self._base = base
        self._set_ups: dict[tuple[str, str], SetUp] = {}

    def plan(self, records: Sequence[Record]) -> SheetPlan:
        """The plan of these records, which have their references."""
        wanted = [record for record in records if record.status is not RowStatus.SKIP]
        self._members = self._lookup.load_members(_texts(wanted, (F.OWNER, F.SPONSOR), self._map.leads.values()))
        self._teams = self._lookup.load_teams(_texts(wanted, (F.TEAM,)))
        goals = self._lookup.load_goals([record.ref for record in wanted if record.ref] + _texts(wanted, (F.PARENT,)))
        own_ids = ActBuilder(self._map, self._zone, self._base, ())
        asked = (own_id for record in wanted if record.ref in goals for own_id in own_ids.list_own_ids(record))
        builder = ActBuilder(self._map, self._zone, self._base, self._lookup.find_rows(asked))
        parents, parent_refs = self._find_parents(wanted, goals)
        ordered, circular = order_by_parent(wanted, parents)
        for record in circular:
            self._add_problem(record, F.PARENT, "invalid_field", "this row is its own ancestor")
        rows = [self._plan_row(record, goals, builder, parent_refs.get(record.number)) for record in ordered]
        skipped = [PlannedRow(record) for record in records if record.status is RowStatus.SKIP]
        rows += [PlannedRow(record) for record in circular] + skipped
        return SheetPlan(rows, self._date_set_ups(rows))

    def _plan_row(self, record: Record, goals: dict[str, Any], builder: ActBuilder, parent: str | None) -> PlannedRow:
        goal = goals.get(record.ref)
        if goal is None:
            require_fields(record, self._map, builder.opens_as(record))
        # Of a goal that there is the parties are known.
        people = self._find_people(record, parent) if goal is None else People("", None, None, parent)
        if record.problems:
            return PlannedRow(record, [], is_known=goal is not None)
        if goal is None:
            return PlannedRow(record, builder.open_goal(record, people))
        acts, not_taken = builder.update_goal(record, people, goal)
        return PlannedRow(record, acts, is_known=True, not_taken=not_taken)

    # --- who ------------------------------------------------------------------------------------------------------

    def _find_people(self, record: Record, parent: str | None) -> People:
        """The row's people and team, each of whom may have to be created first."""
        owner, sponsor = (
            self._resolve(record, field, self._members, "member", create=self._map.create_members)
            for field in (F.OWNER, F.SPONSOR)
        )
        team = self._resolve(record, F.TEAM, self._teams, "team", create=self._map.create_teams)
        if record.problems:
            return People("", None, None, parent)
        if team is not None and not team.is_known:
            self._create_team(record, team, sponsor or owner)
        for field, found in ((F.OWNER, owner), (F.SPONSOR, sponsor)):
            if found is not None and not found.is_known:
                self._create_member(record, field, found, team if field is F.OWNER else None)
        return People(owner.ref if owner else "", sponsor.ref if sponsor else None, team.ref if team else None, parent)

    def _resolve(
        self, record: Record, field: SheetField, names: KnownNames, kind: str, *, create: bool
    ) -> Resolved | None:
        text = record.get(field)
        if text is None:
            return None
        found = names.resolve(text)
        if found.is_ambiguous:
            self._add_problem(
                record, field, "ambiguous", f"several {kind}s are called {text[:60]!r}: write the reference"
            )
        elif not found.is_known and not create:
            words = f"no {kind} is called {text[:60]!r}"
            self._add_problem(record, field, "not_found", words, setting=f"create_{kind}s")
        return found

    def _create_team(self, record: Record, team: Resolved, sponsor: Resolved | None) -> None:
        named = self._map.leads.get(record.get(F.TEAM), self._map.leads.get(team.ref))
        lead = self._members.resolve(named) if named is not None else sponsor
        if lead is None:
            return
        row = {"do": "team.create", "team": team.ref, "name": record.get(F.TEAM), "lead": lead.ref}
        self._add_set_up("team", team.ref, record, F.TEAM, lead.ref, row)
        if named is not None and not lead.is_known and self._map.create_members:
            self._add_member(record, F.TEAM, lead.ref, named, None)

    def _create_member(self, record: Record, field: SheetField, member: Resolved, team: Resolved | None) -> None:
        self._add_member(record, field, member.ref, record.get(field), team.ref if team else None)

    def _add_member(self, record: Record, field: SheetField, ref: str, name: str, team: str | None) -> None:
        row = {"do": "member.join", "member": ref, "name": name, **({"team": team} if team else {})}
        self._add_set_up("member", ref, record, field, ref, row)

    def _add_set_up(self, kind: str, ref: str, record: Record, field: SheetField, by: str, row: dict[str, Any]) -> None:
        known = self._set_ups.get((kind, ref))
        if known is None:
            row = {"by": by, **row, "id": f"sheet:{kind}:{ref}"[:200]}
            self._set_ups[kind, ref] = SetUp(SheetAct(row, field, None), {record.number})
            return
        known.rows.add(record.number)
        if "team" in row:
            # Who asked for something before was a member of no team yet.
            known.act.row.setdefault("team", row["team"])

    def _date_set_ups(self, rows: Iterable[PlannedRow]) -> list[SetUp]:
        """The set-ups, teams first, at the instant of the first act that may need them."""
        first = min((act.row["at"] for row in rows for act in row.acts), key=datetime.fromisoformat, default=None)
        for set_up in self._set_ups.values():
            set_up.act.row["at"] = first or self._base.isoformat()
        return sorted(self._set_ups.values(), key=lambda each: each.act.row["do"] != "team.create")

    # --- what for -------------------------------------------------------------------------------------------------

    def _find_parents(
        self, records: Sequence[Record], goals: dict[str, Any]
    ) -> tuple[dict[int, Record], dict[int, str]]:
        """By the child's number: the row that its parent is, and the parent's reference."""
        by_id = {str(record.get(F.ID)): record for record in records if record.get(F.ID) is not None}
        by_title: dict[str, list[Record]] = {}
        for record in records:
            if record.get(F.TITLE) is not None:
                by_title.setdefault(record.get(F.TITLE), []).append(record)
        parents: dict[int, Record] = {}
        refs: dict[int, str] = {}
        for record in records:
            text = record.get(F.PARENT)
            if text is None:
                continue
            called = [by_id[text]] if text in by_id else by_title.get(text, [])
            if len(called) == 1:
                parents[record.number], refs[record.number] = called[0], called[0].ref
            elif called:
                self._add_problem(record, F.PARENT, "ambiguous", f"{len(called)} rows are called {text[:60]!r}")
            elif text in goals:
                refs[record.number] = text
            else:
                self._add_problem(record, F.PARENT, "not_found", f"no row and no goal is called {text[:60]!r}")
        return parents, refs

    def _add_problem(
        self, record: Record, field: SheetField, code: str, detail: str, *, setting: str | None = None
    ) -> None:
        record.problems.append(
            CellProblem(
                column=self._map.columns.get(field),
                field=field,
                code=code,
                detail=detail,
                setting=setting,
            )
        )


def _texts(records: Iterable[Record], fields: Sequence[SheetField], more: Iterable[str] = ()) -> list[str]:
    found = dict.fromkeys(record.get(field) for record in records for field in fields)
    return [text for text in (*found, *more) if text is not None]
