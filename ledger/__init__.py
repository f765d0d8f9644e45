"""The ledger: the event log, append-only; the only room that imports the event sourcing library."""
