-- Both back ends run this file as it stands: SQLite stores a blob in a column of any declared type.
-- Times are microseconds since 1970-01-01 UTC. Numbers that could pass 2^63 are decimal text.

CREATE TABLE runs (
    sequence BIGINT NOT NULL UNIQUE,
    id TEXT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    kind TEXT NOT NULL,
    as_of TEXT NOT NULL,
    seed TEXT NOT NULL,
    config_fingerprint TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    last_sign_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'refused')),
    reason TEXT,
    scorecard TEXT,
    duration_ms BIGINT,
    peak_memory_bytes BIGINT,
    CHECK ((status IN ('failed', 'refused')) = (reason IS NOT NULL))
);
CREATE INDEX runs_by_product ON runs (product, sequence);
CREATE INDEX runs_by_status ON runs (status, last_sign_at);

CREATE TABLE run_inputs (
    run_id TEXT NOT NULL REFERENCES runs (id),
    table_name TEXT NOT NULL,
    table_version BIGINT NOT NULL,
    PRIMARY KEY (run_id, table_name)
);

CREATE TABLE artefacts (
    sha256 TEXT NOT NULL PRIMARY KEY,
    size_bytes BIGINT NOT NULL,
    content BYTEA NOT NULL
);

CREATE TABLE versions (
    product TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    run_id TEXT NOT NULL UNIQUE REFERENCES runs (id),
    kind TEXT NOT NULL,
    format_version BIGINT NOT NULL,
    artefact_sha256 TEXT NOT NULL REFERENCES artefacts (sha256),
    scorecard TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (product, number)
);

CREATE TABLE aliases (
    product TEXT NOT NULL,
    alias TEXT NOT NULL,
    number BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (product, alias),
    FOREIGN KEY (product, number) REFERENCES versions (product, number)
);

-- Only ever appended to: it is the answer to "who put this version in front of customers, and why".
CREATE TABLE alias_history (
    id BIGINT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    alias TEXT NOT NULL,
    from_number BIGINT,
    to_number BIGINT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('chosen', 'promoted', 'rolled_back')),
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    FOREIGN KEY (product, to_number) REFERENCES versions (product, number)
);
CREATE INDEX alias_history_by_alias ON alias_history (product, alias, id);
