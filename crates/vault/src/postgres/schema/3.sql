-- Schema version 3.

-- Up to which entry of the journal everything is erased that its entries end; the newest row counts. Gateways that
-- set a mark at the same time may leave older ones beside it.
CREATE TABLE flyttbud_keys.erased (
    position bigint PRIMARY KEY,
    leaf bytea NOT NULL CHECK (length(leaf) = 32)
);
GRANT SELECT, INSERT, DELETE ON flyttbud_keys.erased TO flyttbud_keys;
