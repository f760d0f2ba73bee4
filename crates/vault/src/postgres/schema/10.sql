-- Schema version 10: how many notes and reviews each authority has. Nothing else tells of one that is gone. A gateway changes
-- it by way of the rows alone, whichever version it is of.
CREATE TABLE flyttbud_keys.census (
    table_name text,
    authority integer,
    row_count bigint NOT NULL,
    PRIMARY KEY (table_name, authority)
);
GRANT SELECT ON flyttbud_keys.census TO flyttbud_keys;

CREATE FUNCTION flyttbud_keys.row_came() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO flyttbud_keys.census AS known VALUES (TG_TABLE_NAME, NEW.authority, 1)
        ON CONFLICT (table_name, authority) DO UPDATE SET row_count = known.row_count + 1;
    RETURN NULL;
END $$;
CREATE FUNCTION flyttbud_keys.row_went() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE flyttbud_keys.census SET row_count = row_count - 1
        WHERE table_name = TG_TABLE_NAME AND authority = OLD.authority;
    RETURN NULL;
END $$;
CREATE TRIGGER note_came AFTER INSERT ON flyttbud_keys.notes
    FOR EACH ROW EXECUTE FUNCTION flyttbud_keys.row_came();
CREATE TRIGGER note_went AFTER DELETE ON flyttbud_keys.notes
    FOR EACH ROW EXECUTE FUNCTION flyttbud_keys.row_went();
CREATE TRIGGER review_came AFTER INSERT ON flyttbud_keys.reviews
    FOR EACH ROW EXECUTE FUNCTION flyttbud_keys.row_came();
-- the triggers keep everybody out who would write meanwhile
INSERT INTO flyttbud_keys.census SELECT 'notes', authority, count(*) FROM flyttbud_keys.notes GROUP BY authority;
INSERT INTO flyttbud_keys.census SELECT 'reviews', authority, count(*) FROM flyttbud_keys.reviews GROUP BY authority;
