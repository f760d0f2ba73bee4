-- Schema version 8: a gateway names the first root key of a store, and no other one. A change of the root key frees the
-- first number, which schema 7 alone kept a gateway from giving again. The owner names another one, wraps anew and forgets.
-- STABLE: it sees what the statement sees, so that of two gateways that begin a store at once the later one does nothing.
CREATE FUNCTION flyttbud_keys.first_root_alone() RETURNS trigger
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM flyttbud_keys.roots) AND NOT pg_has_role(
        (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE'
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a store that has a root key gets another one from its owner alone';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER first_root_alone BEFORE INSERT ON flyttbud_keys.roots
    FOR EACH ROW EXECUTE FUNCTION flyttbud_keys.first_root_alone();
