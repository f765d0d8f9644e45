"""How the commands of `plimsoll lake` are called. Imported by every command: it imports nothing of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its type has no public name

MAX_DAYS = 3_650
#: Of Delta itself: so long a version can still be read.
DEFAULT_DAYS = 7


def add_lake_commands(group: Commands, add_command: Callable[[Commands, str, str], argparse.ArgumentParser]) -> None:
    """Add `sync`, `verify`, `compact` and `vacuum`."""
    found = {}
    for name, words in (
        ("sync", "bring a lake to where the log is, and compare both"),
        ("verify", "compare every row of a lake with the log"),
        ("compact", "put a lake's small files together"),
        ("vacuum", "delete the files that no recent version of a lake needs"),
    ):
        found[name] = command = add_command(group, name, words)
        command.add_argument("uri", metavar="URI", help="a folder, s3://, gs:// or az://; keys from the environment")
        command.add_argument(
            "--organisation", metavar="NAME", help="its name or id; not needed where there is one only"
        )
    sync, vacuum = found["sync"], found["vacuum"]
    sync.add_argument("--names", action="store_true", help="with the names of members")
    sync.add_argument("--no-events", action="store_true", help="without the table of events, which holds all words")
    sync.add_argument(
        "--repair", action="store_true", help="compare every table whole, and write anew those that differ"
    )
    vacuum.add_argument(
        "--keep-days",
        type=_parse_days,
        metavar="N",
        default=DEFAULT_DAYS,
        help="versions of these days can still be read",
    )


def run_lake(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Run one of them."""
    from services.commands import lake  # noqa: PLC0415 - only where it runs

    match given.what:
        case "verify":
            return lake.verify(settings, console, given.uri, organisation=given.organisation)
        case "compact":
            return lake.compact(settings, console, given.uri, organisation=given.organisation)
        case "vacuum":
            return lake.vacuum(settings, console, given.uri, organisation=given.organisation, days=given.keep_days)
        case _:
            return lake.sync(
                settings,
                console,
                given.uri,
                organisation=given.organisation,
                names=given.names,
                events=not given.no_events,
                repair=given.repair,
            )


def _parse_days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"days from 1 to {MAX_DAYS}")
    return int(text)
