"""The tables of `docs/bi.md` and `docs/lake.md`, written from the registries; `tests/test_docs.py` holds the pages."""

from __future__ import annotations

from pathlib import Path

from projections.marts.columns import Mart, MartColumn
from projections.marts.registry import MARTS
from services.lake.events import EVENTS
from services.lake.tables import SYNCS

DOCS = Path(__file__).parents[2] / "docs"
#: The page above its line is written by hand.
MARKS = {
    "bi.md": "<!-- From here on written by `make contracts` from the registry of marts. -->",
    "lake.md": "<!-- From here on written by `make contracts` from the tables of a lake. -->",
}
#: The tables of a page.
TABLES: dict[str, list[Mart]] = {"bi.md": list(MARTS.values()), "lake.md": [EVENTS, SYNCS]}
_HEAD = "| column | type | may be empty | unit | people | since | what it is |\n|---|---|---|---|---|---|---|\n"


def column_row(column: MartColumn) -> tuple[str, ...]:
    """The cells of a column's row."""
    personal = "" if column.personal == "none" else column.personal
    empty = "yes" if column.nullable else ""
    return f"`{column.name}`", column.type, empty, column.unit, personal, str(column.since), column.comment


def render_mart(mart: Mart) -> str:
    """The section of one mart."""
    rows = "".join(
        f"| {' | '.join(cell or ' ' for cell in column_row(c))} |\n".replace("|   |", "| |") for c in mart.columns
    )
    key = ", ".join(f"`{name}`" for name in mart.key)
    return f"## `{mart.name}`\n\n{mart.comment} Key: {key}.\n\n{mart.use}\n\n{_HEAD}{rows}"


def write_pages() -> None:
    """Write the pages' tables anew."""
    for name, marts in TABLES.items():
        page, mark = DOCS / name, MARKS[name]
        by_hand = page.read_text(encoding="utf-8").partition(mark)[0]
        sections = "\n".join(render_mart(mart) for mart in marts)
        page.write_text(f"{by_hand}{mark}\n\n{sections}", encoding="utf-8")
