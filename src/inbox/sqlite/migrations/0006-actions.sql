-- Handlers and targets that a person keeps from getting anything.
CREATE TABLE pauses (
  name   TEXT    PRIMARY KEY,
  since  INTEGER NOT NULL,
  who    TEXT    NOT NULL,
  reason TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
