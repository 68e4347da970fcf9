-- What the clock was when it was kept: how far it stood from the steady clock, and which steady clock that was. A clock that is set
-- later shows by the difference.
ALTER TABLE refused ADD COLUMN clock_offset INTEGER;
ALTER TABLE refused ADD COLUMN clock_name TEXT;
