-- Which transactions wrote records. Their number tells whether what can be read is still what it
-- was: it grows when a writer commits, and only then. PostgreSQL's own snapshots change with the
-- audit log, too, which grows with every question.

CREATE TABLE written (
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- beside it, since a database that was moved to another server meets the same numbers again
    began_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transaction, began_at)
);

CREATE FUNCTION note_writer() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO written DEFAULT VALUES ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON patient
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON condition
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON imaging_study
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film_vector
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film_pixel
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON film_pixel_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON lab_vector
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON lab_report
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON lab_observation
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON link
    FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
