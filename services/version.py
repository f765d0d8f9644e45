"""The program's version, as it was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def read_version() -> str:
    """Such as "0.1.0"; "unknown" in a checkout that was not installed."""
    try:
        return version("plimsoll")
    except PackageNotFoundError:
        return "unknown"
