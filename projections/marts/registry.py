"""Every mart, in one list: the source of its documentation, of its schemas and of schema `bi`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.tables import Table
from projections.marts.additions import FACT_ADDITION, list_additions
from projections.marts.columns import Mart, table_of
from projections.marts.dates import DIM_DATE, list_dates
from projections.marts.load_weeks import FACT_LOAD_WEEK, list_week_loads
from projections.marts.projection import FOLDED_MARTS

#: (database, as_of, after) -> the rows that events behind position `after` changed, added or took away, as stored.
ComputeRows = Callable[[Database, AsOf, int], Iterator[tuple[Any, ...]]]

#: Marts that depend on many streams, and how each is computed from the views.
COMPUTED_MARTS: dict[str, tuple[Mart, ComputeRows]] = {
    mart.name: (mart, compute)
    for mart, compute in (
        (FACT_LOAD_WEEK, list_week_loads),
        (FACT_ADDITION, list_additions),
        (DIM_DATE, list_dates),
    )
}


def _sort_key(mart: Mart) -> tuple[int, str]:
    return ("fact", "dim", "bridge").index(mart.name.partition("_")[0]), ""


#: Facts, dimensions, bridges.
MARTS: dict[str, Mart] = {
    mart.name: mart for mart in sorted((*FOLDED_MARTS, *(mart for mart, _ in COMPUTED_MARTS.values())), key=_sort_key)
}
#: Where the computed ones are kept for readers of schema `bi`.
SNAPSHOT_TABLES: dict[str, Table] = {
    name: table_of(mart, versioned=False) for name, (mart, _) in COMPUTED_MARTS.items()
}
