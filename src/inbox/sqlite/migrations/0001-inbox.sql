-- What was received. The number is time-ordered, so every row is an append (event-id.ts).
-- headers and body are NULL once the event is past its retention; the row stays for its identity.
CREATE TABLE inbox (
  number      INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  source      TEXT    NOT NULL,
  identity    BLOB    NOT NULL,
  digest      BLOB    NOT NULL,
  type        TEXT,
  external_id TEXT,
  is_json     INTEGER NOT NULL,
  held        TEXT,
  address     TEXT    NOT NULL,
  headers     TEXT,
  body        BLOB
) STRICT;

CREATE UNIQUE INDEX inbox_identity ON inbox (identity);

-- What is still to do: one row for each event and handler, gone when it is done or discarded.
-- alone: it may have brought its thread down, so nothing may run beside it.
CREATE TABLE work (
  event    INTEGER NOT NULL,
  handler  TEXT    NOT NULL,
  state    TEXT    NOT NULL CHECK (state IN ('pending', 'handling', 'dead', 'held')),
  attempts INTEGER NOT NULL,
  due      INTEGER NOT NULL,
  alone    INTEGER NOT NULL,
  PRIMARY KEY (event, handler)
) STRICT, WITHOUT ROWID;

CREATE INDEX work_due ON work (handler, due, event) WHERE state = 'pending' AND alone = 0;
CREATE INDEX work_alone ON work (due, event) WHERE state = 'pending' AND alone = 1;

-- What was done: one row for each run of a handler, and for what an operator did by hand.
CREATE TABLE attempts (
  event      INTEGER NOT NULL,
  handler    TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  ms         INTEGER NOT NULL,
  outcome    TEXT    NOT NULL,
  error      TEXT,
  PRIMARY KEY (event, handler, started_at, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- For ad-hoc SQL: one row for each event that still has its body.
CREATE VIEW events (id, ts, source, type, payload) AS
SELECT
  printf('evt_%014x', number),
  strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000.0, 'unixepoch'),
  source,
  type,
  CASE WHEN is_json AND json_valid(CAST(body AS TEXT)) THEN CAST(body AS TEXT) END
FROM inbox
WHERE body IS NOT NULL;
