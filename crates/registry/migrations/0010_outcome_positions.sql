-- Where in lists what they led to was shown: of each day's judged decisions, those that show something at a position, and
-- those of them whose first product that led to something stands there. Days that were noted before have no rows.

CREATE TABLE outcome_positions (
    product TEXT NOT NULL,
    -- Days since 1970-01-01.
    day BIGINT NOT NULL,
    number BIGINT NOT NULL,
    held_out BIGINT NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 1),
    shown BIGINT NOT NULL CHECK (shown >= good),
    good BIGINT NOT NULL CHECK (good >= 0),
    PRIMARY KEY (product, day, number, held_out, position)
);
