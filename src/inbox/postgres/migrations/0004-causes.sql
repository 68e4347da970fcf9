-- Why an event is dead or tried again: what its last failure has in common with others (cause.ts). NULL for most.
ALTER TABLE work ADD COLUMN cause text;

CREATE INDEX work_cause ON work (handler, cause, event, state) WHERE cause IS NOT NULL;

-- The causes of failures, with one failure in full; seen: how many attempts have failed like that.
CREATE TABLE causes (
  handler  text   NOT NULL,
  cause    text   NOT NULL,
  sample   text   NOT NULL,
  first_at bigint NOT NULL,
  last_at  bigint NOT NULL,
  seen     bigint NOT NULL,
  PRIMARY KEY (handler, cause)
);
