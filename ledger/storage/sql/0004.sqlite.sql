-- Which log this is. `deployment` stays for good: organisations' ids are made from it and their names, so that two
-- deployments have none in common. `epoch` changes where a restored copy takes the log's place: positions behind the copy
-- are given again, to other events.
CREATE TABLE ledger_identity (
    single INTEGER PRIMARY KEY CHECK (single = 1),
    deployment TEXT NOT NULL,
    epoch TEXT NOT NULL
);
INSERT INTO ledger_identity (single, deployment, epoch) VALUES (1, lower(hex(randomblob(16))), lower(hex(randomblob(16))));
