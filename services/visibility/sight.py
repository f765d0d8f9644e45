"""A viewer's sight as the projections take it: names, titles and entries of histories, as far as they may be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.cycle.state import Cycle
from domain.instants import encode_json
from domain.registry import EVENTS
from ledger.ledger import Ledger
from projections.as_of import AsOf
from projections.database.database import Database
from projections.history.narrative.context import find_ids
from projections.lineage.links import load_goals_by_id
from projections.sight import StoredEntry, load_stream_names
from services.authorization import Viewer, can_see_everything
from services.visibility.events import EventVisibility, has_rules
from services.visibility.policy import GoalFilter, GoalVisibility, goals_of_cycle, redact_cycle


class ViewerSight:
    """One viewer's `projections.sight.Sight`, for one request.

    `now` gives the present `AsOf`: what may be seen is a matter of how things stand now, not of the time asked about.
    `goal`: one that is known to be visible already.
    """

    def __init__(  # noqa: PLR0913 - two stores, who asks, and what is known
        self,
        ledger: Ledger,
        database: Database,
        viewer: Viewer,
        now: Callable[[], AsOf],
        *,
        goal: UUID | None = None,
    ) -> None:
        self._database = database
        self._viewer = viewer
        self._now = now
        self._events = EventVisibility(ledger, viewer)
        if goal is not None:
            self._events.remember("goal", {goal: True})

    def load_names(self, database: Database, as_of: AsOf, ids: Iterable[UUID | str | None]) -> Mapping[str, str]:
        """Id -> how people called it at `as_of`: members, teams and purposes for all, the rest for who may see it."""
        known = load_stream_names(database, as_of, ids)
        if can_see_everything(self._viewer):
            return {named.id: named.name for named in known}
        self._look_up_goals(named.id for named in known if named.kind == "goal")
        return {
            named.id: named.name
            for named in known
            if named.kind in _NAMED_FOR_ALL or self._events.can_see_stream(named.kind, UUID(named.id))
        }

    def redact_entry(self, entry: StoredEntry) -> StoredEntry | None:
        """The entry as the feed would show its event: reduced alike, or not at all."""
        if self._events.is_unrestricted or not has_rules(entry.type):
            return entry
        if entry.type not in EVENTS:
            return None
        if entry.kind == "cycle":
            self._look_up_goals(find_ids(entry.data, entry.before, entry.after))
        fact: Any = msgspec.json.decode(entry.data, type=EVENTS[entry.type])
        shown = self._events.redact_fact(entry.kind, UUID(entry.stream_id), fact, version=entry.version)
        if shown is None:
            return None
        if entry.kind == "cycle":
            entry = replace(entry, before=self._redact_goals(entry.before), after=self._redact_goals(entry.after))
        return entry if shown is fact else replace(entry, data=encode_json(shown).decode())

    def build_filter(self, goals: Iterable[UUID]) -> GoalFilter:
        """Which of these goals may be seen, looked up in one statement."""
        self._look_up_goals(map(str, goals))
        return lambda goal: self._events.can_see_stream("goal", goal)

    def redact_cycles(self, cycles: Sequence[Cycle]) -> list[Cycle]:
        """The cycles without the goals that may not be seen, counted neither."""
        sees = self.build_filter({goal for cycle in cycles for goal in goals_of_cycle(cycle)})
        return [redact_cycle(cycle, sees) for cycle in cycles]

    def _look_up_goals(self, ids: Iterable[str]) -> None:
        """Whether goals of these ids may be seen, in one statement: a cycle may hold hundreds."""
        wanted = [stream for stream in map(UUID, ids) if not self._events.knows("goal", stream)]
        seen = GoalVisibility(self._viewer, wanted, lambda goals: load_goals_by_id(self._database, self._now(), goals))
        self._events.remember("goal", {goal: seen.includes(goal) for goal in wanted})

    def _redact_goals(self, values: str) -> str:
        """The goals of a cycle's values before and after its event, as far as they may be seen."""
        items = msgspec.json.decode(values)
        if not items.get("goals"):
            return values
        seen = [held for held in items["goals"] if self._events.can_see_stream("goal", UUID(held["goal"]))]
        return msgspec.json.encode(items | {"goals": seen}).decode()


#: A member's own figures are for few, their name is for all.
_NAMED_FOR_ALL = frozenset({"member", "team", "charter"})
