"""The projections: one module per read model, folded from the ledger's events."""
