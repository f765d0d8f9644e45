"""What a row says as acts: how a goal begins, what was said of it since, and what it says otherwise now."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from domain.goal.state import Goal, Promised
from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from domain.quantities import to_fraction
from domain.text import compose
from services.imports.sheets.records import CellProblem, Record

F = SheetField
#: What of a row can change the terms of a goal that there is.
TERMS = (F.OUTCOME, F.CONDITIONS, F.MEASURE, F.BASELINE, F.TARGET, F.START, F.DUE, F.EFFORT, F.PRIORITY)
SAID = (F.PROGRESS, F.CONFIDENCE, F.NOTE, F.CURRENT)
#: Hours of the organisation's day at which a day's acts are dated.
_AGREED_AT, _SAID_AT, _CLOSED_AT = time(9), time(12), time(17)
_IMPORTED = "it stood in our spreadsheet"
_CHANGED = "it was changed in our spreadsheet"
_CANCELLED = "our spreadsheet says that it was cancelled"
_AGREED_STATUSES = (RowStatus.ACTIVE, RowStatus.DELIVERED, RowStatus.SATISFIED, RowStatus.CANCELLED)
_LIVE = ("active", "lapsed")


class SheetAct(NamedTuple):
    """One act, as a line of an import has it, and the columns that its `by` and its `at` come from."""

    row: dict[str, Any]
    by: SheetField
    at: SheetField | None


class People(NamedTuple):
    """References of a row's people and team."""

    owner: str
    sponsor: str | None
    team: str | None
    parent: str | None


class ActBuilder:
    """Builds the acts of rows by a map. `base`: the instant at which what has no date is said."""

    def __init__(self, chosen: ColumnMap, zone: ZoneInfo, base: datetime, said: Collection[str]) -> None:
        self._map = chosen
        self._zone = zone
        self._base = base
        #: Ids of rows that were imported before.
        self._said = said

    def list_own_ids(self, record: Record) -> list[str]:
        """The ids under which the ledger may know what the row says."""
        return [self._terms_id(record, "open"), self._terms_id(record, "terms"), self._said_id(record)] + [
            f"{_prefix(record)}:{word}" for word in ("delivered", "satisfied", "cancelled")
        ]

    def opens_as(self, record: Record) -> str:
        """How a new row begins: draft, requested or active."""
        status = record.status
        if status in _AGREED_STATUSES or (status is RowStatus.OPEN and record.get(F.AGREED)):
            return "active"
        how = self._map.opens_as if status is RowStatus.OPEN else status.value
        # Nobody asked for it: its owner's own words.
        return "draft" if how == "requested" and record.get(F.SPONSOR) is None else how

    def open_goal(self, record: Record, people: People) -> list[SheetAct]:
        """The acts of a row whose goal there is not yet."""
        how = self.opens_as(record)
        opening: dict[str, Any] = {
            "goal": record.ref,
            "title": record.get(F.TITLE),
            "terms": self._terms(record, people),
        }
        more = {"team": people.team, "description": record.get(F.DESCRIPTION), "tags": record.get(F.TAGS)}
        opening |= {name: value for name, value in more.items() if value}
        begun, since = self._opened_at(record, how)
        own_id = self._terms_id(record, "open")
        if how == "draft":
            if people.sponsor is not None:
                opening["sponsor"] = people.sponsor
            return [_act("goal.draft", begun, people.owner, own_id, F.OWNER, since, **opening)]
        opening["reason"] = {"code": "new_need", "text": _IMPORTED}
        if how == "requested":
            sponsor = people.sponsor or people.owner
            opening["owner"] = people.owner
            return [_act("goal.request", begun, sponsor, own_id, F.SPONSOR, since, **opening)]
        sponsor = people.sponsor or people.owner
        acts = [_act("goal.offer", begun, people.owner, own_id, F.OWNER, since, sponsor=sponsor, **opening)]
        agreed = min(begun + timedelta(hours=1), self._base)
        if sponsor != people.owner:
            own_id = f"{_prefix(record)}:accepted"
            acts.append(_act("goal.accept", agreed, sponsor, own_id, F.SPONSOR, since, goal=record.ref))
        return acts + self._say(record, people, agreed) + self._end(record, people, agreed, state="active")

    def update_goal(self, record: Record, people: People, goal: Goal) -> tuple[list[SheetAct], list[SheetField]]:
        """The acts of a row whose goal there is, and the fields of which it says something that is not taken."""
        if not isinstance(goal, Promised):
            return [], self._list_untaken(record)
        people = people._replace(owner=str(goal.owner), sponsor=str(goal.sponsor))
        acts = self._say(record, people, None)
        changing, untaken = self._change(record, people, goal)
        return acts + changing + self._end(record, people, self._base, state=goal.state), untaken

    def _list_untaken(self, record: Record) -> list[SheetField]:
        """What a row says of a goal that has not been promised yet, or has ended."""
        is_new = not {self._terms_id(record, "open"), self._terms_id(record, "terms")} & set(self._said)
        untaken = [field for field in TERMS if is_new and record.get(field) is not None]
        return untaken + [field for field in SAID if record.get(field) is not None]

    # --- when -----------------------------------------------------------------------------------------------------

    def _opened_at(self, record: Record, how: str) -> tuple[datetime, SheetField | None]:
        agreed = record.get(F.AGREED)
        return (self._instant(agreed, _AGREED_AT), F.AGREED) if how == "active" and agreed else (self._base, None)

    def _instant(self, day: date, hour: time) -> datetime:
        """That hour of the day; of today no later than now. A day to come stays what it is, and is refused."""
        found = datetime.combine(day, hour, self._zone)
        return self._base if day == self._base.astimezone(self._zone).date() and found > self._base else found

    # --- what -----------------------------------------------------------------------------------------------------

    def _terms(self, record: Record, people: People) -> dict[str, Any]:
        terms: dict[str, Any] = {}
        for field, name in (
            *((F.OUTCOME, "outcome"), (F.CONDITIONS, "conditions"), (F.EFFORT, "effort_hours")),
            *((F.PRIORITY, "priority"), (F.KIND, "kind"), (F.START, "start"), (F.DUE, "due")),
        ):
            value = record.get(field)
            if value is not None:
                terms[name] = value.isoformat() if isinstance(value, date) else value
        if (measure := _measure(record)) is not None:
            terms["measure"] = measure
        if people.parent is not None:
            terms["supports"] = [{"goal": people.parent}]
        return terms

    def _say(self, record: Record, people: People, since: datetime | None) -> list[SheetAct]:
        """The check-in that the row's progress, note and value are, unless it was said before."""
        own_id = self._said_id(record)
        fields = {
            name: record.get(field)
            for field, name in ((F.PROGRESS, "progress"), (F.CONFIDENCE, "confidence"), (F.NOTE, "note"))
            if record.get(field) is not None
        }
        if record.get(F.CURRENT) is not None and record.get(F.TARGET) is not None:
            # Of a measure the progress is computed.
            fields.pop("progress", None)
            fields["value"] = record.get(F.CURRENT)
        if not fields or own_id in self._said:
            return []
        updated, closed = record.get(F.UPDATED), record.get(F.CLOSED)
        at = self._instant(updated, _SAID_AT) if updated else self._base
        if closed:
            at = min(at, self._instant(closed, _SAID_AT))
        if since is not None:
            at = max(at, since)
        column = F.UPDATED if updated else None
        return [_act("goal.check_in", at, people.owner, own_id, F.OWNER, column, goal=record.ref, **fields)]

    def _change(self, record: Record, people: People, goal: Promised) -> tuple[list[SheetAct], list[SheetField]]:
        """The change of terms that the row asks for: none where it says what it said before."""
        if {self._terms_id(record, "open"), self._terms_id(record, "terms")} & set(self._said):
            return [], []
        changes = _differences(record, goal)
        if not changes:
            return [], []
        if self._map.changes == "ignore" or goal.state not in _LIVE:
            return [], [field for field in TERMS if record.get(field) is not None and _NAMES[field] in changes]
        own_id = self._terms_id(record, "terms")
        proposal = {"goal": record.ref, "changes": changes, "reason": {"code": "other", "text": _CHANGED}}
        acts = [_act("goal.propose_change", self._base, people.owner, own_id, F.OWNER, None, **proposal)]
        if self._map.changes == "agree" and people.sponsor != people.owner:
            accepted = f"{own_id}:accepted"
            acts.append(
                _act("goal.accept_change", self._base, people.sponsor or "", accepted, F.SPONSOR, None, goal=record.ref)
            )
        return acts, []

    def _end(self, record: Record, people: People, since: datetime, *, state: str) -> list[SheetAct]:
        """The acts by which a row's status says that it is over, unless they were said before."""
        closed = record.get(F.CLOSED)
        at = max(self._instant(closed, _CLOSED_AT) if closed else self._base, since)
        column = F.CLOSED if closed else None
        sponsor = people.sponsor or people.owner
        acts = []
        status = record.status
        if status is RowStatus.CANCELLED and not self._was_said(record, "cancelled"):
            own_id, reason = f"{_prefix(record)}:cancelled", {"code": "other", "text": _CANCELLED}
            acts.append(_act("goal.cancel", at, sponsor, own_id, F.SPONSOR, column, goal=record.ref, reason=reason))
        if status in (RowStatus.DELIVERED, RowStatus.SATISFIED):
            if state != "delivered" and not self._was_said(record, "delivered"):
                own_id = f"{_prefix(record)}:delivered"
                acts.append(_act("goal.declare_complete", at, people.owner, own_id, F.OWNER, column, goal=record.ref))
            if status is RowStatus.SATISFIED and not self._was_said(record, "satisfied"):
                own_id = f"{_prefix(record)}:satisfied"
                acts.append(_act("goal.declare_satisfied", at, sponsor, own_id, F.SPONSOR, column, goal=record.ref))
        return acts

    def _was_said(self, record: Record, word: str) -> bool:
        return f"{_prefix(record)}:{word}" in self._said

    # --- known again ----------------------------------------------------------------------------------------------

    def _terms_id(self, record: Record, word: str) -> str:
        return f"{_prefix(record)}:{word}:{_digest(record, TERMS)}"

    def _said_id(self, record: Record) -> str:
        """A value that comes back counts as new only where the row says when it was updated."""
        return f"{_prefix(record)}:said:{_digest(record, (*SAID, F.UPDATED))}"


def require_fields(record: Record, chosen: ColumnMap, how: str) -> None:
    """Note what a row lacks to begin a goal in this way."""
    needed = {F.TITLE: "a goal needs a title", F.OWNER: "whose goal is it?"}
    if how != "draft":
        needed |= {F.DUE: "a due date is needed", F.CONDITIONS: "when is it done? one text for all rows is a default"}
    if how == "active" and record.status in (RowStatus.DELIVERED, RowStatus.SATISFIED):
        needed |= {F.CLOSED: "since when is it done?"}
    troubled = {problem.field for problem in record.problems}
    for field, words in needed.items():
        if record.get(field) is None and field not in troubled:
            column = chosen.columns.get(field)
            detail = words if column else f"{words} (no column holds it)"
            record.problems.append(CellProblem(column=column, field=field, code="invalid_field", detail=detail))


def _act(  # noqa: PLR0913 - what a line of an import has
    do: str, at: datetime, by: str, own_id: str, by_field: SheetField, at_field: SheetField | None, **fields: Any
) -> SheetAct:
    row = {"at": at.isoformat(), "by": by, "do": do, "id": own_id, **fields}
    return SheetAct(row, by_field, at_field)


def _prefix(record: Record) -> str:
    ref = record.ref
    return f"sheet:{ref if len(ref) <= 100 else hashlib.sha256(ref.encode()).hexdigest()[:32]}"  # noqa: PLR2004


def _digest(record: Record, fields: Collection[SheetField]) -> str:
    said = {field.value: record.get(field) for field in fields if record.get(field) is not None}
    # A sheet that is saved elsewhere says the same in another Unicode form.
    text = compose(msgspec.json.encode(said, order="sorted").decode())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _measure(record: Record) -> dict[str, Any] | None:
    """What the columns of the measure say: a number to reach."""
    given = {
        name: record.get(field)
        for field, name in ((F.MEASURE, "unit"), (F.BASELINE, "baseline"), (F.TARGET, "target"))
        if record.get(field) is not None
    }
    return {"kind": "number", **given} if "target" in given else None


#: Field -> what it is called among a change's terms.
_NAMES = {
    F.OUTCOME: "outcome",
    F.CONDITIONS: "conditions",
    F.MEASURE: "measure",
    F.BASELINE: "measure",
    F.TARGET: "measure",
    F.START: "start",
    F.DUE: "due",
    F.EFFORT: "effort_hours",
    F.PRIORITY: "priority",
}


def _differences(record: Record, goal: Promised) -> dict[str, Any]:
    """What the row says otherwise than the terms in force."""
    terms = goal.terms
    found: dict[str, Any] = {}
    for field, now in ((F.START, terms.start), (F.DUE, terms.due), (F.OUTCOME, terms.outcome)):
        value = record.get(field)
        if value is not None and not _is_same(value, now):
            found[_NAMES[field]] = value.isoformat() if isinstance(value, date) else value
    if (priority := record.get(F.PRIORITY)) is not None and priority != terms.priority:
        found["priority"] = priority
    if (effort := record.get(F.EFFORT)) is not None and (
        terms.effort_hours is None or to_fraction(effort) != to_fraction(terms.effort_hours)
    ):
        found["effort_hours"] = effort
    conditions = record.get(F.CONDITIONS)
    if conditions and not _is_same(conditions, [condition.text for condition in terms.conditions]):
        found["conditions"] = conditions
    measure = _measure(record)
    if measure is not None and any(
        measure.get(name) is not None and not _is_same(measure[name], getattr(terms.measure, name))
        for name in ("kind", "unit", "baseline", "target")
    ):
        found["measure"] = measure
    return found


def _is_same(said: Any, now: Any) -> bool:
    """Whether both are the same, their texts in whichever Unicode form."""
    if isinstance(said, list):
        return len(said) == len(now) and all(map(_is_same, said, now))
    return bool(compose(said) == compose(now) if isinstance(said, str) and isinstance(now, str) else said == now)
