-- Schema version 1. What is released is never edited: the next version is a file of its own.

-- The end of the order. Whoever appends holds its one row, so there is one order, and none of its places is
-- given twice or left out.
CREATE TABLE flyttbud.edge (
    one boolean PRIMARY KEY CHECK (one),
    position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    system_version integer NOT NULL,
    ahead_seconds bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO flyttbud.edge VALUES (true, 0, 0, 0, 0);

CREATE TABLE flyttbud.entries (
    position bigint PRIMARY KEY,
    subject uuid NOT NULL,
    version integer NOT NULL,
    -- two MiB of sealed parts, and what is around them
    bytes bytea NOT NULL CHECK (octet_length(bytes) <= 2228224),
    UNIQUE (subject, version)
);
-- sealed: there is nothing to compress
ALTER TABLE flyttbud.entries ALTER bytes SET STORAGE EXTERNAL;

-- the id first: ids made in order of time keep writes on few pages
CREATE TABLE flyttbud.requests (
    position bigint NOT NULL,
    id uuid NOT NULL,
    subject uuid NOT NULL,
    scope integer NOT NULL,
    subject_kind integer NOT NULL,
    already_open boolean NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 16),
    PRIMARY KEY (id, scope)
);

CREATE TABLE flyttbud.notices (
    position bigint NOT NULL,
    number bigint NOT NULL,
    recipient integer NOT NULL,
    chain bytea NOT NULL CHECK (octet_length(chain) = 32),
    PRIMARY KEY (recipient, number)
);

-- sender, recipient and epoch with two bytes each, then the pseudonym
CREATE TABLE flyttbud.open_relocations (
    person bytea PRIMARY KEY CHECK (octet_length(person) = 22),
    relocation uuid NOT NULL
);

CREATE TABLE flyttbud.unique_keys (key bytea PRIMARY KEY);

-- The read tables: losing them costs a replay, nothing else.
CREATE TABLE flyttbud.relocations (
    position bigint NOT NULL UNIQUE,
    id uuid PRIMARY KEY,
    sender integer NOT NULL,
    recipient integer NOT NULL,
    state integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX relocations_sent ON flyttbud.relocations (sender, position);
CREATE INDEX relocations_received ON flyttbud.relocations (recipient, position);

CREATE TABLE flyttbud.arrivals (
    position bigint NOT NULL,
    id uuid PRIMARY KEY,
    alert uuid,
    municipality integer NOT NULL,
    state integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX arrivals_reported ON flyttbud.arrivals (municipality, position);

CREATE TABLE flyttbud.alerts (
    position bigint NOT NULL UNIQUE,
    changed bigint NOT NULL,
    id uuid PRIMARY KEY,
    asking integer NOT NULL,
    asked integer NOT NULL,
    state integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX alerts_changed ON flyttbud.alerts (changed);

CREATE TABLE flyttbud.own (
    municipality integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (municipality, position)
);

CREATE TABLE flyttbud.connected (municipality integer PRIMARY KEY);

CREATE TABLE flyttbud.definitions (
    position bigint NOT NULL,
    version bigint PRIMARY KEY,
    grace_days bigint NOT NULL,
    early_months bigint NOT NULL,
    late_months bigint NOT NULL,
    not_arrived_months bigint NOT NULL,
    answer_days bigint NOT NULL
);

CREATE TABLE flyttbud.marks (name text PRIMARY KEY, position bigint NOT NULL);

-- A number as protobuf writes it: seven bits to a byte, lowest first, each but the last with its high bit set.
CREATE FUNCTION flyttbud.varint(number bigint) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
    bytes bytea := '';
BEGIN
    WHILE number > 127 LOOP
        bytes := bytes || substr(int2send((number & 127 | 128)::int2), 2);
        number := number >> 7;
    END LOOP;
    RETURN bytes || substr(int2send(number::int2), 2);
END $$;

-- Appends a group of batches: each wholly or not at all, and none fails another. It is the one way into the
-- journal. No two batches of a group may touch the same subject, request id, key or person.
--
-- The bytes of a draft are a journal.v1.Entry without position, time and notices, and without the version when
-- it is about the system. Those are known under the lock only; they are added here, since a protobuf message
-- may be written in pieces.
CREATE FUNCTION flyttbud.append(
    -- the furthest position that the caller knows of
    known_edge bigint,
    -- of each batch: its first subject, its request or null, its unique key or null, how far it moves the clock
    batch_kinds integer[], batch_subjects uuid[],
    request_scopes integer[], request_ids uuid[], fingerprints bytea[],
    keys bytea[], advances bigint[],
    -- role 0: claims, 1: is the same as the one claimed, 2: releases
    person_batches integer[], persons bytea[], person_roles integer[],
    -- in the order of their batches
    draft_batches integer[], draft_subjects uuid[], draft_versions integer[], draft_bytes bytea[],
    -- in the order of their drafts
    notice_drafts integer[], notice_recipients integer[], notice_kinds integer[], notice_subjects text[],
    -- 0: appended, 1: repeated, 2: already open, 3: version conflict, 4: request reused, 5: key exists,
    -- 6: this very batch was appended before
    OUT outcomes integer[],
    -- of 0 and 6, the position of its last entry; of 1 and 2, the answer
    OUT answer_positions bigint[], OUT answer_kinds integer[], OUT answer_subjects uuid[],
    OUT answer_opens boolean[],
    OUT appended_at bigint, OUT edge bigint, OUT ahead_seconds bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    the_system CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    before flyttbud.edge%ROWTYPE;
    met record;
    recorded bytea;
    last_version integer;
    draft integer := 1;
    positions bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(draft_batches)]);
    inbox integer;
    code text;
    head bigint;
    chain bytea;
    piece bytea;
    -- by inbox
    heads bigint[] := '{}';
    links bytea[] := '{}';
    -- by notice
    numbers bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(notice_drafts)]);
    chains bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(notice_drafts)]);
BEGIN
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        RAISE EXCEPTION 'synchronous_commit is ''%'': what is answered would not be durable',
            current_setting('synchronous_commit');
    END IF;
    -- To take the row is to write: also a group that appends nothing waits at its commit until a synchronous
    -- standby has all that its answers rest on.
    SELECT * INTO STRICT before FROM flyttbud.edge FOR UPDATE;
    IF known_edge > before.position THEN
        RAISE EXCEPTION 'the journal ends at %, but % was reached before: this server has lost entries',
            before.position, known_edge;
    END IF;
    edge := before.position;
    last_version := before.system_version;
    ahead_seconds := before.ahead_seconds;
    appended_at := greatest(
        before.recorded_at,
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + before.ahead_seconds * 1000000
    );
    recorded := '\x10' || flyttbud.varint(appended_at);
    outcomes := array_fill(0, ARRAY[cardinality(batch_kinds)]);
    answer_positions := array_fill(NULL::bigint, ARRAY[cardinality(batch_kinds)]);
    answer_kinds := batch_kinds;
    answer_subjects := batch_subjects;
    answer_opens := array_fill(false, ARRAY[cardinality(batch_kinds)]);

    -- What stands against a batch, the weakest first: what follows is said instead.
    FOR met IN
        SELECT d.batch FROM (
            SELECT u.*, lag(u.version) OVER (PARTITION BY u.batch, u.subject ORDER BY u.nth) AS former
            FROM unnest(draft_batches, draft_subjects, draft_versions) WITH ORDINALITY
                AS u (batch, subject, version, nth)
            WHERE u.subject <> the_system
        ) AS d
        WHERE d.version <> 1 + coalesce(d.former, (
            SELECT e.version FROM flyttbud.entries AS e
            WHERE e.subject = d.subject ORDER BY e.version DESC LIMIT 1
        ), 0)
    LOOP
        outcomes[met.batch] := 3;
    END LOOP;
    FOR met IN
        SELECT k.batch FROM unnest(keys) WITH ORDINALITY AS k (key, batch)
        JOIN flyttbud.unique_keys AS u ON u.key = k.key
    LOOP
        outcomes[met.batch] := 5;
    END LOOP;
    FOR met IN
        SELECT p.batch, o.relocation
        FROM unnest(person_batches, persons, person_roles) WITH ORDINALITY
            AS p (batch, person, role, nth)
        JOIN flyttbud.open_relocations AS o ON o.person = p.person
        WHERE p.role < 2
        -- of several the first one is the answer
        ORDER BY p.nth DESC
    LOOP
        outcomes[met.batch] := 2;
        answer_kinds[met.batch] := 2;
        answer_subjects[met.batch] := met.relocation;
        answer_opens[met.batch] := true;
    END LOOP;
    FOR met IN
        SELECT q.batch, q.fingerprint = r.fingerprint AS is_same,
            r.position, r.subject_kind, r.subject, r.already_open
        FROM unnest(request_scopes, request_ids, fingerprints) WITH ORDINALITY
            AS q (scope, id, fingerprint, batch)
        JOIN flyttbud.requests AS r ON r.id = q.id AND r.scope = q.scope
    LOOP
        outcomes[met.batch] := CASE WHEN met.is_same THEN 1 ELSE 4 END;
        answer_positions[met.batch] := met.position;
        answer_kinds[met.batch] := met.subject_kind;
        answer_subjects[met.batch] := met.subject;
        answer_opens[met.batch] := met.already_open;
    END LOOP;

    -- Places for the others.
    FOR batch IN 1..cardinality(batch_kinds) LOOP
        WHILE draft_batches[draft] = batch LOOP
            IF outcomes[batch] = 0 THEN
                edge := edge + 1;
                positions[draft] := edge;
                IF draft_subjects[draft] = the_system THEN
                    last_version := last_version + 1;
                    draft_versions[draft] := last_version;
                    draft_bytes[draft] := draft_bytes[draft] || '\x30' || flyttbud.varint(last_version);
                END IF;
            END IF;
            draft := draft + 1;
        END LOOP;
        IF outcomes[batch] = 0 THEN
            -- no further than three centuries either way, so that no sum runs over
            ahead_seconds := greatest(-10000000000, least(10000000000, ahead_seconds + advances[batch]));
        END IF;
        IF outcomes[batch] IN (0, 2) THEN
            answer_positions[batch] := edge;
        ELSIF outcomes[batch] = 1 THEN
            -- a draft's random bytes make it known again when it is sent twice
            SELECT e.bytes INTO piece FROM flyttbud.entries AS e
            WHERE e.position = answer_positions[batch];
            IF substr(piece, 1, octet_length(draft_bytes[draft - 1])) = draft_bytes[draft - 1] THEN
                outcomes[batch] := 6;
            END IF;
        END IF;
    END LOOP;

    -- Each notice gets the next number in its recipient's inbox, and a link in its chain.
    FOR told IN 1..cardinality(notice_drafts) LOOP
        draft := notice_drafts[told];
        CONTINUE WHEN positions[draft] IS NULL;
        inbox := notice_recipients[told];
        IF heads[inbox] IS NULL THEN
            SELECT n.number, n.chain INTO head, chain FROM flyttbud.notices AS n
            WHERE n.recipient = inbox ORDER BY n.number DESC LIMIT 1;
            heads[inbox] := coalesce(head, 0);
            links[inbox] := coalesce(chain, decode(repeat('00', 32), 'hex'));
        END IF;
        head := heads[inbox] + 1;
        code := lpad(inbox::text, 4, '0');
        chain := sha256(links[inbox] || sha256(convert_to(concat_ws(
            E'\n', 'flyttbud notice v1', code, head, notice_kinds[told], notice_subjects[told],
            positions[draft], appended_at, ''
        ), 'UTF8')));
        heads[inbox] := head;
        links[inbox] := chain;
        numbers[told] := head;
        chains[told] := chain;
        piece := '\x0a04' || convert_to(code, 'UTF8') || '\x10' || flyttbud.varint(head)
            || '\x18' || flyttbud.varint(notice_kinds[told]) || '\x2220' || chain;
        draft_bytes[draft] := draft_bytes[draft] || '\x42' || flyttbud.varint(octet_length(piece)) || piece;
    END LOOP;

    INSERT INTO flyttbud.entries (position, subject, version, bytes)
    SELECT d.place, d.subject, d.version, d.bytes || '\x08' || flyttbud.varint(d.place) || recorded
    FROM unnest(positions, draft_subjects, draft_versions, draft_bytes) AS d (place, subject, version, bytes)
    WHERE d.place IS NOT NULL;
    INSERT INTO flyttbud.notices (position, number, recipient, chain)
    SELECT positions[n.draft], n.number, n.recipient, n.chain
    FROM unnest(notice_drafts, numbers, notice_recipients, chains) AS n (draft, number, recipient, chain)
    WHERE n.number IS NOT NULL;
    INSERT INTO flyttbud.requests (position, id, subject, scope, subject_kind, already_open, fingerprint)
    SELECT r.place, r.id, r.subject, r.scope, r.kind, r.already_open, r.fingerprint
    FROM unnest(
        outcomes, answer_positions, request_ids, answer_subjects, request_scopes, answer_kinds,
        answer_opens, fingerprints
    ) AS r (outcome, place, id, subject, scope, kind, already_open, fingerprint)
    WHERE r.outcome IN (0, 2) AND r.id IS NOT NULL;
    INSERT INTO flyttbud.open_relocations (person, relocation)
    SELECT p.person, batch_subjects[p.batch]
    FROM unnest(person_batches, persons, person_roles) AS p (batch, person, role)
    WHERE p.role = 0 AND outcomes[p.batch] = 0;
    DELETE FROM flyttbud.open_relocations AS o
    USING unnest(person_batches, persons, person_roles) AS p (batch, person, role)
    WHERE o.person = p.person AND p.role = 2 AND outcomes[p.batch] = 0;
    INSERT INTO flyttbud.unique_keys (key)
    SELECT k.key FROM unnest(keys, outcomes) AS k (key, outcome)
    WHERE k.key IS NOT NULL AND k.outcome = 0;

    IF edge > before.position THEN
        UPDATE flyttbud.edge AS e SET
            position = edge, recorded_at = appended_at,
            system_version = last_version, ahead_seconds = append.ahead_seconds;
        PERFORM pg_notify('flyttbud_journal', concat_ws(' ', edge, ahead_seconds));
    END IF;
END $$;

-- Who may do what. A gateway reads, and appends through the one function. A ledger does the same, and writes the
-- read tables. Nobody else is let in.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['flyttbud_gateway', 'flyttbud_ledger'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- made for another database of this server at the same time
            END;
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA flyttbud FROM PUBLIC;
GRANT USAGE ON SCHEMA flyttbud TO flyttbud_gateway, flyttbud_ledger;
GRANT SELECT ON ALL TABLES IN SCHEMA flyttbud TO flyttbud_gateway, flyttbud_ledger;
GRANT EXECUTE ON FUNCTION flyttbud.append TO flyttbud_gateway, flyttbud_ledger;
GRANT INSERT, UPDATE ON
    flyttbud.relocations, flyttbud.arrivals, flyttbud.alerts,
    flyttbud.own, flyttbud.connected, flyttbud.definitions, flyttbud.marks
TO flyttbud_ledger;
