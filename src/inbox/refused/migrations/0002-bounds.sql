-- For what goes first: the oldest of the loudest address, and what is past its days.
CREATE INDEX IF NOT EXISTS refused_source ON refused (source, number);
CREATE INDEX IF NOT EXISTS refused_address ON refused (source, address, number DESC);
CREATE INDEX IF NOT EXISTS refused_age ON refused (received_at);
