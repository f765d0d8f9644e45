"""The ledger's index of a stream: whose live promise it is, whose team, and when its next timer falls due."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class IndexEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stream's row in the index of live promises and timers."""

    #: The owner on whose load it counts; None: no live promise. Of an open cycle: the charter that it restates;
    #: of a closed one: the cycle that it followed; of a member: the team (`domain.member.member.index_entry`).
    listed_under: UUID | None = None
    #: The earliest instant (UTC) at which a timer may fall due; a lower bound, as absences push timers out.
    next_timer_at: datetime | None = None


NOT_INDEXED = IndexEntry()
