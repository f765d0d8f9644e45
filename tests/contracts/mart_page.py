"""The tables of `docs/bi.md`, written from the registry of marts; `tests/test_docs.py` holds the page against it."""

from __future__ import annotations

from pathlib import Path

from projections.marts.columns import Mart, MartColumn
from projections.marts.registry import MARTS

PAGE = Path(__file__).parents[2] / "docs" / "bi.md"
#: The page above this line is written by hand.
MARK = "<!-- From here on written by `make contracts` from the registry of marts. -->"
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


def write_page() -> None:
    """Write the page's tables anew."""
    by_hand = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    sections = "\n".join(render_mart(mart) for mart in MARTS.values())
    PAGE.write_text(f"{by_hand}{MARK}\n\n{sections}", encoding="utf-8")
