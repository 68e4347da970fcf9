-- The alarms that are raised, and those of the last thirty days. One that is raised is there once. `heard`: ALARM_URL has taken its
-- newest state. Until retries_until some replica is telling it. Times are milliseconds since 1970.
CREATE TABLE alarms (
  id            bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind          text    NOT NULL,
  subject       text    NOT NULL,
  since         bigint  NOT NULL,
  over_at       bigint,
  says          text    NOT NULL,
  fix           text    NOT NULL,
  told_at       bigint  NOT NULL,
  seen_at       bigint  NOT NULL,
  heard         boolean NOT NULL,
  retries_until bigint  NOT NULL
);

CREATE UNIQUE INDEX alarms_raised ON alarms (kind, subject) WHERE over_at IS NULL;
CREATE INDEX alarms_since ON alarms (since);
CREATE INDEX alarms_unheard ON alarms (retries_until) WHERE NOT heard;
