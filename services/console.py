"""A command's output: results to stdout, everything else to stderr, so that a pipe sees only results."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import msgspec

from domain.instants import encode_json

#: Controls but tab and line feed: in a name from elsewhere they would move the cursor or recolour the terminal.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class CommandFailed(Exception):
    """An expected failure; its text is the one line that the caller is shown."""


class WrongUsage(Exception):  # noqa: N818 - what it is, as its exit code says
    """The command was called in a way that cannot be meant; its text says what could."""


class Console:
    """Speaks to a person or, with `--json`, to a script: then stdout holds exactly one JSON value."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            # A terminal that is not of UTF-8 shows `?` for what it has no character for.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    def print_result(self, value: Any, words: str) -> None:
        """The command's one result, as JSON or in words."""
        if self.as_json:
            self.print_json(msgspec.json.format(encode_json(value), indent=2))
        else:
            _write(sys.stdout, words)

    def print_json(self, value: bytes) -> None:
        """A JSON value that is there already. JSON is UTF-8 whatever the terminal is (RFC 8259, 8.1)."""
        sys.stdout.flush()
        sys.stdout.buffer.write(value + b"\n")
        sys.stdout.buffer.flush()

    def print_table(self, value: list[Any], columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """A list: JSON as it is, or a table."""
        if self.as_json:
            self.print_result(value, "")
            return
        # Not cut to the terminal's width: what is shown is there to be copied.
        widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
        for row in (columns, *rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            _write(sys.stdout, line.rstrip())

    def print_line(self, words: str) -> None:
        """A line of the result that is read while the command goes on; a pipe gets it at once."""
        _write(sys.stdout, words)

    def print_note(self, words: str) -> None:
        """Print a remark to stderr."""
        _write(sys.stderr, words)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show the progress of long work on a terminal; the yielded function takes (done, total)."""
        if not sys.stderr.isatty():
            yield lambda *_: None
            return
        # Its import takes as long as the rest of a short command.
        from rich.console import Console as Terminal  # noqa: PLC0415
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=Terminal(file=sys.stderr), transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _write(stream: TextIO, words: str) -> None:
    stream.write(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", words) + "\n")
    stream.flush()
