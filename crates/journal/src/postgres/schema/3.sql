-- Schema version 3: the Merkle log.

-- All that the entry at a position completed: the hash of its leaf, then those of the subtrees that end with it,
-- upwards.
CREATE TABLE flyttbud.hashes (
    position bigint PRIMARY KEY,
    hashes bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0)
);

CREATE TABLE flyttbud.checkpoints (
    size bigint PRIMARY KEY CHECK (size > 0),
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    witnessed boolean NOT NULL DEFAULT false,
    note text NOT NULL
);
CREATE INDEX checkpoints_witnessed ON flyttbud.checkpoints (size) WHERE witnessed;

CREATE TABLE flyttbud.cosignatures (
    size bigint NOT NULL REFERENCES flyttbud.checkpoints,
    name text NOT NULL,
    key_id bytea NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (size, name, key_id)
);

-- Checkpoints as they are given out: cosignatures are further lines of the note.
CREATE VIEW flyttbud.notes AS SELECT size, witnessed, note || coalesce((
    SELECT string_agg(line, '' ORDER BY name COLLATE "C", key_id)
    FROM flyttbud.cosignatures AS s WHERE s.size = c.size
), '') AS note FROM flyttbud.checkpoints AS c;

-- Whoever publishes holds its one row, and so does whoever raises the alarm.
CREATE TABLE flyttbud.alarm (
    one boolean PRIMARY KEY CHECK (one),
    text text,
    raised_at timestamptz
);
INSERT INTO flyttbud.alarm VALUES (true);

-- One size has one root for ever: nobody may change a checkpoint or delete one.
GRANT SELECT ON flyttbud.hashes, flyttbud.checkpoints, flyttbud.cosignatures, flyttbud.notes, flyttbud.alarm
TO flyttbud_gateway, flyttbud_ledger;
GRANT INSERT ON flyttbud.hashes, flyttbud.checkpoints TO flyttbud_ledger;
GRANT UPDATE (witnessed) ON flyttbud.checkpoints TO flyttbud_ledger;
GRANT INSERT, UPDATE ON flyttbud.cosignatures TO flyttbud_ledger;
GRANT UPDATE (text, raised_at) ON flyttbud.alarm TO flyttbud_ledger;
