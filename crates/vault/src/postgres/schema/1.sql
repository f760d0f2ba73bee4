-- Schema version 1. What is released is never edited: the next version is a file of its own.

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'flyttbud_keys') THEN
        CREATE ROLE flyttbud_keys NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- made for another database of this server at the same time
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO flyttbud_keys', current_database());
END $$;

-- which root key wraps what is here
CREATE TABLE flyttbud_keys.root (
    one boolean PRIMARY KEY CHECK (one),
    id text NOT NULL,
    proof bytea NOT NULL
);

CREATE TABLE flyttbud_keys.authority_keys (
    authority integer,
    epoch smallint,
    purpose smallint,
    wrapped bytea NOT NULL,
    PRIMARY KEY (authority, epoch, purpose)
);

-- each time that a year's pseudonym keys were dropped: whoever has such keys in memory looks here
CREATE TABLE flyttbud_keys.drops (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch smallint NOT NULL
);

-- Ids made in order of time come first: they keep writes on few pages. A sealing has an id of its own, since two
-- callers may seal the same version, and only the journal decides whose entry stands.
CREATE TABLE flyttbud_keys.body_keys (
    subject uuid,
    sealing uuid,
    version bigint,
    authority integer,
    kind smallint NOT NULL,
    epoch smallint NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (subject, version, authority, sealing)
);

CREATE TABLE flyttbud_keys.search (
    token uuid,
    subject uuid,
    authority integer,
    kind smallint NOT NULL,
    PRIMARY KEY (authority, token, subject)
);
CREATE INDEX search_by_subject ON flyttbud_keys.search (subject);

CREATE TABLE flyttbud_keys.accesses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_micros bigint NOT NULL,
    subject uuid NOT NULL,
    authority integer NOT NULL,
    sealed bytea NOT NULL
);
CREATE INDEX accesses_by_subject ON flyttbud_keys.accesses (subject, authority, id);

-- What is deleted leaves the pages at the next round of autovacuum, however little it is; and where tokens
-- stand in an index, the index too.
ALTER TABLE flyttbud_keys.authority_keys
    SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE flyttbud_keys.body_keys
    SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE flyttbud_keys.search
    SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, vacuum_index_cleanup = on);

-- A gateway makes, reads and deletes keys. It changes none, and its accesses and drops stay.
GRANT USAGE ON SCHEMA flyttbud_keys TO flyttbud_keys;
GRANT SELECT ON flyttbud_keys.schema TO flyttbud_keys;
GRANT SELECT, INSERT ON flyttbud_keys.root, flyttbud_keys.accesses, flyttbud_keys.drops TO flyttbud_keys;
GRANT SELECT, INSERT, DELETE
    ON flyttbud_keys.authority_keys, flyttbud_keys.body_keys, flyttbud_keys.search TO flyttbud_keys;
