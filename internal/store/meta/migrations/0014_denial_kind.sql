-- The kind of credential that was refused: how the same would be answered now depends on it.
ALTER TABLE denials ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE denials DROP COLUMN layers;
