-- Housekeeping of repositories, locks of files, keys of people.

-- A lease says who does a long job. fence grows with each new holder, so that a late one is noticed.
CREATE TABLE leases (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    fence  BIGINT NOT NULL,
    until  BIGINT NOT NULL
) CLUSTERED;

-- How a repository was when its garbage was last looked for. Rows outlive their repository until they are swept.
CREATE TABLE repo_gc (
    repo_id TEXT   NOT NULL PRIMARY KEY,
    gen     BIGINT NOT NULL,
    at      BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX repo_gc_at ON repo_gc (at);

-- Locks of git-lfs. Rows outlive their repository until they are swept; owner_id may name somebody who is gone.
CREATE TABLE lfs_locks (
    id         TEXT   NOT NULL PRIMARY KEY,
    repo_id    TEXT   NOT NULL,
    path       TEXT   NOT NULL,
    ref        TEXT   NOT NULL,
    owner_id   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (repo_id, path)
);

-- Public keys for SSH. fingerprint: SHA-256 of the key, in base64, as ssh-keygen prints it.
CREATE TABLE ssh_keys (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    fingerprint  TEXT   NOT NULL UNIQUE,
    public       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX ssh_keys_user ON ssh_keys (user_id, id);
