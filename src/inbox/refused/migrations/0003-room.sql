-- What is asked when there is not room for everything: whose it is (an address, or the /64 of one), how much it is in bytes,
-- and whether it looks like what the provider sends.
ALTER TABLE refused ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE refused ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refused ADD COLUMN shaped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refused ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
-- The schemes with secrets that were enforced when it came, as in `token,hmac`. From before they were kept: the one that it failed.
ALTER TABLE refused ADD COLUMN enforced TEXT NOT NULL DEFAULT '';

UPDATE refused SET
  network = address,
  bytes = octet_length(id) + octet_length(source) + octet_length(code) + octet_length(reason) + octet_length(address)
    + octet_length(headers) + octet_length(credentials) + coalesce(octet_length(token_digest), 0) + octet_length(body) + 8,
  shaped = json_valid(CAST(body AS TEXT)),
  expires_at = received_at + 604800000,
  enforced = substr(code, 1, instr(code, '_') - 1);

DROP INDEX refused_address;
DROP INDEX refused_age;
CREATE INDEX refused_room ON refused (source, network, shaped, number DESC, bytes);
CREATE INDEX refused_expiry ON refused (expires_at);

-- Networks from where an event of the source was accepted.
CREATE TABLE proven (
  source  TEXT    NOT NULL,
  network TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (source, network)
) STRICT, WITHOUT ROWID;

-- How many refused requests are not here, and why.
CREATE TABLE losses (
  source   TEXT    NOT NULL,
  why      TEXT    NOT NULL,
  count    INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (source, why)
) STRICT, WITHOUT ROWID;
