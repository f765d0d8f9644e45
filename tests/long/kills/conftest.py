"""Figures, seed and cluster as the campaigns of faults have them."""

from __future__ import annotations

from tests.long.faults.conftest import (  # noqa: F401 - fixtures and a hook
    postgres,
    pytest_terminal_summary,
    report_figures,
    rng,
)
