"""From a person's command to what it does."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from services.client import acting, following, pulses, reading, subscriptions
from services.client.saved_settings import load_client_settings
from services.client.server import Server
from services.console import CommandFailed

if TYPE_CHECKING:
    from services.console import Console


def serve_assistant(server: Server, _console: Console, _given: argparse.Namespace) -> int:
    """Answer an assistant on stdin and stdout. Raises CommandFailed where the extra is not installed."""
    try:
        from services.client import assistants  # noqa: PLC0415 - an extra, and 1 s of every command without it
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("mcp", "pydantic"):
            raise
        raise CommandFailed("this needs the SDK of MCP, which is not installed: pip install 'plimsoll[mcp]'") from None
    assistants.serve(server)
    return 0


COMMANDS = {
    "me": reading.show_me,
    "goals": reading.show_goals,
    "goal": reading.show_goal,
    "check-in": acting.check_in,
    "act": acting.act,
    "why": reading.show_why,
    "history": reading.show_history,
    "report": reading.show_report,
    "events": following.tail_events,
    "pulse": pulses.manage,
    "subscriptions": subscriptions.manage,
    "webhooks": subscriptions.listen,
    "mcp": serve_assistant,
}


def run(console: Console, given: argparse.Namespace) -> int:
    """Run one of them; its exit code. Raises SettingsError without a key, WrongUsage, or CommandFailed."""
    return COMMANDS[given.command](Server(load_client_settings(os.environ)), console, given)
