-- Who read person-level figures about whom, a row for each day (days since 1970-01-01 UTC); instants in microseconds, UTC.
CREATE TABLE ledger_person_reads (
    organisation_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    subject_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    viewer TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, day, subject_id, viewer, role, what)
) WITHOUT ROWID;
CREATE INDEX ledger_person_reads_by_subject ON ledger_person_reads (organisation_id, subject_id, last_at);
