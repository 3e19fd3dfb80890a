-- People and what is known of them beside films and panels. No foreign keys lead here: a
-- film or a panel may name a person whom its source never describes.

CREATE TABLE patient (
    id text PRIMARY KEY,
    birth_date date,
    sex text CHECK (sex IN ('F', 'M'))
);

CREATE TABLE condition (
    patient text NOT NULL,
    system text NOT NULL,
    code text NOT NULL,
    onset date NOT NULL,
    abatement date,
    name text NOT NULL,
    source text NOT NULL,
    file text NOT NULL,
    line integer,
    made_up boolean NOT NULL,
    PRIMARY KEY (patient, system, code, onset)
);
CREATE INDEX condition_code ON condition (code, patient);

CREATE TABLE imaging_study (
    source text NOT NULL,
    id text NOT NULL,
    patient text NOT NULL,
    started_at timestamptz NOT NULL,
    modality text,
    body_site text,
    file text NOT NULL,
    line integer,
    made_up boolean NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX imaging_study_patient ON imaging_study (patient);
