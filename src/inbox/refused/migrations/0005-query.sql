-- Of its query the digest of the body, where its provider signs by that (`bodySHA256=…`): it is no secret. Nothing else of a query is kept.
ALTER TABLE refused ADD COLUMN query TEXT NOT NULL DEFAULT '';
-- oldest: 4
