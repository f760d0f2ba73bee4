-- Schema version 4: arrivals claim too, and whoever claims in vain is pointed to one of its own kind. Answers have
-- the kinds of their batches to begin with; the line that made each of these a relocation goes.
DO $$
DECLARE
    line CONSTANT text := 'answer_kinds[met.batch] := 2;';
    definition CONSTANT text := pg_get_functiondef('flyttbud.append'::regproc);
BEGIN
    IF position(line IN definition) = 0 THEN
        RAISE EXCEPTION 'flyttbud.append is not that of version 3';
    END IF;
    EXECUTE replace(definition, line, '');
END $$;
