-- Schema version 6: what an authority keeps beside the journal, sealed, found by a keyed token.
CREATE TABLE flyttbud_keys.notes (
    authority integer,
    kind smallint,
    token uuid,
    revision bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (authority, kind, token)
);
-- what is deleted or written anew leaves the pages at the next round of autovacuum, the index too
ALTER TABLE flyttbud_keys.notes
    SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, vacuum_index_cleanup = on);
GRANT SELECT, INSERT, UPDATE, DELETE ON flyttbud_keys.notes TO flyttbud_keys;
