-- Values by which people look for events (search-keys.ts), indexed after the fact. By day, so that what is written stays
-- together, and what is past its retention goes from one end.
CREATE TABLE search_keys (
  day   INTEGER NOT NULL,
  key   INTEGER NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (day, key, event)
) STRICT, WITHOUT ROWID;

-- Days that have keys: a look-up is one point read for each.
CREATE VIEW search_days (day) AS
WITH RECURSIVE days (day) AS (
  SELECT min(day) FROM search_keys
  UNION ALL
  SELECT (SELECT min(day) FROM search_keys AS later WHERE later.day > days.day) FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL;

-- How far events are indexed, for what the sources declare now; the digest tells when they declare something else.
CREATE TABLE search_progress (
  declared   TEXT    PRIMARY KEY,
  indexed_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What waits for a person is found without reading what is pending.
CREATE INDEX work_dead ON work (event, handler) WHERE state = 'dead';
CREATE INDEX work_held ON work (event, handler) WHERE state = 'held';
