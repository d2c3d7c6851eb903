-- ip_salt hides the address in what the chain hashes (internal/format/auditchain), so that one event can be proved to
-- somebody who may not know it. Events of before have none.
ALTER TABLE audit_log ADD COLUMN ip_salt TEXT NOT NULL DEFAULT '';

-- Events of committed transactions that wait for their numbers. Only where several processes write: there the lock of
-- the log's head would make all writers wait for each other's COMMIT. Sealing moves them, in the order of pos, into audit_log.
CREATE TABLE audit_pending (
    pos          COUNTED NOT NULL PRIMARY KEY,
    id           TEXT   NOT NULL,
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
    at           BIGINT NOT NULL
);

-- Roots of the complete subtrees of 1,024 events each, the n-th at n; what proofs are made of without reading all events,
-- and what is left of events that retention took.
CREATE TABLE audit_subtrees (
    n    BIGINT NOT NULL PRIMARY KEY,
    hash BYTES  NOT NULL
) CLUSTERED;
