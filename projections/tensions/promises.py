"""Promises at several times of one report: most are the same version at each, and are read once."""

from __future__ import annotations

from typing import Final

from domain.goal.state import PROMISED_STATES
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import Database, Row, query_by_ids
from projections.database.sql import goal_body_sql
from projections.figures import ReportScope
from projections.goals import ReportedPromise, load_goal_rows, to_promised_goal

#: The key of a version, but for the organisation.
_KEY = "stream_id, version, known_from"
#: A version's state never changes, and reports do not change what they read.
_Version = tuple[str, int, int]


class StandingPromises:
    """The promises of a scope that stand, at any time that is asked about with the same knowledge."""

    def __init__(self) -> None:
        self._known: Final[dict[_Version, ReportedPromise]] = {}

    def load(self, database: Database, as_of: AsOf, scope: ReportScope) -> list[ReportedPromise]:
        """Those at `as_of`, by id. Of an earlier week nine in ten are known: only the others' states are read."""
        columns = _KEY if self._known else f"{_KEY}, {goal_body_sql('goals')} AS body"
        rows = load_goal_rows(database, as_of, columns, scope.team, scope.owners, PROMISED_STATES)
        bodies = self._read_unknown(database, as_of, rows) if self._known else {r.stream_id: r.body for r in rows}
        for row in cancellable(rows):
            if row.stream_id in bodies:
                goal = to_promised_goal(bodies[row.stream_id])
                if isinstance(goal, ReportedPromise):
                    self._known[_to_version(row)] = goal
        versions = map(_to_version, rows)
        return [self._known[version] for version in versions if version in self._known]

    def _read_unknown(self, database: Database, as_of: AsOf, rows: list[Row]) -> dict[str, str]:
        """The states of goals whose version is not known."""
        unknown = [row.stream_id for row in rows if _to_version(row) not in self._known]
        found = query_by_ids(database, "support", {"bodies": unknown}, as_of.params)
        return {row.stream_id: row.body for row in found["bodies"]}


def _to_version(row: Row) -> _Version:
    return row.stream_id, row.version, row.known_from
