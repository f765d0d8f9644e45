"""What one goal supports and what supports it: each link, since when it is affirmed, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.goal.state import PROMISED_STATES
from domain.instants import from_micros
from projections.as_of import AsOf
from projections.database.database import Database
from projections.history.narrative.phrases import excerpt
from projections.lineage.links import (
    MAX_ENTRIES,
    Link,
    MaterialChange,
    SupportedGoal,
    find_unaffirmed_link,
    links_at,
    load_material_changes,
    load_statements_by_parent,
    parents_at,
)
from projections.lineage.upstream import PurposeVersionEntry, load_purpose_versions
from projections.sight import Sight

_MAX_TITLE_LENGTH = 200


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One link, seen from one of its ends."""

    kind: Literal["goal", "purpose"]
    #: The other end: a goal, or the charter whose purpose it is.
    goal: UUID | None = None
    charter: UUID | None = None
    #: A goal's title, a purpose's words; empty where they are not for you.
    title: str
    state: str | None = None
    #: When the supporting goal's owner last said that it holds, and by which event.
    affirmed_at: datetime
    affirmed_by: UUID
    #: What is supported moved on since: when, by which events, and by when an answer is due. Null: affirmed.
    unaffirmed_since: datetime | None = None
    events: list[UUID] = []
    until: datetime | None = None
    overdue: bool = False


class GoalLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Up and down, by id; of the goals below only promises that stand."""

    goal: UUID
    supports: list[LinkView]
    supported_by: list[LinkView]
    #: There are more below than the 200 that are listed.
    more: bool


def load_goal_links(database: Database, as_of: AsOf, goal: UUID, *, sight: Sight) -> GoalLinks:
    """The links of one goal at `as_of`."""
    above = links_at(database, as_of, [goal]).get(goal, [])
    last = {statement.goal: statement for statement in load_statements_by_parent(database, as_of, [goal]).get(goal, [])}
    below = [Link(s.goal, s.event_id, s.at) for s in sorted(last.values(), key=lambda s: s.goal.int) if s.affirmed]
    moved = load_material_changes(database, as_of, [goal, *(link.parent for link in above)])
    called = parents_at(database, as_of, [link.parent for link in (*above, *below)])
    standing = [link for link in below if link.parent in called and called[link.parent].state in PROMISED_STATES]
    purposes = {
        link.parent: load_purpose_versions(database, as_of, link.parent, sight=sight) for link in above if link.purpose
    }
    return GoalLinks(
        goal=goal,
        supports=[_build_link_view(link, moved.get(link.parent, []), called, purposes, as_of) for link in above],
        supported_by=[
            _build_link_view(link, moved.get(goal, []), called, purposes, as_of) for link in standing[:MAX_ENTRIES]
        ],
        more=len(standing) > MAX_ENTRIES,
    )


def _build_link_view(
    link: Link,
    moved: Iterable[MaterialChange],
    called: Mapping[UUID, SupportedGoal],
    purposes: Mapping[UUID, list[PurposeVersionEntry]],
    as_of: AsOf,
) -> LinkView:
    waits = find_unaffirmed_link(link, moved, as_of)
    other = called.get(link.parent)
    title = other.title if other else ""
    if link.purpose:
        words = purposes.get(link.parent)
        title = excerpt(words[-1].words, _MAX_TITLE_LENGTH) if words else ""
    return LinkView(
        kind="purpose" if link.purpose else "goal",
        goal=None if link.purpose else link.parent,
        charter=link.parent if link.purpose else None,
        title=title,
        state=other.state if other else None,
        affirmed_at=from_micros(link.at),
        affirmed_by=link.event_id,
        unaffirmed_since=from_micros(waits.since[0].at) if waits else None,
        events=[m.event_id for m in waits.since] if waits else [],
        until=waits.until if waits else None,
        overdue=waits.overdue if waits else False,
    )
