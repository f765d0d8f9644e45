"""Three pictures of the models of the dbt package: promises, slips, load. Needs matplotlib.

Rows come as dicts from any engine; `duckdb_pictures.py` and `postgres_pictures.py` fetch them. A row that is withheld
(fewer than five persons are behind it) has no figures, and is not drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = dict[str, Any]
#: One colour for each part of the triple, distinct in greyscale print and for people with red-green colour blindness.
_KEPT = {
    "kept_as_promised": ("as promised", "#2a6f97"),
    "kept_as_renegotiated": ("as renegotiated in time", "#89c2d9"),
    "late_or_broken": ("late or broken", "#e07a5f"),
}
_SHADES = ("#2a6f97", "#e07a5f", "#81b29a", "#f2cc8f", "#3d405b", "#a5a58d")
_LARGEST_GROUPS = 5

PROMISES = (
    "SELECT quarter, kept_as_promised, kept_as_renegotiated, late_or_broken, cohort, honoured_share"
    " FROM promise_keeping WHERE scope = 'organisation' AND withheld_by IS NULL ORDER BY quarter"
)
SLIPS = (
    "SELECT quarter, reason_code, slipped_days FROM slip_by_reason_quarter WHERE withheld_by IS NULL"
    " ORDER BY quarter, reason_code"
)
LOADS = "SELECT week, team_id, people, load_ratio FROM load_team_week WHERE withheld_by IS NULL ORDER BY week, team_id"


def draw(fetch: Callable[[str], list[Row]], names: dict[str, str], folder: Path) -> list[Path]:
    """Draw the three as SVG; `names` are those of teams by id. The files."""
    # The same rows make the same bytes.
    mpl.rcParams |= {"svg.hashsalt": "plimsoll", "svg.fonttype": "none"}
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "promises": draw_promises(fetch(PROMISES)),
        "slips": draw_slips(fetch(SLIPS)),
        "load": draw_load(fetch(LOADS), names),
    }
    paths = []
    for name, figure in drawn.items():
        paths.append(folder / f"{name}.svg")
        figure.savefig(paths[-1], metadata={"Date": None})
    return paths


def draw_promises(rows: list[Row]) -> Figure:
    """What became of the promises due in each quarter: three parts of a whole, and no score."""
    figure, axes = _begin("What became of promises", "promises due in the quarter")
    quarters = [_quarter(row["quarter"]) for row in rows]
    below = [0] * len(rows)
    for column, (label, colour) in _KEPT.items():
        counts = [row[column] for row in rows]
        axes.bar(quarters, counts, bottom=below, color=colour, label=label)
        below = [b + count for b, count in zip(below, counts, strict=True)]
    _end(axes)
    return figure


def draw_slips(rows: list[Row]) -> Figure:
    """Days by which due dates moved later, by the reason that was given."""
    figure, axes = _begin("Why due dates slip", "days slipped, by quarter of the agreement")
    quarters = sorted({row["quarter"] for row in rows})
    days: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        days[row["reason_code"] or "none"][row["quarter"]] = row["slipped_days"]
    below = [0] * len(quarters)
    for place, reason in enumerate(sorted(days, key=lambda code: (-sum(days[code].values()), code))):
        counts = [days[reason].get(quarter, 0) for quarter in quarters]
        colour = _SHADES[place % len(_SHADES)]
        axes.bar([_quarter(q) for q in quarters], counts, bottom=below, color=colour, label=reason.replace("_", " "))
        below = [b + count for b, count in zip(below, counts, strict=True)]
    _end(axes)
    return figure


def draw_load(rows: list[Row], names: dict[str, str]) -> Figure:
    """The load of the largest teams as it stood when each week began, and the amber and red lines."""
    figure, axes = _begin("Load of teams, as it stood then", "planned / available hours")
    by_team: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_team[row["team_id"]].append(row)
    largest = sorted(by_team, key=lambda team: (-by_team[team][-1]["people"], team))[:_LARGEST_GROUPS]
    for place, team in enumerate(largest):
        weeks = [row["week"] for row in by_team[team]]
        ratios = [float(row["load_ratio"]) for row in by_team[team]]
        axes.plot(weeks, ratios, color=_SHADES[place], label=names.get(team, team[:8]))
    for line, colour in ((0.85, "#f2a65a"), (1.0, "#c1121f")):
        axes.axhline(line, color=colour, linewidth=0.8, linestyle="--")
    _end(axes)
    return figure


def _begin(title: str, unit: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.set_ylabel(unit)
    return figure, axes


def _end(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", rotation=45)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _quarter(first: date) -> str:
    return f"{first.year} Q{(first.month + 2) // 3}"
