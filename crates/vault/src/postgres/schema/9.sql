-- Schema version 9.

-- Up to which entry of the journal everything is done that its entries lead to; the newest row counts. Gateways that
-- set a mark at the same time may leave older ones beside it.
CREATE TABLE flyttbud_keys.followed (
    position bigint PRIMARY KEY,
    leaf bytea NOT NULL CHECK (length(leaf) = 32)
);
GRANT SELECT, INSERT, DELETE ON flyttbud_keys.followed TO flyttbud_keys;
