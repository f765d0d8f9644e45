"""What a run says: a table for eyes, JSON for keeping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness import CALM, Result


def printed(results: Sequence[Result], console: Console) -> None:
    """Median and worst round of ours, then of each peer with our ratio to it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, side in (("", "left"), ("store", "left"), ("who", "left")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    for column in ("median", "worst", "ours is", "worst", "target"):
        table.add_column(column, justify="right")
    for result in results:
        for number, row in enumerate(rows(result)):
            table.add_row(*row, style="dim" if number else "bold")
    console.print(table)


def rows(result: Result) -> list[tuple[str, ...]]:
    """Case, store, who, median, worst round, our ratio to it, the worst round's ratio, targets: ours first."""
    name = f"{result.name} *" if any(share > CALM for share in result.others) else result.name
    figures = figure(result.ours.median, result.unit), figure(result.ours.worst, result.unit)
    found: list[tuple[str, ...]] = [(name, result.store, result.ours.name, *figures, "", "", target(result, ""))]
    for peer in result.peers:
        ratios = (f"{value:.2f} x" for value in (peer.ratio or 0, peer.worst_ratio or 0))
        figures = figure(peer.median, result.unit), figure(peer.worst, result.unit)
        found.append(("", "", f"  {peer.name}", *figures, *ratios, target(result, peer.name)))
    return found + [
        ("", "", f"  {gone.name}", "not measured", gone.why, "", "", target(result, gone.name))
        for gone in result.absent
    ]


def target(result: Result, peer: str) -> str:
    """The target that names this peer (none: our own figure), and whether median and worst round reached it."""
    sign = ">=" if result.unit == "1/s" else "<="
    found = next((one for one in result.targets if one.peer == peer), None)
    if found is None:
        return ""
    limit = f"{found.limit:g} x" if found.of == "ratio" else figure(found.limit, result.unit)
    if found.median is None:
        return f"{sign} {limit} unknown"
    reached = "MISSED" if not found.median else "yes" if found.worst else "yes, but not the worst round"
    return f"{sign} {limit} {reached}"


def figure(value: float, unit: str) -> str:
    """Three digits that mean something, and the unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def markdown(results: Sequence[Result]) -> str:
    """The same as a table for `docs/benchmarks.md`."""
    lines = [
        "| what | store | who | median | worst round | ours is | in its worst round | target |",
        "|---|---|---|--:|--:|--:|--:|---|",
    ]
    for result in results:
        for number, row in enumerate(rows(result)):
            cells = [cell.strip().replace("|", "/").replace("\n", " ") for cell in row]
            if not number:
                cells[3] = f"**{cells[3]}**"
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def save(path: Path, run: dict[str, Any], results: Sequence[Result]) -> None:
    """Write the run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode({**run, "results": results}), indent=1) + b"\n")


def read(path: Path) -> list[Result]:
    """The results of a kept run."""
    return msgspec.convert(msgspec.json.decode(path.read_bytes())["results"], list[Result])
