"""`python -m benchmarks.page JSON...`: write kept runs into docs/benchmarks.md, each with its table, losses too."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.drones import ROOT
from benchmarks.harness import Result
from benchmarks.table import markdown, read

PAGE = ROOT / "docs" / "benchmarks.md"
BEGINS, ENDS = "<!-- figures: python -m benchmarks.page -->", "<!-- end of figures -->"


def text(path: Path) -> str:
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
    rounds = _rounds(path)
    return f"{about}{quick} {rounds}\n{failed}\n{markdown(read(path))}{_shares(read(path))}"


def _shares(results: Sequence[Result]) -> str:
    """Who used the processors while ours was at work: what stands in the way of more."""
    lines = []
    for result in results:
        found = {name: value for name, value in result.ours.beside.items() if name.endswith("_share")}
        if "api_share" in found:
            told = ", ".join(f"{name.removesuffix('_share')} {value:.2f}" for name, value in found.items())
            lines.append(f"- {result.name} ({result.store}): {told}")
    if not lines:
        return ""
    return (
        "\nProcessors used by each side during ours (1.00 is one core, there is no more in one Python process):\n\n"
        + ("\n".join(lines) + "\n")
    )


def _rounds(path: Path) -> str:
    results = read(path)
    again = sum(len(result.disturbed) for result in results)
    count = sorted({len(result.ours.values) for result in results})
    return (
        f"Rounds of a case: {' or '.join(map(str, count))}; measured again because others used the machine: {again}."
        if results
        else ""
    )


def write(*kept: Path, page: Path = PAGE) -> None:
    """Put the runs between the page's marks, in this order. Raises ValueError where the page has none."""
    former = page.read_text()
    pattern = re.compile(f"{re.escape(BEGINS)}.*{re.escape(ENDS)}", re.DOTALL)
    if not pattern.search(former):
        raise ValueError(f"{page} has no place for figures")
    told = "\n".join(text(path) for path in kept)
    page.write_text(pattern.sub(lambda _: f"{BEGINS}\n{told}\n{ENDS}", former))


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
