-- What labels of a patient's other films say is evidence, too. Tables name films whose images are
-- not there; their labels are kept for that. Whoever changes a patient's labels writes him or her
-- down here in the same transaction, so that evidence is weighed anew also after a run that died.

CREATE TABLE film_labels (
    source text NOT NULL,
    id text NOT NULL,
    patient text NOT NULL,
    findings text[] NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX film_labels_patient ON film_labels (patient);

-- A finding that no label of a source ever names is one that its labels are silent of.
CREATE TABLE label_name (
    source text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (source, name)
);

CREATE TABLE history_due (
    patient text PRIMARY KEY
);
INSERT INTO history_due SELECT DISTINCT patient FROM film WHERE patient IS NOT NULL;

CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film_labels
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
