-- NULL for what jsonb cannot hold: \u0000, too deep, too large a number. A byte order mark before JSON is no part of it.
CREATE OR REPLACE FUNCTION payload_of(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN ltrim(convert_from(body, 'UTF8'), U&'\FEFF')::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

-- Of two states of the same time the one that was recorded later counts. 0: the event does not say.
ALTER TABLE newest ADD COLUMN recorded_at bigint NOT NULL DEFAULT 0;
