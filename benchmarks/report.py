"""The report of a run: a table to read, and JSON to keep."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness import MAX_FOREIGN_SHARE, Result
from benchmarks.worker_process import ROOT


def print_table(results: Sequence[Result], console: Console) -> None:
    """Median and worst round of ours, then of each peer with our ratio to it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, side in (("", "left"), ("store", "left"), ("who", "left")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    for column in ("median", "worst", "ours is", "worst", "target"):
        table.add_column(column, justify="right")
    for result in results:
        for number, row in enumerate(build_rows(result)):
            table.add_row(*row, style="dim" if number else "bold")
    console.print(table)


def build_rows(result: Result) -> list[tuple[str, ...]]:
    """Case, store, who, median, worst round, our ratio to it, the worst round's ratio, targets: ours first."""
    name = f"{result.name} *" if any(share > MAX_FOREIGN_SHARE for share in result.others) else result.name
    figures = format_figure(result.ours.median, result.unit), format_figure(result.ours.worst, result.unit)
    found: list[tuple[str, ...]] = [(name, result.store, result.ours.name, *figures, "", "", format_target(result, ""))]
    for peer in result.peers:
        ratios = (f"{value:.2f} x" for value in (peer.ratio or 0, peer.worst_ratio or 0))
        figures = format_figure(peer.median, result.unit), format_figure(peer.worst, result.unit)
        found.append(("", "", f"  {peer.name}", *figures, *ratios, format_target(result, peer.name)))
    return found + [
        ("", "", f"  {gone.name}", "not measured", gone.why, "", "", format_target(result, gone.name))
        for gone in result.absent
    ]


def format_target(result: Result, peer: str) -> str:
    """The target that names this peer (none: our own figure), and whether median and worst round reached it."""
    sign = ">=" if result.unit == "1/s" else "<="
    found = next((one for one in result.targets if one.peer == peer), None)
    if found is None:
        return ""
    limit = f"{found.limit:g} x" if found.of == "ratio" else format_figure(found.limit, result.unit)
    if found.median is None:
        return f"{sign} {limit} unknown"
    reached = "MISSED" if not found.median else "yes" if found.worst else "yes, but not the worst round"
    return f"{sign} {limit} {reached}"


def format_figure(value: float, unit: str) -> str:
    """Three digits that mean something, and the unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def to_markdown(results: Sequence[Result]) -> str:
    """The same as a table for `docs/benchmarks.md`."""
    lines = [
        "| what | store | who | median | worst round | ours is | in its worst round | target |",
        "|---|---|---|--:|--:|--:|--:|---|",
    ]
    for result in results:
        for number, row in enumerate(build_rows(result)):
            cells = [cell.strip().replace("|", "/").replace("\n", " ") for cell in row]
            if not number:
                cells[3] = f"**{cells[3]}**"
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def save(path: Path, run: dict[str, Any], results: Sequence[Result]) -> None:
    """Write the run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode({**run, "results": results}), indent=1) + b"\n")


def load_results(path: Path) -> list[Result]:
    """The results of a kept run."""
    return msgspec.convert(msgspec.json.decode(path.read_bytes())["results"], list[Result])


PAGE = ROOT / "docs" / "benchmarks.md"
BEGINS, ENDS = "<!-- figures: python -m benchmarks.page -->", "<!-- end of figures -->"


def render_run(path: Path) -> str:
    """What stands between the page's marks: when and on what, then the table."""
    run: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    machine = run["machine"]
    about = (
        f"Begun {run['began'][:16].replace('T', ' ')} UTC, commit {machine['commit']}; {machine['processors']} cores"
        f" ({machine['processor']}), {machine['memory_gb']:g} GB, {machine['filesystem']}; Python {machine['python']},"
        f" {', '.join(f'{name} {version}' for name, version in sorted(run['stores'].items()))}."
        f" {run['durability']}. The whole run took {run.get('seconds', 0) // 60} minutes."
    )
    quick = " **A quick look, not a figure.**" if run["quick"] else ""
    failed = "".join(
        f"\nSuite `{suite}` failed: {why.splitlines()[0]}\n" for suite, why in run.get("failed", {}).items()
    )
    rounds = _render_rounds(path)
    return f"{about}{quick} {rounds}\n{failed}\n{to_markdown(load_results(path))}{_render_shares(load_results(path))}"


def _render_shares(results: Sequence[Result]) -> str:
    """Who used the processors while ours was at work: what stands in the way of more."""
    lines = []
    for result in results:
        found = {name: value for name, value in result.ours.beside.items() if name.endswith("_share")}
        if "api_share" in found:
            shares = ", ".join(f"{name.removesuffix('_share')} {value:.2f}" for name, value in found.items())
            lines.append(f"- {result.name} ({result.store}): {shares}")
    if not lines:
        return ""
    return (
        "\nProcessors used by each side during ours (1.00 is one core, there is no more in one Python process):\n\n"
        + ("\n".join(lines) + "\n")
    )


def _render_rounds(path: Path) -> str:
    results = load_results(path)
    again = sum(len(result.disturbed) for result in results)
    count = sorted({len(result.ours.values) for result in results})
    return (
        f"Rounds of a case: {' or '.join(map(str, count))}; measured again because others used the machine: {again}."
        if results
        else ""
    )


def write_page(*kept: Path, page: Path = PAGE) -> None:
    """Put the runs between the page's marks, in this order. Raises ValueError where the page has none."""
    former = page.read_text()
    pattern = re.compile(f"{re.escape(BEGINS)}.*{re.escape(ENDS)}", re.DOTALL)
    if not pattern.search(former):
        raise ValueError(f"{page} has no place for figures")
    tables = "\n".join(render_run(path) for path in kept)
    page.write_text(pattern.sub(lambda _: f"{BEGINS}\n{tables}\n{ENDS}", former))


if __name__ == "__main__":
    write_page(*map(Path, sys.argv[1:]))
