"""A shell completes commands, options, words of closed lists, acts, and references of one's own goals."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.goal.agreement import STATES
from domain.reasons import ReasonCode
from projections.goals import SORTS
from projections.history.history import FIELDS
from services.api.routes.reports import REPORTS
from services.client import arguments, commands
from services.client.completion import SHELLS
from tests.services.shell import Shell
from tests.shell.conftest import Office, start_process


def complete(line: str, tmp_path: Path, **environment: str) -> set[str]:
    """What a shell would offer behind this line."""
    found = tmp_path / "completions"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    with start_process(_ARGCOMPLETE_STDOUT_FILENAME=str(found), **asked, **environment) as process:
        process.communicate(timeout=60)
    return {word.strip() for word in found.read_text().replace("\013", "\n").split("\n") if word.strip()}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("plimsoll che", {"check-in"}),
        ("plimsoll goals --st", {"--state"}),
        ("plimsoll goals --state la", {"lapsed"}),
        ("plimsoll report ov", {"overload"}),
        ("plimsoll why x --field d", {"due", "description"}),
        ("plimsoll act x accept", {"accept", "accept-change"}),
        ("plimsoll projections r", {"rebuild", "retry"}),
    ],
)
def test_words_are_completed(line: str, offered: set[str], shell: Shell, tmp_path: Path) -> None:
    assert offered == complete(line, tmp_path)


def test_goals_are_completed_from_the_server(ana: Shell, office: Office, tmp_path: Path) -> None:
    office.promise("completed-one")
    office.offer("completed-two", "Another")

    assert {"completed-one", "completed-two"} == complete("plimsoll check-in completed-", tmp_path)
    assert set() == complete("plimsoll check-in completed-", tmp_path, PLIMSOLL_URL="http://127.0.0.1:1")


@pytest.mark.parametrize("name", SHELLS)
def test_each_shell_is_told_how(shell: Shell, name: str) -> None:
    assert 0 == shell("completion", name)
    assert "plimsoll" in shell.out


def test_bash_takes_it(shell: Shell) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    assert 0 == shell("completion", "bash")

    script = shell.out + "\ncomplete -p plimsoll"
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert "plimsoll" in done.stdout


def test_the_words_of_the_command_line_are_those_of_the_api() -> None:
    assert FIELDS == arguments.WHY_FIELDS
    assert set(REPORTS) == set(arguments.REPORTS)
    assert set(STATES) == set(arguments.STATES)
    assert [code.value for code in ReasonCode] == list(arguments.REASONS)
    assert set(SORTS) == set(arguments.SORTS)
    assert set(commands.COMMANDS) == set(arguments.NAMES)


def test_a_reason_is_written_with_either_dash(as_person: Callable[[str], Shell], office: Office) -> None:
    office.promise("dashes")
    ana = as_person("ana")

    for code in ("estimate-wrong", "estimate_wrong"):
        why = ("--reason", code, "--because", "twice as many")
        assert 0 == ana("act", "dashes", "propose-change", "changes.due=2031-05-01", *why, "--dry-run")
