-- Schema version 6: up to which notice a municipality has confirmed, so that what waits can be counted. The read tables
-- are made anew from the journal.
ALTER TABLE flyttbud.connected ADD COLUMN number bigint NOT NULL DEFAULT 0;
UPDATE flyttbud.marks SET position = 0 WHERE name = 'views';
