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
