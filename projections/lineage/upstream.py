"""What led to a change, upwards: the parent that moved, the purpose that was revised, the decision that adopted it.

One thing led to another where the proposal names the event (causation), or states that its parent or the purpose set it
off (trigger): then it was the last such event before the proposal. From a parent that led to a change the question goes
on: what led to the parent's?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_optional_id
from projections.history.history import HistoryEntry, load_entries, render_entries
from projections.history.narrative.phrases import excerpt
from projections.lineage.links import (
    MAX_DEPTH,
    MAX_ENTRIES,
    CausedBy,
    LinkStatement,
    MaterialChange,
    SupportedGoal,
    load_material_changes,
    load_statements_by_goal,
    parents_at,
)
from projections.sight import Sight

_SQL = "chains"
_MAX_TITLE_LENGTH = 200


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Something above: a goal or a purpose that is supported, or the decision by which a purpose was adopted."""

    #: 1: supported by the goal asked about; 2: above that; and so on.
    depth: int
    #: The goal, charter or decision below it.
    below: UUID
    kind: Literal["goal", "purpose", "decision"]
    #: Its id, under its kind: one of the three.
    goal: UUID | None = None
    charter: UUID | None = None
    decision: UUID | None = None
    #: Whose the purpose or decision is; null: the organisation's.
    team: UUID | None = None
    #: A goal's title, a purpose's words, a decision's question.
    title: str
    #: A goal's state.
    state: str | None = None
    #: A purpose's version.
    version: int | None = None
    #: Whether it led to what is below: the proposal names it (causation), or the trigger says so.
    caused: bool
    because: CausedBy | None
    #: The event that led to it; else just its last material change.
    changed_by: UUID | None
    changed_at: datetime | None
    text: str | None


class _Level(msgspec.Struct, frozen=True, kw_only=True):
    """Goals whose causes are looked for, and by which of their events."""

    depth: int
    #: Goal -> its events; an empty set: nothing of it needs a cause, only its parents are listed.
    events: dict[UUID, set[UUID]]
    #: Of the goal asked about, what it supports now.
    supports: dict[UUID, list[tuple[UUID, bool]]]


def find_upstream_causes(  # noqa: PLR0913 - what, from where, for whom
    database: Database,
    as_of: AsOf,
    goal: UUID,
    events: Iterable[UUID],
    supports: list[tuple[UUID, bool]],
    *,
    sight: Sight,
) -> list[Upstream]:
    """What is above a goal and led to these events of it; at most 5 steps up and 200 entries.

    `supports`: goals and (True) charters that it supports at `as_of`; listed also where they led to nothing.
    """
    causes: list[Upstream] = []
    seen = {goal}
    level = _Level(depth=1, events={goal: set(events)}, supports={goal: supports})
    while level.events and level.depth <= MAX_DEPTH and len(causes) < MAX_ENTRIES:
        step = list(_find_level_causes(database, as_of, level, sight))
        causes += step
        above = {t.goal: {t.changed_by} for t in step if t.caused and t.goal and t.changed_by and t.goal not in seen}
        seen |= above.keys()
        level = _Level(depth=level.depth + 1, events={g: set(e) for g, e in above.items()}, supports={})
    return causes[:MAX_ENTRIES]


def _find_level_causes(database: Database, as_of: AsOf, level: _Level, sight: Sight) -> Iterator[Upstream]:
    statements = load_statements_by_goal(database, as_of, level.events)
    links = {goal: _group_by_parent(level, goal, statements.get(goal, [])) for goal in level.events}
    goals = {parent for of_goal in links.values() for parent, purpose, _ in of_goal if not purpose}
    charters = {parent for of_goal in links.values() for parent, purpose, _ in of_goal if purpose}
    worded = {
        charter: load_purpose_versions(database, as_of, charter, sight=sight)
        for charter in sorted(charters, key=lambda c: c.int)
    }
    moved = load_material_changes(database, as_of, goals)
    moved |= {
        charter: [MaterialChange(p.event_id, to_micros(p.at), "") for p in versions]
        for charter, versions in worded.items()
    }
    called = parents_at(database, as_of, goals)
    chosen = [
        (goal, parent, purpose, *_find_cause(about, moved.get(parent, [])))
        for goal, of_goal in links.items()
        for parent, purpose, about in of_goal
    ]
    texts = load_entries(
        database, as_of, {(parent, m.event_id) for _, parent, purpose, m, _ in chosen if m and not purpose}, sight
    )
    for goal, parent, purpose, material, because in chosen:
        if because is None and level.depth > 1:
            # Of what led to nothing only the direct parents of the goal in question are listed.
            continue
        if not purpose and parent in called:
            yield _build_goal_cause((level.depth, goal, parent), called[parent], texts, material, because)
        elif purpose and material is not None:
            [version] = [p for p in worded[parent] if p.event_id == material.event_id]
            yield _build_purpose_cause((level.depth, goal, parent), version, because)
            yield from _find_decision_cause(database, as_of, (level.depth, parent), version, sight)


def _group_by_parent(
    level: _Level, goal: UUID, statements: Iterable[LinkStatement]
) -> list[tuple[UUID, bool, list[LinkStatement]]]:
    """Parents, those that it supports first, with the statements of the events in question about them, newest first."""
    events = level.events[goal]
    by_parent: dict[tuple[UUID, bool], list[LinkStatement]] = {key: [] for key in level.supports.get(goal, [])}
    for statement in statements:
        if statement.event_id in events:
            by_parent.setdefault((statement.parent, statement.purpose), []).insert(0, statement)
    return [(parent, purpose, about) for (parent, purpose), about in by_parent.items()]


def _find_cause(
    statements: Iterable[LinkStatement], above: list[MaterialChange]
) -> tuple[MaterialChange | None, CausedBy | None]:
    """The newest that something above led to; else just how the parent last changed."""
    for statement in statements:
        cause = statement.find_cause(above)
        if cause is not None:
            return cause
    return (above[-1] if above else None), None


def _build_goal_cause(
    where: tuple[int, UUID, UUID],
    parent: SupportedGoal,
    texts: Mapping[UUID, HistoryEntry],
    material: MaterialChange | None,
    because: CausedBy | None,
) -> Upstream:
    """`where`: how deep, below which goal, and which goal it is."""
    depth, below, goal = where
    return Upstream(
        depth=depth,
        below=below,
        kind="goal",
        goal=goal,
        title=parent.title,
        state=parent.state,
        caused=because is not None,
        because=because,
        changed_by=material.event_id if material else None,
        changed_at=from_micros(material.at) if material else None,
        text=texts[material.event_id].text if material and material.event_id in texts else None,
    )


# --- purposes and decisions ------------------------------------------------------------------------------------------


class _CharterScope(msgspec.Struct, frozen=True):
    team: UUID | None


class _PurposeRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the event by which a purpose was adopted or revised."""

    of: _CharterScope
    text: str
    version: int
    decision: UUID | None = None


class PurposeVersionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a purpose, as it was adopted."""

    event_id: UUID
    at: datetime
    version: int
    words: str
    #: Whose it is; None: the organisation's.
    team: UUID | None
    decision: UUID | None
    #: The event by which that was decided.
    decided: UUID | None
    text: str


def load_purpose_versions(database: Database, as_of: AsOf, charter: UUID, *, sight: Sight) -> list[PurposeVersionEntry]:
    """How a charter's purpose was adopted and revised, oldest first."""
    params = {**as_of.params, "stream_id": str(charter)}
    rows = database.query(named_statements(_SQL)["purposes"], params)
    entries = {str(entry.event_id): entry for entry in render_entries(database, as_of, rows, sight)}
    versions = []
    for row in rows:
        if (entry := entries.get(row.event_id)) is None:
            continue
        adopted = msgspec.json.decode(row.data, type=_PurposeRow)
        versions.append(
            PurposeVersionEntry(
                event_id=entry.event_id,
                at=entry.occurred_at,
                version=adopted.version,
                words=adopted.text,
                team=adopted.of.team,
                decision=adopted.decision,
                decided=entry.causation_id if adopted.decision is not None else None,
                text=entry.text,
            )
        )
    return versions


def _build_purpose_cause(
    where: tuple[int, UUID, UUID], version: PurposeVersionEntry, because: CausedBy | None
) -> Upstream:
    """The version that led to what is below; else the current one."""
    depth, below, charter = where
    return Upstream(
        depth=depth,
        below=below,
        kind="purpose",
        charter=charter,
        team=version.team,
        title=excerpt(version.words, _MAX_TITLE_LENGTH),
        version=version.version,
        caused=because is not None,
        because=because,
        changed_by=version.event_id,
        changed_at=version.at,
        text=version.text,
    )


def _find_decision_cause(
    database: Database, as_of: AsOf, where: tuple[int, UUID], version: PurposeVersionEntry, sight: Sight
) -> Iterator[Upstream]:
    """The decision by which this version was adopted, known by causation. `where`: how deep, and the charter."""
    depth, charter = where
    if version.decision is None:
        return
    for row in database.query(named_statements(_SQL)["decision"], {**as_of.params, "stream_id": str(version.decision)}):
        decided = version.decided
        entry = (
            load_entries(database, as_of, {(version.decision, decided)}, sight).get(decided)
            if decided is not None
            else None
        )
        yield Upstream(
            depth=depth,
            below=charter,
            kind="decision",
            decision=version.decision,
            team=to_optional_id(row.team),
            title=excerpt(row.question, _MAX_TITLE_LENGTH),
            state=row.state,
            caused=True,
            because="causation",
            changed_by=decided,
            changed_at=entry.occurred_at if entry else None,
            text=entry.text if entry else None,
        )
