"""Why: the reason codes that acts carry."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from domain.errors import InvalidField
from domain.personal import Personal, Value


class ReasonCode(StrEnum):
    """The closed list of reasons for a change. Health or family are never asked for: `capacity` is enough."""

    NEW_INFORMATION = "new_information"
    EXTERNAL_CHANGE = "external_change"
    DEPENDENCY_SLIPPED = "dependency_slipped"
    CAPACITY = "capacity"
    NEW_NEED = "new_need"
    BETTER_IDEA = "better_idea"
    ESTIMATE_WRONG = "estimate_wrong"
    SCOPE_MISREAD = "scope_misread"
    PURPOSE_CHANGED = "purpose_changed"
    NON_NEGOTIABLE_CONFLICT = "non_negotiable_conflict"
    RISK_OR_SAFETY = "risk_or_safety"
    CORRECTION = "correction"
    OTHER = "other"


#: `other` explains nothing by itself, so its text must be at least this many characters long.
MIN_OTHER_TEXT_LENGTH = 20


class Reason(Value, frozen=True, kw_only=True):
    """Why an act was taken: a code, and words where the agreement asks for them."""

    code: ReasonCode
    text: Personal[Annotated[str, msgspec.Meta(max_length=2000)]] = ""


def check_reason(reason: Reason) -> None:
    """Raise `InvalidField` where `other` comes without the words that would explain it."""
    if reason.code is ReasonCode.OTHER and len(reason.text.strip()) < MIN_OTHER_TEXT_LENGTH:
        raise InvalidField(
            f"reason 'other' needs a text of at least {MIN_OTHER_TEXT_LENGTH} characters",
            pointer="/reason/text",
        )
