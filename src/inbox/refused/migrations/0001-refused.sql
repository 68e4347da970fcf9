-- One row for each request that was refused as unproven. `credentials` are its signature headers and bearer tokens, and are
-- never shown; of a query token there is a digest.
CREATE TABLE refused (
  number       INTEGER PRIMARY KEY,
  id           TEXT    NOT NULL UNIQUE,
  received_at  INTEGER NOT NULL,
  source       TEXT    NOT NULL,
  code         TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  address      TEXT    NOT NULL,
  headers      TEXT    NOT NULL,
  credentials  TEXT    NOT NULL,
  token_digest BLOB,
  body         BLOB    NOT NULL
) STRICT;

CREATE INDEX refused_source ON refused (source, number);
