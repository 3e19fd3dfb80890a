-- Declared identities: a patient of films and a patient of panels are one person, and who says
-- so. What is one person follows from all pairs together; it is worked out when it is read.

CREATE TABLE link (
    film_patient text NOT NULL,
    lab_patient text NOT NULL,
    declared_by text NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT now(),
    file text NOT NULL,
    line integer NOT NULL,
    PRIMARY KEY (film_patient, lab_patient),
    CHECK (film_patient <> lab_patient)
);
CREATE INDEX link_lab_patient ON link (lab_patient);

-- Who is gone from the store, or has become another patient in it, is linked no more.

CREATE FUNCTION link_ends_with_films() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM link WHERE film_patient = OLD.patient
        AND NOT EXISTS (SELECT FROM film WHERE patient = OLD.patient);
    RETURN NULL;
END
$$;
CREATE TRIGGER link_ends_with_deleted_films AFTER DELETE ON film
    FOR EACH ROW WHEN (OLD.patient IS NOT NULL) EXECUTE FUNCTION link_ends_with_films();
CREATE TRIGGER link_ends_with_renamed_films AFTER UPDATE OF patient ON film
    FOR EACH ROW WHEN (OLD.patient IS DISTINCT FROM NEW.patient)
    EXECUTE FUNCTION link_ends_with_films();

CREATE FUNCTION link_ends_with_panels() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM link WHERE lab_patient = OLD.patient
        AND NOT EXISTS (SELECT FROM lab_report WHERE patient = OLD.patient);
    RETURN NULL;
END
$$;
CREATE TRIGGER link_ends_with_deleted_panels AFTER DELETE ON lab_report
    FOR EACH ROW EXECUTE FUNCTION link_ends_with_panels();
CREATE TRIGGER link_ends_with_renamed_panels AFTER UPDATE OF patient ON lab_report
    FOR EACH ROW WHEN (OLD.patient IS DISTINCT FROM NEW.patient)
    EXECUTE FUNCTION link_ends_with_panels();
