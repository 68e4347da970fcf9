-- How often an event has come again, and when it last did: told every few seconds, as long as the event is not past its retention.
CREATE TABLE duplicates (
  event   BIGINT PRIMARY KEY,
  count   BIGINT NOT NULL,
  last_at BIGINT NOT NULL
);
