"""Shell completion, by argcomplete: the shell calls `plimsoll` itself, which answers instead of running."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.console import Console

#: Set by the shell's function where it asks for completions.
REQUEST_VARIABLE = "_ARGCOMPLETE"
#: A prompt that waits longer than this is worse than one without completions.
_COMPLETION_TIMEOUT_S = 2.0
SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def print_completion(console: Console, shell: str) -> int:
    """`plimsoll completion`: the code that a shell evaluates at its start."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - other commands do without

    console.print_line(shellcode(["plimsoll"], shell=shell).strip())
    return 0


def answer_completion(parser: argparse.ArgumentParser) -> None:
    """Print the completions and leave, where the shell asks for them."""
    if REQUEST_VARIABLE in os.environ:
        import argcomplete  # noqa: PLC0415

        argcomplete.autocomplete(parser)


def complete_goal(prefix: str, **_: Any) -> list[str]:
    """References of the caller's open goals; none where the server does not say, since a prompt shows no errors."""
    from services.client.goals import complete_goals  # noqa: PLC0415
    from services.client.saved_settings import load_client_settings  # noqa: PLC0415
    from services.client.server import Server  # noqa: PLC0415
    from services.console import CommandFailed  # noqa: PLC0415
    from services.settings import SettingsError  # noqa: PLC0415

    try:
        return complete_goals(Server(load_client_settings(os.environ), timeout_s=_COMPLETION_TIMEOUT_S), prefix)
    except (CommandFailed, SettingsError):
        return []


def complete_act(prefix: str, **_: Any) -> list[str]:
    """The acts of the agreement that begin so."""
    from domain.goal.acts import ACTS  # noqa: PLC0415

    return sorted(name for act in ACTS if (name := act.replace("_", "-")).startswith(prefix))
