-- How far brokers' streams are that cannot say it themselves (Kafka).
CREATE TABLE ledger_sinks (
    stream text PRIMARY KEY,
    selection text NOT NULL,
    position bigint NOT NULL,
    -- Microseconds, UTC.
    moved_at bigint NOT NULL
);
