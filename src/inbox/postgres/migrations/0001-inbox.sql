-- Times are milliseconds since 1970, numbers are those of event-id.ts: they grow with time, so a range of them is a time.
-- inbox and attempts are partitioned by number; what no partition of its own was made for lies in the _rest ones.

CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);

-- What duplicates are known by. Outlives the event itself.
CREATE TABLE keys (
  identity bytea  PRIMARY KEY,
  number   bigint NOT NULL,
  digest   bytea  NOT NULL
);
CREATE UNIQUE INDEX keys_number ON keys (number);

-- What was received; gone when it is past its retention.
-- A NUL, which text cannot hold, stands as U+2400 in type and external_id; the body has the exact ones.
CREATE TABLE inbox (
  number      bigint  PRIMARY KEY,
  received_at bigint  NOT NULL,
  source      text    NOT NULL,
  type        text,
  external_id text,
  is_json     boolean NOT NULL,
  held        text,
  address     text    NOT NULL,
  headers     text    NOT NULL,
  evidence    text    NOT NULL,
  body        bytea   NOT NULL
) PARTITION BY RANGE (number);

-- The default compression costs more than everything else together.
DO $$ BEGIN
  ALTER TABLE inbox ALTER body SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
  ALTER TABLE inbox ALTER body SET STORAGE EXTERNAL;
END $$;

CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;

-- Which replicas live. A beat that stands still is a death, by the steady clock of whoever watches.
-- slot: its share of the event numbers, so that no two replicas make the same one. targets: what it hands events to.
CREATE TABLE replicas (
  id      bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slot    smallint NOT NULL UNIQUE CHECK (slot BETWEEN 0 AND 63),
  name    text     NOT NULL,
  targets text[]   NOT NULL,
  beat    bigint   NOT NULL
);

-- How many events of a target a replica may have out: together never more than the target's concurrency.
CREATE TABLE shares (
  target  text    NOT NULL,
  replica bigint  NOT NULL,
  slots   integer NOT NULL,
  PRIMARY KEY (target, replica)
);

-- Targets that are left in peace, whichever replica found out.
CREATE TABLE rests (
  target text   PRIMARY KEY,
  until  bigint NOT NULL
);

-- What is still to do: one row for each event and handler, gone when it is done or discarded.
-- owner: the replica that has it. alone: it may have brought its thread down, so nothing may run beside it.
-- thing, behind: for handlers that want the newest state only; whose state it is, and whether an older one is being handled.
CREATE TABLE work (
  event    bigint  NOT NULL,
  handler  text    NOT NULL,
  state    text    NOT NULL CHECK (state IN ('pending', 'handling', 'dead', 'held')),
  attempts integer NOT NULL,
  due      bigint  NOT NULL,
  alone    boolean NOT NULL,
  behind   boolean NOT NULL,
  owner    bigint,
  thing    bytea,
  PRIMARY KEY (event, handler),
  CHECK (state <> 'handling' OR owner IS NOT NULL)
) WITH (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.1
);
CREATE INDEX work_due ON work (handler, due, event) WHERE state = 'pending' AND NOT alone AND NOT behind;
CREATE INDEX work_alone ON work (due, event) WHERE state = 'pending' AND alone;
CREATE INDEX work_thing ON work (handler, thing) WHERE thing IS NOT NULL;
CREATE INDEX work_owner ON work (owner) WHERE owner IS NOT NULL;

-- What was done: one row for each run of a handler, and for what an operator did by hand.
CREATE TABLE attempts (
  event      bigint  NOT NULL,
  handler    text    NOT NULL,
  started_at bigint  NOT NULL,
  attempt    integer NOT NULL,
  ms         integer NOT NULL,
  outcome    text    NOT NULL,
  error      text,
  status     text,
  output     text,
  PRIMARY KEY (event, handler, started_at, attempt)
) PARTITION BY RANGE (event);
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;

-- The newest state of each thing that a handler has been told of, or will be: when it held, and in which event.
-- Whoever changes work of a thing holds its row here.
CREATE TABLE newest (
  handler text   NOT NULL,
  thing   bytea  NOT NULL,
  at      bigint NOT NULL,
  event   bigint NOT NULL,
  PRIMARY KEY (handler, thing)
);
CREATE INDEX newest_event ON newest (event);

-- Which live secrets have proved requests, how often, and until when; by fingerprint.
CREATE TABLE secret_uses (
  source  text   NOT NULL,
  scheme  text   NOT NULL,
  secret  text   NOT NULL,
  form    text   NOT NULL,
  count   bigint NOT NULL,
  last_at bigint NOT NULL,
  PRIMARY KEY (source, scheme, secret, form)
);

-- NULL for what jsonb cannot hold: \u0000, too deep, too large a number.
CREATE FUNCTION payload_of(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN convert_from(body, 'UTF8')::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

-- For ad-hoc SQL: one row for each event.
CREATE VIEW events (id, ts, source, type, payload) AS
SELECT
  'evt_' || lpad(to_hex(number), 14, '0'),
  to_char(to_timestamp(received_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  source,
  type,
  CASE WHEN is_json THEN payload_of(body) END
FROM inbox;
