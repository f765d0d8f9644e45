-- Webhooks. What is subscribed is in the log; how far it was sent is here. Instants are microseconds, UTC.
-- One row for each subscription that is not removed. `position`: every event up to it was sent, or has a delivery that
-- says what became of it. `lease_until`: until then the worker `lease_owner` sends; without an owner nothing is looked at
-- before. `next_due`: when the first failed delivery is to be tried again. `epoch`: the log's when it was written last.
CREATE TABLE webhook_cursors (
    subscription_id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL,
    next_due INTEGER,
    failing_since INTEGER,
    failures INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX webhook_cursors_by_organisation ON webhook_cursors (organisation_id);
CREATE INDEX webhook_cursors_by_lease ON webhook_cursors (lease_until);
CREATE INDEX webhook_cursors_by_due ON webhook_cursors (next_due) WHERE next_due IS NOT NULL;
-- The secrets that messages are signed with. `expires_at`: of one that another has followed.
CREATE TABLE webhook_secrets (
    subscription_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    secret TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (subscription_id, created_at)
) WITHOUT ROWID;
-- What became of an event for a subscription: no pair is sent again that is delivered, dead or withheld here.
CREATE TABLE webhook_deliveries (
    subscription_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_attempt_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, event_id)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (subscription_id, state, position);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (updated_at) WHERE state <> 'pending';
-- Every attempt, with the beginning of the answer.
CREATE TABLE webhook_attempts (
    subscription_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    status INTEGER,
    error TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (subscription_id, event_id, attempt)
);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts (at);
-- The key pairs of this deployment (ed25519, hexadecimal): what every message is signed with too.
CREATE TABLE webhook_signing_keys (
    key_id TEXT PRIMARY KEY,
    private_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) WITHOUT ROWID;
