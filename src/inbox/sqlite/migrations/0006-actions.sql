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
