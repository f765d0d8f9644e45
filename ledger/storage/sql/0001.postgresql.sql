-- The log. Columns one to four are the event sourcing library's; the rest are ours, so that positions and times can be
-- asked for without opening an event. notification_id is the global log position: gapless, in commit order.
CREATE TABLE stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    state bytea NOT NULL,
    notification_id bigint PRIMARY KEY,
    organisation_id uuid,
    position bigint,
    recorded_at bigint NOT NULL,
    UNIQUE (originator_id, originator_version)
);
CREATE UNIQUE INDEX ledger_by_position ON stored_events (organisation_id, position);
CREATE INDEX ledger_by_recorded_at ON stored_events (recorded_at, notification_id);
-- The counter that every append locks; recorded_at (microseconds, UTC) never falls.
CREATE TABLE ledger_head (
    single bigint PRIMARY KEY CHECK (single = 1),
    log_position bigint NOT NULL,
    recorded_at bigint NOT NULL
);
INSERT INTO ledger_head (single, log_position, recorded_at) VALUES (1, 0, 0);
-- Whose live promise a goal is, and the earliest instant (microseconds, UTC) at which one of its timers may ring.
CREATE TABLE ledger_standing (
    organisation_id uuid NOT NULL,
    goal_id uuid NOT NULL,
    live_owner uuid,
    next_timer bigint,
    PRIMARY KEY (organisation_id, goal_id)
);
CREATE INDEX ledger_standing_by_owner ON ledger_standing (organisation_id, live_owner);
CREATE INDEX ledger_standing_by_timer ON ledger_standing (next_timer) WHERE next_timer IS NOT NULL;
CREATE TABLE ledger_idempotency (
    organisation_id uuid NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    answer text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (organisation_id, scope, key)
);
CREATE INDEX ledger_idempotency_by_age ON ledger_idempotency (created_at);
CREATE TABLE ledger_import_rows (
    organisation_id uuid NOT NULL,
    import_row text COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation_id, import_row)
);
-- API keys: never the key itself, only its digest.
CREATE TABLE ledger_keys (
    key_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    member_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    scopes text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    last_used_at bigint
);
CREATE INDEX ledger_keys_by_organisation ON ledger_keys (organisation_id);
