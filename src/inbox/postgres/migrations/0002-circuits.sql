-- The circuit breaker of each target that is not well, whichever replica found out. until: when its rest ends, or ended.
-- openings: 0 while there are only failures. trial: the replica that tries it with one event after the rest.
ALTER TABLE rests
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN openings integer NOT NULL DEFAULT 1,
  ADD COLUMN trial    bigint;
