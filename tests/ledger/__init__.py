"""The ledger's tests: every one that touches a store runs on SQLite and on PostgreSQL."""
