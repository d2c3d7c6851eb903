-- A chunk may lie in several xorbs of a domain: who may not be told of one of them may be told of another.
CREATE TABLE xet_chunks_in (
    domain_id TEXT  NOT NULL,
    chunk     BYTES NOT NULL,
    xorb      BYTES NOT NULL,
    PRIMARY KEY (domain_id, chunk, xorb)
) CLUSTERED;
INSERT INTO xet_chunks_in (domain_id, chunk, xorb) SELECT domain_id, chunk, xorb FROM xet_chunks;
DROP TABLE xet_chunks;
ALTER TABLE xet_chunks_in RENAME TO xet_chunks;
CREATE INDEX xet_chunks_xorb ON xet_chunks (xorb, domain_id);

-- When a xorb was last looked at for chunks that no file needs any more.
ALTER TABLE xet_xorbs ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX xet_xorbs_looked ON xet_xorbs (looked_at);
