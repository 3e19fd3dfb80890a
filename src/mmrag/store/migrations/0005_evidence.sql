-- How probable each finding is on each film, and what the pixels alone would say. One column
-- a finding: ordering 112,120 films by an expression over columns takes two thirds of the time
-- that the elements of an array take. Both tables have the same columns, so that a question
-- can be put to either.

ALTER TABLE space
    ADD COLUMN fusion text NOT NULL DEFAULT 'hard' CHECK (fusion IN ('soft', 'hard')),
    ADD COLUMN evidence text,  -- the parameters' name; NULL: films have no evidence yet
    ADD COLUMN evidence_hash text;

CREATE TABLE film_evidence (
    film bigint PRIMARY KEY REFERENCES film ON DELETE CASCADE,
    atelectasis real NOT NULL,
    cardiomegaly real NOT NULL,
    consolidation real NOT NULL,
    edema real NOT NULL,
    effusion real NOT NULL,
    emphysema real NOT NULL,
    fibrosis real NOT NULL,
    hernia real NOT NULL,
    infiltration real NOT NULL,
    mass real NOT NULL,
    nodule real NOT NULL,
    pleural_thickening real NOT NULL,
    pneumonia real NOT NULL,
    pneumothorax real NOT NULL,
    no_finding real NOT NULL
);
CREATE TABLE film_pixel_evidence (
    LIKE film_evidence INCLUDING ALL,
    FOREIGN KEY (film) REFERENCES film ON DELETE CASCADE
);

CREATE INDEX film_sha256 ON film (sha256);
