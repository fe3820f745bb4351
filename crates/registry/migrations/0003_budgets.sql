-- Money that offers have promised. Amounts are cents; times are microseconds since 1970-01-01 UTC.

CREATE TABLE budgets (
    product TEXT NOT NULL,
    period TEXT NOT NULL,
    limit_cents BIGINT NOT NULL CHECK (limit_cents > 0),
    -- What open leases may still promise, or have promised without it being known here yet.
    leased_cents BIGINT NOT NULL DEFAULT 0 CHECK (leased_cents >= 0),
    reserved_cents BIGINT NOT NULL DEFAULT 0 CHECK (reserved_cents >= 0),
    spent_cents BIGINT NOT NULL DEFAULT 0 CHECK (spent_cents >= 0),
    -- The part of what was spent that nothing was reserved for.
    excess_cents BIGINT NOT NULL DEFAULT 0 CHECK (excess_cents >= 0),
    expired_cents BIGINT NOT NULL DEFAULT 0 CHECK (expired_cents >= 0),
    PRIMARY KEY (product, period)
);

CREATE TABLE leases (
    id TEXT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    period TEXT NOT NULL,
    holder TEXT NOT NULL,
    cents BIGINT NOT NULL CHECK (cents > 0),
    left_cents BIGINT NOT NULL CHECK (left_cents >= 0 AND left_cents <= cents),
    expires_days BIGINT NOT NULL CHECK (expires_days > 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    taken_at BIGINT NOT NULL,
    last_sign_at BIGINT NOT NULL,
    FOREIGN KEY (product, period) REFERENCES budgets (product, period)
);
CREATE INDEX leases_by_state ON leases (state, holder);

CREATE TABLE reservations (
    decision_id TEXT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    period TEXT NOT NULL,
    lease TEXT NOT NULL REFERENCES leases (id),
    customer TEXT,
    arm TEXT NOT NULL,
    cents BIGINT NOT NULL CHECK (cents > 0),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'confirmed', 'expired')),
    reserved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    confirmed_cents BIGINT NOT NULL DEFAULT 0 CHECK (confirmed_cents >= 0)
);
CREATE INDEX reservations_by_state ON reservations (state, expires_at);

CREATE TABLE redemptions (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    decision_id TEXT NOT NULL REFERENCES reservations (decision_id),
    cents BIGINT NOT NULL CHECK (cents >= 0),
    freed_cents BIGINT NOT NULL,
    excess_cents BIGINT NOT NULL,
    redeemed_at BIGINT NOT NULL
);
