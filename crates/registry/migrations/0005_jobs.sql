-- Jobs at their times, and what was done by whom. Times are microseconds since 1970-01-01 UTC.

-- Who runs the jobs. A leader shows that it lives by counting `beat` up: others watch the number and no clock.
CREATE TABLE leaders (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    term BIGINT NOT NULL CHECK (term > 0),
    beat BIGINT NOT NULL
);

-- Jobs, and since when they are due as they are now: what was due before is not caught up.
CREATE TABLE jobs (
    job TEXT NOT NULL PRIMARY KEY,
    due TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- When somebody asked for it to be done at once; NULL where nobody ever did.
    asked_at BIGINT
);

-- One try of a job that was due. Only ever one of a job is running.
CREATE TABLE attempts (
    job TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    -- Times that it was due before this one and nobody was there to do it.
    missed BIGINT NOT NULL CHECK (missed >= 0),
    term BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'refused', 'failed', 'lost')),
    -- What came of it, or why nothing did.
    told TEXT NOT NULL,
    PRIMARY KEY (job, due_at, number)
);
CREATE INDEX attempts_by_start ON attempts (started_at);

-- The attempt that a training belongs to, so that one that was taken for lost cannot register a version any more.
ALTER TABLE runs ADD COLUMN attempt TEXT;

-- Only ever appended to. Each line carries the SHA-256 of itself with that of the line before.
CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    act TEXT NOT NULL,
    product TEXT,
    details TEXT NOT NULL,
    sha256 TEXT NOT NULL
);

-- What was worked out once, and of what: another text there means that it is to be worked out anew.
CREATE TABLE kept (
    name TEXT NOT NULL PRIMARY KEY,
    made_of TEXT NOT NULL,
    content TEXT NOT NULL
);
