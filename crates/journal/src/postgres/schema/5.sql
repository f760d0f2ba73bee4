-- Schema version 5: questions expire; definitions say after how many days, 0 for never.
ALTER TABLE flyttbud.definitions ADD COLUMN expiry_days bigint NOT NULL DEFAULT 0;
