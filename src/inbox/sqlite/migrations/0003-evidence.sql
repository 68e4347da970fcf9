-- How each event passed its checks: a JSON list, with the signature, so that it can be checked again. Never shown whole.
ALTER TABLE inbox ADD COLUMN evidence TEXT;

-- Which live secrets have proved requests, how often, and until when; by fingerprint.
CREATE TABLE secret_uses (
  source  TEXT    NOT NULL,
  scheme  TEXT    NOT NULL,
  secret  TEXT    NOT NULL,
  form    TEXT    NOT NULL,
  count   INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (source, scheme, secret, form)
) STRICT, WITHOUT ROWID;
