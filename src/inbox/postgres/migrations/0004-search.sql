-- Values by which people look for events (search-keys.ts), indexed after the fact. By day, so that what is written stays
-- together, and what is past its retention goes from one end.
CREATE TABLE search_keys (
  day   integer NOT NULL,
  key   bigint  NOT NULL,
  event bigint  NOT NULL,
  PRIMARY KEY (day, key, event)
);

-- Days that have keys: a look-up is one point read for each.
CREATE VIEW search_days (day) AS
WITH RECURSIVE days (day) AS (
  (SELECT day FROM search_keys ORDER BY day LIMIT 1)
  UNION ALL
  SELECT (SELECT later.day FROM search_keys AS later WHERE later.day > days.day ORDER BY later.day LIMIT 1)
  FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL;

-- How far events are indexed, for what the sources declare now; the digest tells when they declare something else.
CREATE TABLE search_progress (
  declared   text   PRIMARY KEY,
  indexed_to bigint NOT NULL
);

-- What waits for a person is found without reading what is pending.
CREATE INDEX work_dead ON work (event, handler) WHERE state = 'dead';
CREATE INDEX work_held ON work (event, handler) WHERE state = 'held';
