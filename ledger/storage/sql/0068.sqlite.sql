-- Pulses: what is kept of a wave beside the log. No row holds when it was written.
-- `state`: open, closing (no answer is taken any more) or closed. `key_check`: tells another sealing key from its own.
CREATE TABLE pulse_waves (
    wave_id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    state TEXT NOT NULL,
    closes_at INTEGER NOT NULL,
    key_check TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX pulse_waves_by_end ON pulse_waves (closes_at) WHERE state <> 'closed';
CREATE INDEX pulse_waves_by_organisation ON pulse_waves (organisation_id, closes_at);
-- The keys that sign the tokens of a cell, the private one sealed.
CREATE TABLE pulse_cells (
    wave_id TEXT NOT NULL,
    cell_id TEXT NOT NULL,
    team_id TEXT,
    public_key TEXT NOT NULL,
    private_key TEXT NOT NULL,
    PRIMARY KEY (wave_id, cell_id)
) WITHOUT ROWID;
-- Who may ask for one token, of which cell. `asked`: digest of the blinded token that was signed, while the wave is open.
-- `block`: with whom they were counted, once it is closed.
CREATE TABLE pulse_seats (
    wave_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    cell_id TEXT NOT NULL,
    asked TEXT,
    block TEXT,
    PRIMARY KEY (wave_id, member_id)
) WITHOUT ROWID;
-- What was answered, sealed, by the digest of its token; gone when the wave is closed.
CREATE TABLE pulse_ballots (
    wave_id TEXT NOT NULL,
    token TEXT NOT NULL,
    cell_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    PRIMARY KEY (wave_id, token)
) WITHOUT ROWID;
