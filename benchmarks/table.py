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
        table.add_row(*_ours(result), style="bold")
        for peer in result.peers:
            ratio, worst = (f"{value:.2f} x" for value in (peer.ratio or 0, peer.worst_ratio or 0))
            figures = figure(peer.median, result.unit), figure(peer.worst, result.unit)
            table.add_row("", "", f"  {peer.name}", *figures, ratio, worst, "", style="dim")
    console.print(table)


def _ours(result: Result) -> tuple[str, ...]:
    figures = figure(result.ours.median, result.unit), figure(result.ours.worst, result.unit)
    name = f"{result.name} *" if any(share > CALM for share in result.others) else result.name
    return (name, result.store, result.ours.name, *figures, "", "", target(result))


def target(result: Result) -> str:
    """The target and whether the median reached it; empty where there is none."""
    if result.target is None:
        return ""
    sign = ">=" if result.unit == "1/s" else "<="
    limit = f"{result.target.limit:g} x" if result.target.of == "ratio" else figure(result.target.limit, result.unit)
    return f"{sign} {limit} {'yes' if result.reached else 'MISSED'}"


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
        figures = f"**{figure(result.ours.median, result.unit)}** | {figure(result.ours.worst, result.unit)}"
        name, ours = _ours(result)[0], result.ours.name
        lines.append(f"| {name} | {result.store} | {ours} | {figures} | | | {target(result)} |")
        for peer in result.peers:
            figures = f"{figure(peer.median, result.unit)} | {figure(peer.worst, result.unit)}"
            ratios = f"{peer.ratio or 0:.2f} x | {peer.worst_ratio or 0:.2f} x"
            lines.append(f"| | | {peer.name} | {figures} | {ratios} | |")
    return "\n".join(lines) + "\n"


def kept(path: Path, run: dict[str, Any], results: Sequence[Result]) -> None:
    """Write the run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode({**run, "results": results}), indent=1) + b"\n")


def read(path: Path) -> list[Result]:
    """The results of a kept run."""
    return msgspec.json.decode(
        msgspec.json.encode(msgspec.json.decode(path.read_bytes())["results"]), type=list[Result]
    )
