-- Schema version 4: what an access was to, 0 in older rows; and a keyed token of the officer, zeros in older rows.
ALTER TABLE flyttbud_keys.accesses ADD COLUMN kind smallint NOT NULL DEFAULT 0;
ALTER TABLE flyttbud_keys.accesses
    ADD COLUMN officer uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
DROP INDEX flyttbud_keys.accesses_by_subject;
CREATE INDEX accesses_by_subject ON flyttbud_keys.accesses (subject, authority, at_micros, id);
CREATE INDEX accesses_by_time ON flyttbud_keys.accesses (authority, at_micros, id);
CREATE INDEX accesses_by_officer ON flyttbud_keys.accesses (authority, officer, at_micros, id);
