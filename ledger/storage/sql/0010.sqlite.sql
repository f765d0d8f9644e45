-- References are compared in Unicode's composed form (NFC). A stream that began under another spelling keeps its id: here
-- is how it is found, by the id of its own spelling and by that of the composed one. Written once, when this is applied.
CREATE TABLE ledger_former_ids (
    name_id TEXT PRIMARY KEY,
    stream_id TEXT NOT NULL
) WITHOUT ROWID;
