-- Who said what a film shows: software that mined its report, radiologists who read the film,
-- or the source, which does not tell how it knows. Until now only the films of ChestX-ray14
-- came with mined labels, under this name.

ALTER TABLE film
    ADD COLUMN labels_by text NOT NULL DEFAULT 'source'
        CHECK (labels_by IN ('reports', 'radiologists', 'source'));

UPDATE film SET labels_by = 'reports'
WHERE source = 'nih' AND NOT made_up AND findings IS NOT NULL;
