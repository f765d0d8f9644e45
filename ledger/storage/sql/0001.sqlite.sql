-- The log. Columns one to four are the event sourcing library's; the rest are ours, so that positions and times can be
-- asked for without opening an event. notification_id is the global log position: gapless, in commit order.
CREATE TABLE stored_events (
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    notification_id INTEGER PRIMARY KEY,
    organisation_id TEXT,
    position INTEGER,
    recorded_at INTEGER NOT NULL,
    UNIQUE (originator_id, originator_version)
);
CREATE UNIQUE INDEX ledger_by_position ON stored_events (organisation_id, position);
CREATE INDEX ledger_by_recorded_at ON stored_events (recorded_at, notification_id);
-- The counter that every append locks; recorded_at (microseconds, UTC) never falls.
CREATE TABLE ledger_head (
    single INTEGER PRIMARY KEY CHECK (single = 1),
    log_position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
);
INSERT INTO ledger_head (single, log_position, recorded_at) VALUES (1, 0, 0);
-- Whose live promise a goal is, and the earliest instant (microseconds, UTC) at which one of its timers may ring.
CREATE TABLE ledger_standing (
    organisation_id TEXT NOT NULL,
    goal_id TEXT NOT NULL,
    live_owner TEXT,
    next_timer INTEGER,
    PRIMARY KEY (organisation_id, goal_id)
) WITHOUT ROWID;
CREATE INDEX ledger_standing_by_owner ON ledger_standing (organisation_id, live_owner);
CREATE INDEX ledger_standing_by_timer ON ledger_standing (next_timer) WHERE next_timer IS NOT NULL;
CREATE TABLE ledger_idempotency (
    organisation_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, scope, key)
) WITHOUT ROWID;
CREATE INDEX ledger_idempotency_by_age ON ledger_idempotency (created_at);
CREATE TABLE ledger_import_rows (
    organisation_id TEXT NOT NULL,
    import_row TEXT NOT NULL,
    PRIMARY KEY (organisation_id, import_row)
) WITHOUT ROWID;
-- API keys: never the key itself, only its digest.
CREATE TABLE ledger_keys (
    key_id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX ledger_keys_by_organisation ON ledger_keys (organisation_id);
