"""Which acts carry authority: what is decided by them is one's own to decide, or a lead's or steward's.

An import states what others did. It may record their progress, absences and questions; that somebody leads, belongs,
leaves, consents or promises it may say only with the scope `admin` (`services.imports`). Each act's Struct declares it
as `is_authoritative`: unless it says otherwise it does, except that of a goal's acts those do that say so.
"""

from __future__ import annotations

from typing import Any

from domain.member.member import Join


def carries_authority(act: Any) -> bool:
    """Whether this act does. To be known by name is no membership: joining does where it names a team."""
    if isinstance(act, Join):
        return act.team is not None
    return bool(getattr(act, "is_authoritative", True))
