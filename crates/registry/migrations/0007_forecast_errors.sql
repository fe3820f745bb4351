-- How wrong forecasts were, beside counts of decisions: sums over the forecasts of a day, absent where decisions are
-- counted only.

ALTER TABLE outcomes ADD COLUMN missed DOUBLE PRECISION;
ALTER TABLE outcomes ADD COLUMN missed_squares DOUBLE PRECISION;
ALTER TABLE outcomes ADD COLUMN missed_naive DOUBLE PRECISION;
ALTER TABLE outcomes ADD COLUMN excess DOUBLE PRECISION;
ALTER TABLE outcomes ADD COLUMN sold DOUBLE PRECISION;
