-- Webhooks. What is subscribed is in the log; how far it was sent is here. Instants are microseconds, UTC.
-- One row for each subscription that is not removed. `position`: every event up to it was sent, or has a delivery that
-- says what became of it. `lease_until`: until then the worker `lease_owner` sends; without an owner nothing is looked at
-- before. `next_due`: when the first failed delivery is to be tried again. `epoch`: the log's when it was written last.
CREATE TABLE webhook_cursors (
    subscription_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    position bigint NOT NULL,
    epoch text COLLATE "C" NOT NULL,
    lease_owner text COLLATE "C",
    lease_until bigint NOT NULL,
    next_due bigint,
    failing_since bigint,
    failures bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX webhook_cursors_by_organisation ON webhook_cursors (organisation_id);
CREATE INDEX webhook_cursors_by_lease ON webhook_cursors (lease_until);
CREATE INDEX webhook_cursors_by_due ON webhook_cursors (next_due) WHERE next_due IS NOT NULL;
-- The secrets that messages are signed with. `expires_at`: of one that another has followed.
CREATE TABLE webhook_secrets (
    subscription_id uuid NOT NULL,
    created_at bigint NOT NULL,
    secret text COLLATE "C" NOT NULL,
    expires_at bigint,
    PRIMARY KEY (subscription_id, created_at)
);
-- What became of an event for a subscription: no pair is sent again that is delivered, dead or withheld here.
CREATE TABLE webhook_deliveries (
    subscription_id uuid NOT NULL,
    event_id uuid NOT NULL,
    position bigint NOT NULL,
    subject text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    attempts bigint NOT NULL,
    tries bigint NOT NULL,
    next_attempt_at bigint,
    updated_at bigint NOT NULL,
    PRIMARY KEY (subscription_id, event_id)
);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (subscription_id, state, position);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (updated_at) WHERE state <> 'pending';
-- Every attempt, with the beginning of the answer.
CREATE TABLE webhook_attempts (
    subscription_id uuid NOT NULL,
    event_id uuid NOT NULL,
    attempt bigint NOT NULL,
    at bigint NOT NULL,
    duration_us bigint NOT NULL,
    status bigint,
    error text COLLATE "C" NOT NULL,
    answer text COLLATE "C" NOT NULL,
    PRIMARY KEY (subscription_id, event_id, attempt)
);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts (at);
-- The key pairs of this deployment (ed25519, hexadecimal): what every message is signed with too.
CREATE TABLE webhook_signing_keys (
    key_id text COLLATE "C" PRIMARY KEY,
    private_key text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    retired_at bigint
);
