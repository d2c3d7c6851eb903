-- Deduplicated storage. A domain is the namespace within which chunks are shared; its rows outlive the namespace.
-- Hashes are the 32 bytes of the Xet protocol, digests are SHA-256 in hex.

-- epoch is part of the address that clients keep their memory of chunks under: raised when a sweep took xorbs away.
CREATE TABLE xet_domains (
    domain_id TEXT   NOT NULL PRIMARY KEY,
    epoch     BIGINT NOT NULL
) CLUSTERED;

-- arriving: bytes may be on their way to the store. live: they are there. deleting: they are going.
CREATE TABLE xet_xorbs (
    hash       BYTES  NOT NULL PRIMARY KEY,
    state      TEXT   NOT NULL CHECK (state IN ('arriving', 'live', 'deleting')),
    packed     BIGINT NOT NULL,
    unpacked   BIGINT NOT NULL,
    chunks     BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    rotten     BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX xet_xorbs_state ON xet_xorbs (state, touched_at);
CREATE INDEX xet_xorbs_checked ON xet_xorbs (checked_at);

-- Which xorbs a domain may refer to: those that somebody uploaded into it.
CREATE TABLE xet_holdings (
    domain_id TEXT   NOT NULL,
    xorb      BYTES  NOT NULL REFERENCES xet_xorbs (hash),
    seen_at   BIGINT NOT NULL,
    PRIMARY KEY (domain_id, xorb)
) CLUSTERED;
CREATE INDEX xet_holdings_xorb ON xet_holdings (xorb, domain_id);
CREATE INDEX xet_holdings_seen ON xet_holdings (seen_at);

-- The deduplication index: only chunks that clients ask for.
CREATE TABLE xet_chunks (
    domain_id TEXT  NOT NULL,
    chunk     BYTES NOT NULL,
    xorb      BYTES NOT NULL,
    PRIMARY KEY (domain_id, chunk)
) CLUSTERED;
CREATE INDEX xet_chunks_xorb ON xet_chunks (xorb, domain_id);

-- digest is the SHA-256 that was computed here, empty until then.
CREATE TABLE xet_files (
    id         TEXT   NOT NULL PRIMARY KEY,
    domain_id  TEXT   NOT NULL,
    hash       BYTES  NOT NULL,
    size       BIGINT NOT NULL,
    digest     TEXT   NOT NULL,
    terms      BYTES  NOT NULL,
    tried_at   BIGINT NOT NULL,
    UNIQUE (domain_id, hash)
);
CREATE INDEX xet_files_digest ON xet_files (digest, tried_at);

CREATE TABLE xet_file_xorbs (
    file_id TEXT  NOT NULL REFERENCES xet_files (id),
    xorb    BYTES NOT NULL REFERENCES xet_xorbs (hash),
    PRIMARY KEY (file_id, xorb)
) CLUSTERED;
CREATE INDEX xet_file_xorbs_xorb ON xet_file_xorbs (xorb, file_id);

-- Which files a repository has. digest is what the uploader claimed: the claim is broken when the file's own differs.
CREATE TABLE xet_links (
    repo_id   TEXT   NOT NULL REFERENCES repos (id),
    hash      BYTES  NOT NULL,
    digest    TEXT   NOT NULL,
    file_id   TEXT   NOT NULL REFERENCES xet_files (id),
    committed BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (repo_id, hash, digest)
) CLUSTERED;
CREATE INDEX xet_links_digest ON xet_links (repo_id, digest);
CREATE INDEX xet_links_file ON xet_links (file_id);
CREATE INDEX xet_links_age ON xet_links (committed, at);
