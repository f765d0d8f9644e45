"""Whose it is: a charter, cycle or decision belongs to a team or to the organisation itself."""

from __future__ import annotations

from uuid import UUID

import msgspec

#: How paths, rows and queries name the organisation's own.
ORGANISATION = "organisation"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """A team, or (None) the organisation itself."""

    team: UUID | None
