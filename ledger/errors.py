"""What goes wrong with the store itself. A refused act is a `domain.errors.Refusal` and never one of these."""

from __future__ import annotations

from eventsourcing.persistence import PersistenceError


class LedgerUnavailable(Exception):
    """The store cannot be reached, or is too busy, just now.

    Unless the message says that nothing was recorded, whether the command was is unknown: send it again with its
    idempotency key.
    """


class OutcomeUnknown(LedgerUnavailable):
    """The store was lost at the commit: what was asked of it may be recorded, or not."""


class LedgerBusy(LedgerUnavailable):
    """Too many commands are waiting already; this one was not taken, and nothing of it was recorded."""


class LedgerMisconfigured(Exception):
    """The ledger refuses to start like this; the message says what to change."""


class LedgerNotMigrated(LedgerMisconfigured):
    """This database has no ledger of this version yet: run `plimsoll migrate`."""


class CacheMiss(PersistenceError):
    """A decision needs what only the store knows, and was not to ask it. Never leaves the ledger."""


class HeadConflict(Exception):
    """A batch on trust came to nothing: the log ends elsewhere, or a key is not new. Never leaves the ledger."""
