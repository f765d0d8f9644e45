-- Who read person-level figures about whom, a row for each day (days since 1970-01-01 UTC); instants in microseconds, UTC.
CREATE TABLE ledger_person_reads (
    organisation_id uuid NOT NULL,
    day bigint NOT NULL,
    subject_id uuid NOT NULL,
    subject text COLLATE "C" NOT NULL,
    viewer uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    what text COLLATE "C" NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    times bigint NOT NULL,
    PRIMARY KEY (organisation_id, day, subject_id, viewer, role, what)
);
CREATE INDEX ledger_person_reads_by_subject ON ledger_person_reads (organisation_id, subject_id, last_at);
