-- Pulses: what is kept of a wave beside the log. No row holds when it was written.
-- `state`: open, closing (no answer is taken any more) or closed. `key_check`: tells another sealing key from its own.
CREATE TABLE pulse_waves (
    wave_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    state text COLLATE "C" NOT NULL,
    closes_at bigint NOT NULL,
    key_check text COLLATE "C" NOT NULL
);
CREATE INDEX pulse_waves_by_end ON pulse_waves (closes_at) WHERE state <> 'closed';
CREATE INDEX pulse_waves_by_organisation ON pulse_waves (organisation_id, closes_at);
-- The keys that sign the tokens of a cell, the private one sealed.
CREATE TABLE pulse_cells (
    wave_id uuid NOT NULL,
    cell_id uuid NOT NULL,
    team_id uuid,
    public_key text COLLATE "C" NOT NULL,
    private_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (wave_id, cell_id)
);
-- Who may ask for one token, of which cell. `asked`: digest of the blinded token that was signed, while the wave is open.
-- `block`: with whom they were counted, once it is closed.
CREATE TABLE pulse_seats (
    wave_id uuid NOT NULL,
    member_id uuid NOT NULL,
    cell_id uuid NOT NULL,
    asked text COLLATE "C",
    block uuid,
    PRIMARY KEY (wave_id, member_id)
);
-- What was answered, sealed, by the digest of its token; gone when the wave is closed.
CREATE TABLE pulse_ballots (
    wave_id uuid NOT NULL,
    token text COLLATE "C" NOT NULL,
    cell_id uuid NOT NULL,
    sealed text COLLATE "C" NOT NULL,
    PRIMARY KEY (wave_id, token)
);
