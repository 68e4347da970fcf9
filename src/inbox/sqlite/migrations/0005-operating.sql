-- Values by which people look for events (search-keys.ts), indexed after the fact. By day, so that what is written stays
-- together, and what is past its retention goes from one end.
CREATE TABLE search_keys (
  day   INTEGER NOT NULL,
  key   INTEGER NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (day, key, event)
) STRICT, WITHOUT ROWID;

-- Days that have keys: a look-up is one point read for each.
CREATE VIEW search_days (day) AS
WITH RECURSIVE days (day) AS (
  SELECT min(day) FROM search_keys
  UNION ALL
  SELECT (SELECT min(day) FROM search_keys AS later WHERE later.day > days.day) FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL;

-- How far events are indexed, for what the sources declare now; the digest tells when they declare something else.
CREATE TABLE search_progress (
  declared   TEXT    PRIMARY KEY,
  indexed_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What waits for a person is found without reading what is pending.
CREATE INDEX work_dead ON work (event, handler) WHERE state = 'dead';
CREATE INDEX work_held ON work (event, handler) WHERE state = 'held';

-- Why an event is dead or tried again: what its last failure has in common with others (cause.ts). NULL for most.
ALTER TABLE work ADD COLUMN cause TEXT;

CREATE INDEX work_cause ON work (handler, cause, event, state) WHERE cause IS NOT NULL;

-- The causes of failures, with one failure in full; seen: how many attempts have failed like that.
CREATE TABLE causes (
  handler  TEXT    NOT NULL,
  cause    TEXT    NOT NULL,
  sample   TEXT    NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  seen     INTEGER NOT NULL,
  PRIMARY KEY (handler, cause)
) STRICT, WITHOUT ROWID;

-- Handlers and targets that a person keeps from getting anything.
CREATE TABLE pauses (
  name   TEXT    PRIMARY KEY,
  since  INTEGER NOT NULL,
  who    TEXT    NOT NULL,
  reason TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What people have ordered: of many deliveries at a time, which is carried out step by step, and all else for the record.
-- about: the selection, or what was paused. up_to: only events up to this number. cursor: how far it has come.
CREATE TABLE actions (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  who      TEXT    NOT NULL,
  verb     TEXT    NOT NULL,
  about    TEXT    NOT NULL,
  up_to    INTEGER NOT NULL,
  cursor   INTEGER NOT NULL,
  state    TEXT    NOT NULL,
  found    INTEGER NOT NULL,
  changed  INTEGER NOT NULL,
  skipped  INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  remark   TEXT,
  ended_at INTEGER
) STRICT;
CREATE INDEX actions_running ON actions (id) WHERE state = 'running';

-- When it was replayed; NULL: it waits since it came.
ALTER TABLE work ADD COLUMN since INTEGER;
CREATE INDEX work_since ON work (since) WHERE since IS NOT NULL AND state = 'pending';

-- The alarms that are raised, and those of the last thirty days. One that is raised is there once. `heard`: ALARM_URL has taken its
-- newest state. Until retries_until somebody is telling it. Times are milliseconds since 1970.
CREATE TABLE alarms (
  id            INTEGER PRIMARY KEY,
  kind          TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  since         INTEGER NOT NULL,
  over_at       INTEGER,
  says          TEXT    NOT NULL,
  fix           TEXT    NOT NULL,
  told_at       INTEGER NOT NULL,
  seen_at       INTEGER NOT NULL,
  heard         INTEGER NOT NULL,
  retries_until INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX alarms_raised ON alarms (kind, subject) WHERE over_at IS NULL;
CREATE INDEX alarms_since ON alarms (since);
CREATE INDEX alarms_unheard ON alarms (retries_until) WHERE heard = 0;

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
