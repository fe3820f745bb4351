-- What a search of settings has measured. Times are microseconds since 1970-01-01 UTC.

CREATE TABLE searched_fits (
    -- SHA-256 of all that decides what comes of it.
    key TEXT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0),
    -- JSON: a measure, or why there is none.
    outcome TEXT NOT NULL
);
CREATE INDEX searched_fits_by_product ON searched_fits (product, made_at);

-- The last search of each product that came to its end.
CREATE TABLE searches (
    product TEXT NOT NULL PRIMARY KEY,
    ended_at BIGINT NOT NULL,
    -- JSON, as `comptoir search` prints it.
    found TEXT NOT NULL
);
