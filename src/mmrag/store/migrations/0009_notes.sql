-- What a film's source tells of the case in free text.

ALTER TABLE film ADD COLUMN note text;
