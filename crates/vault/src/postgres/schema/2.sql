-- Schema version 2: the calls that the rules refused, of each authority the newest. No value of a request stands here.
CREATE TABLE flyttbud_keys.refusals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_micros bigint NOT NULL,
    authority integer NOT NULL,
    organisation_number text NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    fields text NOT NULL,
    call_id uuid NOT NULL
);
CREATE INDEX refusals_by_authority ON flyttbud_keys.refusals (authority, id);
CREATE INDEX refusals_by_reason ON flyttbud_keys.refusals (reason);
GRANT SELECT, INSERT, DELETE ON flyttbud_keys.refusals TO flyttbud_keys;
