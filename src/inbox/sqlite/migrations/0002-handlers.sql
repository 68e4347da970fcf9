-- What an attempt brought: the status and the beginning of what the other side said.
ALTER TABLE attempts ADD COLUMN status TEXT;
ALTER TABLE attempts ADD COLUMN output TEXT;

-- For handlers that want the newest state only (newest.ts): whose state it is, and whether an older state of the same
-- thing is being handled, which must end first.
ALTER TABLE work ADD COLUMN thing BLOB;
ALTER TABLE work ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;

DROP INDEX work_due;
CREATE INDEX work_due ON work (handler, due, event) WHERE state = 'pending' AND alone = 0 AND behind = 0;
CREATE INDEX work_thing ON work (handler, thing) WHERE thing IS NOT NULL;

-- The newest state of each thing that a handler has been told of, or will be: when it held, and in which event.
CREATE TABLE newest (
  handler TEXT    NOT NULL,
  thing   BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  event   INTEGER NOT NULL,
  PRIMARY KEY (handler, thing)
) STRICT, WITHOUT ROWID;

CREATE INDEX newest_event ON newest (event);
