-- Films. The searched vector is alone with its key in a table of its own, inline: a second
-- vector in the row would push both out of it and make an exact scan five times slower.
-- The pixel vector keeps full precision, so that a new fusion gives to the bit what a new
-- ingest with its weights would give.

CREATE TABLE film (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    id text NOT NULL,
    patient text,
    file text NOT NULL,
    line integer,
    made_up boolean NOT NULL,
    sha256 text NOT NULL,
    record_hash text NOT NULL,
    findings text[],  -- NULL: unlabelled; empty: No Finding
    view text,
    age double precision,
    sex text CHECK (sex IN ('F', 'M')),
    follow_up bigint,
    width bigint,
    height bigint,
    row_spacing double precision,  -- millimetres
    column_spacing double precision,
    UNIQUE (source, id)
);
CREATE INDEX film_id ON film (id);
CREATE INDEX film_patient ON film (patient);
CREATE INDEX film_findings ON film USING gin (findings);

CREATE TABLE film_vector (
    film bigint PRIMARY KEY REFERENCES film ON DELETE CASCADE,
    vector halfvec({dimension}) NOT NULL
);
ALTER TABLE film_vector ALTER COLUMN vector SET STORAGE PLAIN;
CREATE INDEX film_vector_near ON film_vector
    USING hnsw (vector halfvec_ip_ops) WITH (m = 16, ef_construction = 64);

CREATE TABLE film_pixel (
    film bigint PRIMARY KEY REFERENCES film ON DELETE CASCADE,
    vector vector({dimension}) NOT NULL
);
ALTER TABLE film_pixel ALTER COLUMN vector SET STORAGE PLAIN;
