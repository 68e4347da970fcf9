-- Events that are batches, and the numbers that are reserved for their items: those after the event's own, up to `last`.
CREATE TABLE batches (
  event INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL
) STRICT;

-- Of an item: the event that it is part of, and where it stands in that event's body, in bytes. A row whose batch is its own
-- event stands for the items that have no row yet: item_at is where they begin (0: at the list's beginning), item_length how
-- many have been seen. It is `behind`, so that it is never handed out.
ALTER TABLE work ADD COLUMN batch INTEGER;
ALTER TABLE work ADD COLUMN item_at INTEGER;
ALTER TABLE work ADD COLUMN item_length INTEGER;

CREATE INDEX work_split ON work (event) WHERE batch = event;
