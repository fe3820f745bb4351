-- Limits on some arms within a budget. Units are cents, or offers given.

CREATE TABLE budget_limits (
    product TEXT NOT NULL,
    period TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL CHECK (unit IN ('cents', 'offers')),
    limit_units BIGINT NOT NULL CHECK (limit_units > 0),
    -- What open leases may still promise of it, or have promised without it being known here yet.
    leased_units BIGINT NOT NULL DEFAULT 0 CHECK (leased_units >= 0),
    reserved_units BIGINT NOT NULL DEFAULT 0 CHECK (reserved_units >= 0),
    spent_units BIGINT NOT NULL DEFAULT 0 CHECK (spent_units >= 0),
    -- The part of what was spent that nothing was reserved for.
    excess_units BIGINT NOT NULL DEFAULT 0 CHECK (excess_units >= 0),
    expired_units BIGINT NOT NULL DEFAULT 0 CHECK (expired_units >= 0),
    PRIMARY KEY (product, period, name, unit),
    FOREIGN KEY (product, period) REFERENCES budgets (product, period)
);

CREATE TABLE lease_limits (
    lease TEXT NOT NULL REFERENCES leases (id),
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    units BIGINT NOT NULL CHECK (units >= 0),
    left_units BIGINT NOT NULL CHECK (left_units >= 0 AND left_units <= units),
    PRIMARY KEY (lease, name, unit)
);

-- The arms that a limit counts, as the holder of the lease knew them: which limits a reservation counts against follows
-- from its lease and its arm.
CREATE TABLE lease_limit_arms (
    lease TEXT NOT NULL,
    arm TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (lease, arm, name, unit),
    FOREIGN KEY (lease, name, unit) REFERENCES lease_limits (lease, name, unit)
);
