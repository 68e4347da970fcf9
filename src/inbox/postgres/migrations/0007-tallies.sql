-- How many requests and attempts ended in which way (tallies.ts). step: 1 or 60 minutes. bucket: the first of its minutes since
-- 1970. times: 12 counters, how many took how long.
CREATE TABLE tallies (
  step    integer  NOT NULL,
  bucket  integer  NOT NULL,
  kind    text     NOT NULL,
  subject text     NOT NULL,
  outcome text     NOT NULL,
  count   bigint   NOT NULL,
  times   bigint[] NOT NULL,
  PRIMARY KEY (step, bucket, kind, subject, outcome)
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.05
);
