-- Recorded time never falls from one position to the next, so the primary key finds an instant by halving: an index less
-- for every append to keep.
DROP INDEX ledger_by_recorded_at;
