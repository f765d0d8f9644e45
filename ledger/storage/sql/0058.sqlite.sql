-- A page of an organisation's keys is found in its order.
CREATE INDEX ledger_keys_by_age ON ledger_keys (organisation_id, created_at, key_id);
DROP INDEX ledger_keys_by_organisation;
