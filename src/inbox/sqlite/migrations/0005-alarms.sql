-- The alarms that are raised, and those of the last thirty days. One that is raised is there once. `heard`: ALARM_URL has taken its
-- newest state. Until retries_until somebody is telling it. Times are milliseconds since 1970.
CREATE TABLE alarms (
  id            INTEGER PRIMARY KEY,
  kind          TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  since         INTEGER NOT NULL,
  over_at       INTEGER,
  says          TEXT    NOT NULL,
  fix           TEXT    NOT NULL,
  told_at       INTEGER NOT NULL,
  seen_at       INTEGER NOT NULL,
  heard         INTEGER NOT NULL,
  retries_until INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX alarms_raised ON alarms (kind, subject) WHERE over_at IS NULL;
CREATE INDEX alarms_since ON alarms (since);
CREATE INDEX alarms_unheard ON alarms (retries_until) WHERE heard = 0;
