-- Schema version 2: who leads. Of several ledgers one alone writes the read tables and signs. Whoever takes the lead
-- raises the fence, and whatever an earlier leader still wants to write is refused.
CREATE TABLE flyttbud.lead (
    one boolean PRIMARY KEY CHECK (one),
    fence bigint NOT NULL,
    holder uuid,
    until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO flyttbud.lead VALUES (true, 0, NULL, '-infinity');
GRANT SELECT ON flyttbud.lead TO flyttbud_gateway, flyttbud_ledger;
GRANT UPDATE ON flyttbud.lead TO flyttbud_ledger;
