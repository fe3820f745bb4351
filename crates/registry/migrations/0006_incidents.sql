-- What went wrong, and who was told of it. Times are microseconds since 1970-01-01 UTC.

CREATE TABLE incidents (
    id BIGINT NOT NULL PRIMARY KEY,
    -- What is wrong, as a path: 'promise/for-you/latency_p99'.
    cause TEXT NOT NULL,
    what TEXT NOT NULL,
    page TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX incidents_open ON incidents (cause) WHERE closed_at IS NULL;
CREATE INDEX incidents_by_cause ON incidents (cause, closed_at);

-- The products that an incident is about; none where it is about no product.
CREATE TABLE incident_products (
    incident BIGINT NOT NULL REFERENCES incidents (id),
    product TEXT NOT NULL,
    PRIMARY KEY (incident, product)
);
CREATE INDEX incident_products_by_product ON incident_products (product, incident);

-- That somebody is to be told of an incident, and whether that was done.
CREATE TABLE incident_messages (
    incident BIGINT NOT NULL REFERENCES incidents (id),
    recipient TEXT NOT NULL,
    about TEXT NOT NULL CHECK (about IN ('opened', 'closed')),
    -- Times that it was begun to be sent. Who sends it holds the number, and only the latest may say how it went.
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    -- Until when nobody sends it: somebody is at it, it has failed lately, or it is held back.
    not_before BIGINT NOT NULL,
    told_at BIGINT,
    -- Why it did not arrive the last time.
    error TEXT,
    PRIMARY KEY (incident, recipient, about)
);
