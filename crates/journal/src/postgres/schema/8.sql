-- Schema version 8: definitions say whether drills are sent.
ALTER TABLE flyttbud.definitions ADD COLUMN drills boolean NOT NULL DEFAULT false;
