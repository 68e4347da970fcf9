-- How often an event has come again, and when it last did: told every few seconds, as long as the event is not past its retention.
CREATE TABLE duplicates (
  event   INTEGER PRIMARY KEY,
  count   INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
