-- Who is signed in to the console: the digest of each session's token, and the key that it was exchanged for.
CREATE TABLE console_sessions (
    digest text COLLATE "C" PRIMARY KEY,
    key_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    member_id uuid NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX console_sessions_by_member ON console_sessions (organisation_id, member_id);
CREATE INDEX console_sessions_by_end ON console_sessions (expires_at);
-- Links that sign in once: the digest of each link's token. A used one is deleted.
CREATE TABLE console_links (
    digest text COLLATE "C" PRIMARY KEY,
    key_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX console_links_by_end ON console_links (expires_at);
