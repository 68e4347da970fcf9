-- Handlers and targets that a person keeps from getting anything, in all replicas. since: by the database's clock.
CREATE TABLE pauses (
  name   text   PRIMARY KEY,
  since  bigint NOT NULL,
  who    text   NOT NULL,
  reason text   NOT NULL
);
