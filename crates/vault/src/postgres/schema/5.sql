-- Schema version 5: reviews of the access log. Who found what is sealed. A gateway adds reviews and changes none.
CREATE TABLE flyttbud_keys.reviews (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    authority integer NOT NULL,
    request_id uuid NOT NULL,
    fingerprint uuid NOT NULL,
    at_micros bigint NOT NULL,
    from_micros bigint NOT NULL,
    until_micros bigint NOT NULL,
    sealed bytea NOT NULL,
    UNIQUE (authority, request_id)
);
CREATE INDEX reviews_by_authority ON flyttbud_keys.reviews (authority, id);
GRANT SELECT, INSERT ON flyttbud_keys.reviews TO flyttbud_keys;
