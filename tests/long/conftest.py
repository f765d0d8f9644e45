"""Campaigns are collected where they are asked for: importing them takes a second and a half."""

from __future__ import annotations

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Whether only what is not long was asked for, as by default."""
    return True if config.option.markexpr == "not long" else None
