"""The stores of the event log: PostgreSQL and SQLite behind one protocol."""
