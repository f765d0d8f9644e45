"""Models of shared_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from msgspec import Struct


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an act was taken: a code, and words where the agreement asks for them."""

    code: ReasonCode
    text: str = ""


ReasonCode = Literal[
    "better_idea",
    "capacity",
    "correction",
    "dependency_slipped",
    "estimate_wrong",
    "external_change",
    "new_information",
    "new_need",
    "non_negotiable_conflict",
    "other",
    "purpose_changed",
    "risk_or_safety",
    "scope_misread",
]
