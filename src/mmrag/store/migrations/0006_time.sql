-- When a film was taken, and what else its source says of it. Some sources count days of the
-- patient's own course instead of giving dates; a panel's effective_at then only orders it
-- among the panels of the same patient.

ALTER TABLE film
    ADD COLUMN taken_on date,
    ADD COLUMN day double precision,
    ADD COLUMN stated text,  -- what it shows, in the source's own words
    ADD COLUMN licence text;

ALTER TABLE lab_report ADD COLUMN day double precision;
