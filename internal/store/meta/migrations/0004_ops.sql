-- The audit log as a chain: seq grows by one in the order of commits, hash covers the row and the hash before it
-- (internal/format/auditchain). Rows of the table audit are moved here by the program, which computes their hashes.
CREATE TABLE audit_log (
    seq          BIGINT NOT NULL PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    type         TEXT   NOT NULL,
    actor_id     TEXT   NOT NULL,
    actor_name   TEXT   NOT NULL,
    token_id     TEXT   NOT NULL,
    namespace_id TEXT   NOT NULL,
    repo_id      TEXT   NOT NULL,
    target_id    TEXT   NOT NULL,
    message      TEXT   NOT NULL,
    ip           TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    hash         BYTES  NOT NULL
) CLUSTERED;
CREATE INDEX audit_log_namespace ON audit_log (namespace_id, seq);

-- One row, 'log': the last event's number and hash. Its lock puts the events of all transactions in one order.
-- base_seq is the last event that retention took away; a checkpoint of that size stays.
CREATE TABLE audit_head (
    name     TEXT   NOT NULL PRIMARY KEY,
    seq      BIGINT NOT NULL,
    hash     BYTES  NOT NULL,
    base_seq BIGINT NOT NULL
) CLUSTERED;

-- frontier is what the Merkle tree of this size needs in order to grow.
CREATE TABLE audit_checkpoints (
    size     BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    frontier BYTES  NOT NULL,
    note     TEXT   NOT NULL
) CLUSTERED;

-- Values that a token had before it was rotated: accepted until grace_until, recognized afterwards.
CREATE TABLE token_old_values (
    digest      BYTES  NOT NULL PRIMARY KEY,
    token_id    TEXT   NOT NULL REFERENCES tokens (id),
    last4       TEXT   NOT NULL,
    grace_until BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX token_old_values_token ON token_old_values (token_id);
CREATE INDEX tokens_expires ON tokens (expires_at);

-- What tokens were used for. repo_id is '' for permissions that concern no repository.
CREATE TABLE token_reach (
    token_id TEXT   NOT NULL,
    perm     TEXT   NOT NULL,
    repo_id  TEXT   NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    uses     BIGINT NOT NULL,
    PRIMARY KEY (token_id, perm, repo_id)
) CLUSTERED;

-- Messages that wait to be delivered, and those that were, so that none is sent twice. next_at 0: done.
CREATE TABLE outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    to_id      TEXT   NOT NULL,
    dedupe     TEXT   NOT NULL UNIQUE,
    data       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    done_at    BIGINT NOT NULL,
    outcome    TEXT   NOT NULL
);
CREATE INDEX outbox_next ON outbox (next_at, id);
CREATE INDEX outbox_done ON outbox (done_at);
