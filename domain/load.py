"""The load line: how much is aboard for one owner, week by week.

Formulas: docs/reports.md, "Overload". Ratios are exact fractions; hours too.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from domain.goal.acts import Pause


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """One live promise of an owner, as far as load is concerned."""

    goal: UUID
    #: Decimal string, hours; None: not stated (a rate, or the given estimate, is used).
    effort_hours: str | None
    start: date
    due: date
    #: 0..1, decimal string.
    progress: str = "0"
    blocked: bool = False
    pause: Pause | None = None
    #: A team outcome carries no effort of its own.
    weightless: bool = False
    #: Delivered and waiting for the verdict: no remaining effort, but still the owner's promise.
    delivered: bool = False
