-- What the store is: the length of its vectors, fixed when it is made, and the one space
-- that they belong to.

CREATE TABLE dimension (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    length integer NOT NULL
);
INSERT INTO dimension (length) VALUES ({dimension});

CREATE TABLE space (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    encoder text NOT NULL,
    weights text NOT NULL,
    precision text NOT NULL,
    dimension integer NOT NULL,
    w_pixel double precision NOT NULL,
    w_label double precision NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
