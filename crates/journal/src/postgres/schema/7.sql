-- Schema version 7: an alarm that only an operator lifts, and what was lifted, why and when.
ALTER TABLE flyttbud.alarm ADD COLUMN needs_word boolean NOT NULL DEFAULT false;
UPDATE flyttbud.alarm SET needs_word = text LIKE 'witnesses have seen another history of the log: %'
WHERE text IS NOT NULL;
GRANT UPDATE (needs_word) ON flyttbud.alarm TO flyttbud_ledger;

CREATE TABLE flyttbud.lifted_alarms (
    lifted_at timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
    raised_at timestamptz,
    text text NOT NULL,
    -- null: everything agreed again
    reason text
);
GRANT SELECT ON flyttbud.lifted_alarms TO flyttbud_gateway, flyttbud_ledger;
GRANT INSERT ON flyttbud.lifted_alarms TO flyttbud_ledger;
