-- How a data product answered, by process and a few minutes. Times are microseconds since 1970-01-01 UTC.

CREATE TABLE service (
    product TEXT NOT NULL,
    process TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    -- The version that answered; 0 where there was none.
    number BIGINT NOT NULL,
    answered BIGINT NOT NULL CHECK (answered >= 0),
    unanswered BIGINT NOT NULL CHECK (unanswered >= 0),
    fallbacks BIGINT NOT NULL CHECK (fallbacks >= 0 AND fallbacks <= answered),
    -- Times of single answers, as `Snapshot::to_bytes` of crate monitoring writes them.
    times BYTEA NOT NULL,
    PRIMARY KEY (product, began_at, process, number)
);

-- What came of the decisions of a day, once all of it was known. Days are counted since 1970-01-01.
CREATE TABLE outcomes (
    product TEXT NOT NULL,
    day BIGINT NOT NULL,
    number BIGINT NOT NULL,
    -- 1 for customers of the holdout, whom the baseline answered.
    held_out BIGINT NOT NULL CHECK (held_out IN (0, 1)),
    decisions BIGINT NOT NULL CHECK (decisions >= 0),
    -- Those of which something came that says whether they were good.
    judged BIGINT NOT NULL CHECK (judged >= 0 AND judged <= decisions),
    good BIGINT NOT NULL CHECK (good >= 0 AND good <= judged),
    PRIMARY KEY (product, day, number, held_out)
);

-- The last day of each product whose outcomes are above: a day without decisions has no row there.
CREATE TABLE outcomes_known (
    product TEXT NOT NULL PRIMARY KEY,
    day BIGINT NOT NULL
);
