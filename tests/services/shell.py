"""The command line, called in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.cli import main


class Shell:
    """Calls the command in this process, on one store."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        try:
            code = main(words)
        except SystemExit as left:
            code = int(str(left.code))
        self.out, self.err = self._capsys.readouterr()
        return code

    @property
    def result(self) -> Any:
        return json.loads(self.out)
