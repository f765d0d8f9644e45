"""The console under its former name, for modules of other branches; to be removed with the last of them."""

from services.console import CommandFailed, Console, WrongUsage

__all__ = ["CommandFailed", "Console", "WrongUsage"]
