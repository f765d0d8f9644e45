"""What goes wrong with the store itself. A refused act is a `domain.errors.Refusal` and never one of these."""

from __future__ import annotations


class LedgerUnavailable(Exception):
    """The store cannot be reached, or is too busy, just now.

    Whether the command was recorded is unknown: send it again with its idempotency key.
    """


class LedgerMisconfigured(Exception):
    """The ledger refuses to start like this; the message says what to change."""


class LedgerNotMigrated(LedgerMisconfigured):
    """This database has no ledger of this version yet: run `plimsoll migrate`."""
