-- Laboratory panels: numbers in typed columns, one searched vector for each distinct text.
-- Thousands of panels share a text ("haemoglobin normal; ..."): equal vectors would only
-- crowd the index.

CREATE TABLE lab_vector (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,  -- SHA-256 of the panel's text
    panel text NOT NULL,
    vector halfvec({dimension}) NOT NULL
);
ALTER TABLE lab_vector ALTER COLUMN vector SET STORAGE PLAIN;
CREATE INDEX lab_vector_near ON lab_vector
    USING hnsw (vector halfvec_ip_ops) WITH (m = 16, ef_construction = 64);

CREATE TABLE lab_report (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    id text NOT NULL,
    patient text NOT NULL,
    encounter text,
    effective_at timestamptz NOT NULL,
    age double precision,
    sex text CHECK (sex IN ('F', 'M')),
    file text NOT NULL,
    line integer,
    made_up boolean NOT NULL,
    record_hash text NOT NULL,
    panel bigint NOT NULL REFERENCES lab_vector,
    UNIQUE (source, id)
);
CREATE INDEX lab_report_patient ON lab_report (patient, effective_at);
CREATE INDEX lab_report_panel ON lab_report (panel);

CREATE TABLE lab_observation (
    report bigint NOT NULL REFERENCES lab_report ON DELETE CASCADE,
    ordinal integer NOT NULL,
    loinc text NOT NULL,
    name text NOT NULL,
    value double precision,
    value_text text,
    unit text,
    category text,
    analyte text,
    canonical_value double precision,
    low double precision,
    high double precision,
    critical_low double precision,
    critical_high double precision,
    range_source text,  -- NULL: no range
    flag text CHECK (flag IN ('LL', 'L', 'N', 'H', 'HH')),
    flag_source text,
    deviation double precision,
    PRIMARY KEY (report, ordinal)
);
CREATE INDEX lab_observation_analyte ON lab_observation (analyte, canonical_value);
CREATE INDEX lab_observation_loinc ON lab_observation (loinc, canonical_value);
CREATE INDEX lab_observation_flag ON lab_observation (analyte, flag);
