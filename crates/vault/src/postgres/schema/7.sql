-- Schema version 7: the root keys that wrap what is here, of which the highest number wraps new keys, and which of
-- them wraps each key. While a key refers to a root key, that one cannot be forgotten.
CREATE TABLE flyttbud_keys.roots (
    nr bigint PRIMARY KEY DEFAULT 1,
    id text NOT NULL UNIQUE,
    proof bytea NOT NULL
);
INSERT INTO flyttbud_keys.roots (id, proof) SELECT id, proof FROM flyttbud_keys.root;
DROP TABLE flyttbud_keys.root;
ALTER TABLE flyttbud_keys.authority_keys ADD COLUMN root text;
UPDATE flyttbud_keys.authority_keys SET root = (SELECT id FROM flyttbud_keys.roots);
ALTER TABLE flyttbud_keys.authority_keys ALTER COLUMN root SET NOT NULL;
ALTER TABLE flyttbud_keys.authority_keys
    ADD CONSTRAINT authority_keys_root FOREIGN KEY (root) REFERENCES flyttbud_keys.roots (id);

-- a gateway names the first root key of a store; the owner alone names another one, wraps anew and forgets
GRANT SELECT, INSERT (id, proof) ON flyttbud_keys.roots TO flyttbud_keys;
