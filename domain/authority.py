"""Which acts carry authority: they commit their member, or use the power of a lead or steward.

An import states what others did. It may record their progress, absences and questions; that a member leads, belongs,
leaves, consents or promises it may say only with the scope `admin` (`services.imports`). Each act's Struct declares it
as `is_authoritative`. Acts of goals carry none unless they declare it, all others do unless they deny it.
"""

from __future__ import annotations

from typing import Any

from domain.member.member import Join


def carries_authority(act: Any) -> bool:
    """Whether this act carries authority. Joining does only with a team: being known by name is no membership."""
    if isinstance(act, Join):
        return act.team is not None
    return bool(getattr(act, "is_authoritative", True))
