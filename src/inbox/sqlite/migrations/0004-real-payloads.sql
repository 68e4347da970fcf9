-- For ad-hoc SQL: one row for each event that still has its body. A byte order mark before JSON is no part of it.
DROP VIEW events;
CREATE VIEW events (id, ts, source, type, payload) AS
SELECT
  printf('evt_%014x', number),
  strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000.0, 'unixepoch'),
  source,
  type,
  CASE WHEN is_json AND json_valid(ltrim(CAST(body AS TEXT), char(0xfeff))) THEN ltrim(CAST(body AS TEXT), char(0xfeff)) END
FROM inbox
WHERE body IS NOT NULL;

-- Of two states of the same time the one that was recorded later counts. 0: the event does not say.
ALTER TABLE newest ADD COLUMN recorded_at INTEGER NOT NULL DEFAULT 0;
