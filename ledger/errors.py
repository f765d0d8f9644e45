"""What goes wrong with the store itself. A refused act is a `domain.errors.Refusal` and never one of these."""

from __future__ import annotations

from typing import Literal

from eventsourcing.persistence import PersistenceError

#: Whether a command that failed was recorded: surely not, or in doubt. In doubt, only sending it again with the same
#: idempotency key shows which.
CommandOutcome = Literal["no", "unknown"]


class LedgerUnavailable(Exception):
    """The store cannot be reached, or is too busy. `recorded` says what became of a command; None for a read."""

    def __init__(self, message: str, *, recorded: CommandOutcome | None = None) -> None:
        super().__init__(message)
        self.recorded = recorded


class OutcomeUnknown(LedgerUnavailable):
    """The store was lost at the commit: the transaction may be recorded, or not."""

    def __init__(self, message: str) -> None:
        super().__init__(message, recorded="unknown")


class LedgerBusy(LedgerUnavailable):
    """Too many commands are queued; this one was not taken, and nothing of it was recorded."""

    def __init__(self, message: str) -> None:
        super().__init__(message, recorded="no")


class LedgerMisconfigured(Exception):
    """The ledger refuses to start like this; the message names what to change."""


class LedgerNotMigrated(LedgerMisconfigured):
    """This database has no ledger of this version yet: run `plimsoll migrate`."""


class CacheMiss(PersistenceError):
    """A decision needs data from the store, which it must not read here. Never leaves the ledger."""


class HeadConflict(Exception):
    """An optimistic append was not written: the head has moved, or a key is not new. Never leaves the ledger."""
