-- How many requests and attempts ended in which way (tallies.ts). step: 1 or 60 minutes. bucket: the first of its minutes since
-- 1970. times: 12 counters of four bytes, the lowest first: how many took how long.
CREATE TABLE tallies (
  step    INTEGER NOT NULL,
  bucket  INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  outcome TEXT    NOT NULL,
  count   INTEGER NOT NULL,
  times   BLOB    NOT NULL,
  PRIMARY KEY (step, bucket, kind, subject, outcome)
) STRICT, WITHOUT ROWID;
