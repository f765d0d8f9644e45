"""`python3 run.py bench`: measure, print the table, keep the JSON."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from rich.console import Console

from benchmarks import report as benchmarks_report
from benchmarks.harness import MAX_FOREIGN_SHARE, Bench, Result, Suite, measure
from benchmarks.import_history import write_synthetic
from benchmarks.machine import describe_machine
from benchmarks.stores import STORES, Store, open_postgres_store, open_sqlite_store
from benchmarks.suites import (
    bulk_import,
    feed,
    growth,
    http_commands,
    imports,
    inprocess,
    lake,
    latency,
    long_stream,
    marts,
    organisation,
    people,
    reads,
    rebuild,
    reports,
    start_up,
    webhooks,
)
from benchmarks.suites import (
    console as suites_console,
)
from benchmarks.suites import (
    sqlite as suites_sqlite,
)
from tests.servers import ServerUnavailableError

SUITES: dict[str, Suite] = {
    "commands": http_commands.suite,
    "inprocess": inprocess.suite,
    "latency": latency.suite,
    "feed": feed.suite,
    "bulk": bulk_import.suite,
    "growth": growth.suite,
    "long-stream": long_stream.suite,
    "vacuum": growth.vacuum,
    "sqlite": suites_sqlite.suite,
    "reports": reports.suite,
    "people": people.suite,
    "organisation": organisation.suite,
    "reads": reads.suite,
    "console": suites_console.suite,
    "import": imports.suite,
    "memory": imports.memory,
    "rebuild": rebuild.suite,
    "marts": marts.suite,
    "lake": lake.suite,
    "start": start_up.suite,
    "webhooks": webhooks.suite,
}
ROUNDS, QUICK_ROUNDS = 5, 2


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py bench", description="Ours and the peers, side by side, in one run.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} short rounds: a look, not a figure")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"all, or some of: {', '.join(SUITES)}")
    parser.add_argument("--store", action="append", choices=STORES, help="this store (may be repeated)")
    parser.add_argument("--rounds", type=int, help=f"rounds of each case (default {ROUNDS})")
    parser.add_argument("--acts", type=int, help="size of the largest import of `bulk` (default 1,000,000)")
    parser.add_argument("--file", type=Path, metavar="HISTORY", help="a history to import instead of the made-up one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures are kept")
    parser.add_argument("--markdown", action="store_true", help="also print the table as docs/benchmarks.md has it")
    parser.add_argument("--page", action="store_true", help="write the figures into docs/benchmarks.md")
    chosen = parser.parse_args(argv)
    if unknown := [name for name in chosen.suites if name not in SUITES]:
        parser.error(f"no such suite: {', '.join(unknown)}; there are: {', '.join(SUITES)}")
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suites; 0 when they ran, whatever the figures say."""
    # A terminated run stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = parse_arguments(sys.argv[1:] if argv is None else argv)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=180)
    began = datetime.now(UTC)
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="plimsoll-bench-")))
        bench = Bench(
            home=home,
            stores=_open_stores(chosen.store or STORES, home, opened, console),
            history=chosen.file or write_synthetic(home / "history.ndjson.gz"),
            quick=chosen.quick,
            acts=chosen.acts,
        )
        run = _describe_run(chosen, bench, began)
        path = chosen.json or Path("benchmarks/results") / f"{began:%Y%m%dT%H%M%SZ}.json"
        results, failed = _measure_suites(
            bench, chosen, console, lambda found: benchmarks_report.save(path, run, found)
        )
    run |= {"seconds": round((datetime.now(UTC) - began).total_seconds()), "load_average_after": list(os.getloadavg())}
    run |= {"failed": failed}
    benchmarks_report.print_table(results, console)
    if chosen.markdown:
        print(benchmarks_report.to_markdown(results))
    if any(share > MAX_FOREIGN_SHARE for result in results for share in result.others):
        console.print(f"* others used more than {MAX_FOREIGN_SHARE:.0%} of the machine in some round")
    benchmarks_report.save(path, run, results)
    console.print(f"kept in {path}")
    if chosen.page:
        benchmarks_report.write_page(path)
    for suite, why in failed.items():
        console.print(f"suite {suite} FAILED: {why}", style="bold")
    return 1 if failed else 0


def _open_stores(wanted: Sequence[str], home: Path, opened: ExitStack, console: Console) -> list[Store]:
    stores = []
    if "sqlite" in wanted:
        stores.append(opened.enter_context(open_sqlite_store(home)))
    if "postgresql" in wanted:
        try:
            stores.append(opened.enter_context(open_postgres_store()))
        except ServerUnavailableError as refusal:
            console.print(f"without PostgreSQL: {refusal}")
    return stores


def _describe_run(chosen: argparse.Namespace, bench: Bench, began: datetime) -> dict[str, object]:
    return {
        "began": began,
        "quick": chosen.quick,
        "history": "a file" if chosen.file else "made up",
        "machine": describe_machine(bench.home),
        "stores": {store.name: store.versions for store in bench.stores},
        "durability": "PostgreSQL: fsync, full_page_writes, synchronous_commit on; SQLite: WAL, synchronous FULL",
    }


def _measure_suites(
    bench: Bench, chosen: argparse.Namespace, console: Console, keep: Callable[[list[Result]], None]
) -> tuple[list[Result], dict[str, str]]:
    """Every case of the chosen suites, and the suites that failed.

    What is measured is kept at once, so that a killed run loses no figure, nor does a suite that fails another's.
    """
    rounds = chosen.rounds or (QUICK_ROUNDS if chosen.quick else ROUNDS)
    results: list[Result] = []
    failed: dict[str, str] = {}
    with console.status("beginning") as status:
        for name in chosen.suites or SUITES:
            began = perf_counter()
            try:
                for case in SUITES[name](bench):
                    results.append(measure(case, rounds, status.update))
                    keep(results)
                    print_result(results[-1], console)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other suites still have their turn
                failed[name] = f"{type(error).__name__}: {error}"[:1000]
                console.print_exception()
            console.print(f"-- {name}: {perf_counter() - began:.0f} s", style="dim")
    return results, failed


def print_result(result: Result, console: Console) -> None:
    """One case as soon as it is measured."""
    for series in (result.ours, *result.peers):
        ratio = f" ({series.ratio:.2f} x, worst {series.worst_ratio:.2f} x)" if series.ratio is not None else ""
        figures = (
            benchmarks_report.format_figure(series.median, result.unit),
            benchmarks_report.format_figure(series.worst, result.unit),
        )
        what = f"{result.name} ({result.store})" if series is result.ours else f"  {series.name}"
        console.print(f"{what}: {figures[0]}, worst {figures[1]}{ratio}")
    for peer in result.absent:
        console.print(f"  {peer.name}: not measured: {peer.why}")


if __name__ == "__main__":
    sys.exit(main())
