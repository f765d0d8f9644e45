"""A command's output: results to stdout, everything else to stderr, so that a pipe sees only results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class CommandFailed(Exception):
    """An expected failure; its text is the one line that the caller is shown."""


class Console:
    """Speaks to a person or, with `--json`, to a script: then stdout holds exactly one JSON value."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Words are printed as they are: `:key:` in a name is no picture.
        self._out = Terminal(file=sys.stdout, highlight=False, soft_wrap=True, emoji=False)
        self._err = Terminal(file=sys.stderr, highlight=False, soft_wrap=True, emoji=False)

    def print_result(self, value: Any, words: str) -> None:
        """The command's one result, as JSON or in words."""
        if self.as_json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
            sys.stdout.flush()
        else:
            self._out.print(words, markup=False)

    def print_table(self, value: list[Any], columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """A list: JSON as it is, or a table."""
        if self.as_json:
            self.print_result(value, "")
            return
        # Not cut to the terminal's width: what is shown is there to be copied.
        widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
        for row in (columns, *rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._out.print(line.rstrip(), markup=False)

    def print_line(self, words: str) -> None:
        """A line of the result that is read while the command goes on; a pipe gets it at once."""
        sys.stdout.write(words + "\n")
        sys.stdout.flush()

    def print_note(self, words: str) -> None:
        """Print a remark to stderr."""
        self._err.print(words, markup=False)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show the progress of long work on a terminal; the yielded function takes (done, total)."""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._err, transient=True, disable=not self._err.is_terminal) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
