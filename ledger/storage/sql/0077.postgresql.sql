-- Spreadsheets between their upload and their import: the last one of each member, packed, for an hour.
CREATE TABLE console_uploads (
    organisation_id uuid NOT NULL,
    member_id uuid NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (organisation_id, member_id)
);
CREATE INDEX console_uploads_by_end ON console_uploads (expires_at);
