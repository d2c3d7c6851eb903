CREATE TABLE audit_checkpoints (
    size     BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    frontier BLOB  NOT NULL,
    note     TEXT   NOT NULL
) WITHOUT ROWID;
CREATE TABLE audit_head (
    name     TEXT   NOT NULL PRIMARY KEY,
    seq      BIGINT NOT NULL,
    hash     BLOB  NOT NULL,
    base_seq BIGINT NOT NULL
) WITHOUT ROWID;
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
    hash         BLOB  NOT NULL
, ip_salt TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX audit_log_namespace ON audit_log (namespace_id, seq);
CREATE TABLE audit_pending (
    pos          INTEGER NOT NULL PRIMARY KEY,
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
CREATE TABLE audit_subtrees (
    n    BIGINT NOT NULL PRIMARY KEY,
    hash BLOB  NOT NULL
) WITHOUT ROWID;
CREATE TABLE auth_changes (
    seq  BIGINT NOT NULL PRIMARY KEY,
    kind TEXT   NOT NULL,
    id   TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
CREATE TABLE closures (
    repo_id TEXT  NOT NULL PRIMARY KEY,
    body    BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE denials (
    id         TEXT   NOT NULL PRIMARY KEY,
    request_id TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    user_id    TEXT   NOT NULL,
    token_id   TEXT   NOT NULL,
    account_id TEXT   NOT NULL,
    org_id     TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    message    TEXT   NOT NULL
, kind TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX denials_request ON denials (request_id);
CREATE TABLE gate_requests (
    repo_id      TEXT   NOT NULL REFERENCES repos (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('user', 'org', 'group', 'service')),
    subject_id   TEXT   NOT NULL,
    id           TEXT   NOT NULL UNIQUE,
    state        TEXT   NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'reset')),
    fields       TEXT   NOT NULL,
    requested_at BIGINT NOT NULL,
    decided_at   BIGINT NOT NULL,
    reviewer_id  TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    granted      BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    PRIMARY KEY (repo_id, kind, subject_id)
) WITHOUT ROWID;
CREATE INDEX gate_requests_list ON gate_requests (repo_id, state, id);
CREATE INDEX gate_requests_subject ON gate_requests (kind, subject_id);
CREATE TABLE group_members (
    group_id   TEXT   NOT NULL REFERENCES resource_groups (id),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    role       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (user_id, group_id);
CREATE TABLE id_tails (
    tail TEXT NOT NULL PRIMARY KEY CHECK (LENGTH(tail) = 8 AND tail <> '00000000')
) WITHOUT ROWID;
CREATE TABLE leases (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    fence  BIGINT NOT NULL,
    until  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE lfs_locks (
    id         TEXT   NOT NULL PRIMARY KEY,
    repo_id    TEXT   NOT NULL,
    path       TEXT   NOT NULL,
    ref        TEXT   NOT NULL,
    owner_id   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (repo_id, path)
);
CREATE TABLE lfs_objects (
    digest       TEXT   NOT NULL PRIMARY KEY,
    size         BIGINT NOT NULL,
    blob_key     TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('live', 'condemned', 'deleting')),
    condemned_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX lfs_objects_state ON lfs_objects (state, condemned_at);
CREATE TABLE members (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    role       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id, org_id);
CREATE TABLE namespaces (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL UNIQUE,
    kind       TEXT   NOT NULL CHECK (kind IN ('user', 'org')),
    full_name  TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE orgs (
    id                 TEXT NOT NULL PRIMARY KEY REFERENCES namespaces (id),
    default_visibility TEXT NOT NULL
, token_policy TEXT NOT NULL DEFAULT 'allow_all'
    CHECK (token_policy IN ('allow_all', 'fine_grained_only', 'require_approval')), private_only BIGINT NOT NULL DEFAULT 0, ssh TEXT NOT NULL DEFAULT '' CHECK (ssh IN ('', 'allow', 'deny')), group_creation BIGINT NOT NULL DEFAULT 5, ip_ranges TEXT NOT NULL DEFAULT '[]', features TEXT NOT NULL DEFAULT '{}', token_max_lifetime BIGINT NOT NULL DEFAULT 0, token_lifetime BIGINT NOT NULL DEFAULT 0, leaks TEXT NOT NULL DEFAULT '' CHECK (leaks IN ('', 'report', 'revoke', 'refuse')), token_max_count BIGINT NOT NULL DEFAULT 0, members_public BIGINT NOT NULL DEFAULT 0);
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
CREATE INDEX outbox_done ON outbox (done_at);
CREATE INDEX outbox_next ON outbox (next_at, id);
CREATE TABLE packs (
    id         TEXT   NOT NULL PRIMARY KEY,
    repo_id    TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('staged', 'live', 'retired')),
    objects    BIGINT NOT NULL,
    pack_bytes BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    sum        TEXT   NOT NULL,
    blob_key   TEXT   NOT NULL,
    born_gen   BIGINT NOT NULL,
    dead_gen   BIGINT NOT NULL,
    dead_at    BIGINT NOT NULL,
    lease      BIGINT NOT NULL,
    inline     BLOB
);
CREATE INDEX packs_repo ON packs (repo_id, state, born_gen);
CREATE INDEX packs_state ON packs (state, dead_at, lease);
CREATE TABLE publications (
    id      TEXT   NOT NULL PRIMARY KEY,
    repo_id TEXT   NOT NULL,
    gen     BIGINT NOT NULL,
    at      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX publications_at ON publications (at);
CREATE TABLE reflog (
    repo_id        TEXT   NOT NULL REFERENCES repos (id),
    gen            BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    old_target     TEXT   NOT NULL,
    new_target     TEXT   NOT NULL,
    actor_id       TEXT   NOT NULL,
    publication_id TEXT   NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (repo_id, gen, name)
) WITHOUT ROWID;
CREATE TABLE refs (
    repo_id TEXT NOT NULL REFERENCES repos (id),
    name    TEXT NOT NULL,
    target  TEXT NOT NULL,
    PRIMARY KEY (repo_id, name)
) WITHOUT ROWID;
CREATE TABLE repo_aliases (
    namespace_id TEXT NOT NULL REFERENCES namespaces (id),
    type         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    repo_id      TEXT NOT NULL REFERENCES repos (id),
    PRIMARY KEY (namespace_id, type, name_key)
) WITHOUT ROWID;
CREATE INDEX repo_aliases_repo ON repo_aliases (repo_id);
CREATE TABLE repo_gc (
    repo_id TEXT   NOT NULL PRIMARY KEY,
    gen     BIGINT NOT NULL,
    at      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX repo_gc_at ON repo_gc (at);
CREATE TABLE repo_lfs (
    repo_id TEXT   NOT NULL REFERENCES repos (id),
    digest  TEXT   NOT NULL REFERENCES lfs_objects (digest),
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, digest)
) WITHOUT ROWID;
CREATE INDEX repo_lfs_digest ON repo_lfs (digest, repo_id);
CREATE TABLE repo_tags (
    repo_id TEXT NOT NULL REFERENCES repos (id),
    tag     TEXT NOT NULL,
    PRIMARY KEY (repo_id, tag)
) WITHOUT ROWID;
CREATE INDEX repo_tags_tag ON repo_tags (tag, repo_id);
CREATE TABLE repos (
    id                   TEXT   NOT NULL PRIMARY KEY,
    type                 TEXT   NOT NULL CHECK (type IN ('model', 'dataset', 'space')),
    namespace_id         TEXT   NOT NULL REFERENCES namespaces (id),
    name                 TEXT   NOT NULL,
    name_key             TEXT   NOT NULL,
    full_key             TEXT   NOT NULL,
    creator_id           TEXT   NOT NULL,
    visibility           TEXT   NOT NULL CHECK (visibility IN ('public', 'private', 'protected')),
    gated                TEXT   NOT NULL CHECK (gated IN ('', 'auto', 'manual')),
    disabled             BIGINT NOT NULL,
    discussions_disabled BIGINT NOT NULL,
    sdk                  TEXT   NOT NULL,
    gen                  BIGINT NOT NULL,
    gc_epoch             BIGINT NOT NULL,
    head_oid             TEXT   NOT NULL,
    git_bytes            BIGINT NOT NULL,
    lfs_bytes            BIGINT NOT NULL,
    downloads            BIGINT NOT NULL,
    likes                BIGINT NOT NULL,
    trending             BIGINT NOT NULL,
    created_at           BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL,
    pipeline_tag         TEXT   NOT NULL,
    library_name         TEXT   NOT NULL,
    tags                 TEXT   NOT NULL,
    card                 BLOB, group_id TEXT NOT NULL DEFAULT '', members_gated BIGINT NOT NULL DEFAULT 0, gate_email TEXT NOT NULL DEFAULT '', gate_notify TEXT NOT NULL DEFAULT 'bulk' CHECK (gate_notify IN ('bulk', 'real-time')),
    UNIQUE (namespace_id, type, name_key)
);
CREATE INDEX repos_created ON repos (type, created_at, id);
CREATE INDEX repos_downloads ON repos (type, downloads, id);
CREATE INDEX repos_full_key ON repos (type, full_key, id);
CREATE INDEX repos_group ON repos (group_id) WHERE group_id <> '';
CREATE INDEX repos_likes ON repos (type, likes, id);
CREATE INDEX repos_trending ON repos (type, trending, id);
CREATE INDEX repos_updated ON repos (type, updated_at, id);
CREATE TABLE resource_groups (
    id              TEXT   NOT NULL PRIMARY KEY,
    org_id          TEXT   NOT NULL REFERENCES orgs (id),
    name            TEXT   NOT NULL,
    name_key        TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    auto_join_role  BIGINT NOT NULL,
    auto_join_scope TEXT   NOT NULL CHECK (auto_join_scope IN ('', 'all', 'read_plus')),
    created_by      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL, spend_limits TEXT NOT NULL DEFAULT '',
    UNIQUE (org_id, name_key)
);
CREATE TABLE service_accounts (
    id          TEXT   NOT NULL PRIMARY KEY,
    org_id      TEXT   NOT NULL REFERENCES orgs (id),
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL,
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX service_accounts_org ON service_accounts (org_id, id);
CREATE TABLE service_old_values (
    digest      BLOB  NOT NULL PRIMARY KEY,
    token_id    TEXT   NOT NULL REFERENCES service_tokens (id),
    last4       TEXT   NOT NULL,
    grace_until BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX service_old_values_token ON service_old_values (token_id);
CREATE TABLE service_token_repos (
    token_id TEXT   NOT NULL REFERENCES service_tokens (id),
    position BIGINT NOT NULL,
    repo_id  TEXT   NOT NULL,
    PRIMARY KEY (token_id, position)
) WITHOUT ROWID;
CREATE INDEX service_token_repos_repo ON service_token_repos (repo_id, token_id);
CREATE TABLE service_tokens (
    digest            BLOB  NOT NULL PRIMARY KEY,
    kid               TEXT   NOT NULL,
    id                TEXT   NOT NULL UNIQUE,
    account_id        TEXT   NOT NULL REFERENCES service_accounts (id),
    name              TEXT   NOT NULL,
    last4             TEXT   NOT NULL,
    permissions       TEXT   NOT NULL,
    repo_permissions  TEXT   NOT NULL,
    endpoint_patterns TEXT   NOT NULL,
    skip_network      BIGINT NOT NULL,
    gen               BIGINT NOT NULL,
    created_by        TEXT   NOT NULL,
    created_at        BIGINT NOT NULL,
    rotated_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    last_used_at      BIGINT NOT NULL,
    revoked_at        BIGINT NOT NULL,
    revoked_why       TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX service_tokens_account ON service_tokens (account_id, id);
CREATE INDEX service_tokens_expires ON service_tokens (expires_at);
CREATE TABLE sessions (
    digest     BLOB  NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL UNIQUE,
    user_id    TEXT   NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE settings (
    name  TEXT   NOT NULL PRIMARY KEY,
    value TEXT   NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE token_grants (
    token_id     TEXT   NOT NULL REFERENCES tokens (id),
    org_id       TEXT   NOT NULL REFERENCES orgs (id),
    state        TEXT   NOT NULL CHECK (state IN ('none', 'pending', 'approved', 'denied', 'revoked')),
    admin_made   BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    reviewer_id  TEXT   NOT NULL,
    reviewed_at  BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    PRIMARY KEY (token_id, org_id)
) WITHOUT ROWID;
CREATE INDEX token_grants_org ON token_grants (org_id, state, token_id);
CREATE INDEX token_grants_pending ON token_grants (requested_at) WHERE state = 'pending';
CREATE TABLE token_old_values (
    digest      BLOB  NOT NULL PRIMARY KEY,
    token_id    TEXT   NOT NULL REFERENCES tokens (id),
    last4       TEXT   NOT NULL,
    grace_until BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX token_old_values_token ON token_old_values (token_id);
CREATE TABLE token_reach (
    token_id TEXT   NOT NULL,
    perm     TEXT   NOT NULL,
    repo_id  TEXT   NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    uses     BIGINT NOT NULL,
    PRIMARY KEY (token_id, perm, repo_id)
) WITHOUT ROWID;
CREATE TABLE token_scopes (
    token_id    TEXT   NOT NULL REFERENCES tokens (id),
    position    BIGINT NOT NULL,
    entity_type TEXT   NOT NULL,
    entity_id   TEXT   NOT NULL,
    perms       TEXT   NOT NULL,
    PRIMARY KEY (token_id, position)
) WITHOUT ROWID;
CREATE INDEX token_scopes_entity ON token_scopes (entity_id, token_id);
CREATE TABLE token_use (
    token_id     TEXT   NOT NULL PRIMARY KEY REFERENCES tokens (id),
    last_used_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE tokens (
    digest         BLOB  NOT NULL PRIMARY KEY,
    kid            TEXT   NOT NULL,
    id             TEXT   NOT NULL UNIQUE,
    user_id        TEXT   NOT NULL REFERENCES users (id),
    kind           TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    last4          TEXT   NOT NULL,
    global_perms   TEXT   NOT NULL,
    can_read_gated BIGINT NOT NULL,
    gen            BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    rotated_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL,
    revoked_why    TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX tokens_expires ON tokens (expires_at);
CREATE INDEX tokens_user ON tokens (user_id, id);
CREATE TABLE upload_parts (
    upload_id TEXT   NOT NULL REFERENCES uploads (id),
    number    BIGINT NOT NULL,
    size      BIGINT NOT NULL,
    etag      TEXT   NOT NULL,
    blob_key  TEXT   NOT NULL,
    PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
CREATE TABLE uploads (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    repo_id    TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    token_id   TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    size       BIGINT NOT NULL,
    part_size  BIGINT NOT NULL,
    lease      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended      BIGINT NOT NULL
);
CREATE INDEX uploads_digest ON uploads (digest);
CREATE INDEX uploads_lease ON uploads (lease);
CREATE TABLE users (
    id             TEXT   NOT NULL PRIMARY KEY REFERENCES namespaces (id),
    email_verified BIGINT NOT NULL,
    admin          BIGINT NOT NULL,
    suspended      BIGINT NOT NULL,
    password_hash  TEXT   NOT NULL
);
CREATE TABLE "xet_chunks" (
    domain_id TEXT  NOT NULL,
    chunk     BLOB NOT NULL,
    xorb      BLOB NOT NULL,
    PRIMARY KEY (domain_id, chunk, xorb)
) WITHOUT ROWID;
CREATE INDEX xet_chunks_xorb ON xet_chunks (xorb, domain_id);
CREATE TABLE xet_domains (
    domain_id TEXT   NOT NULL PRIMARY KEY,
    epoch     BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE xet_file_xorbs (
    file_id TEXT  NOT NULL REFERENCES xet_files (id),
    xorb    BLOB NOT NULL REFERENCES xet_xorbs (hash),
    PRIMARY KEY (file_id, xorb)
) WITHOUT ROWID;
CREATE INDEX xet_file_xorbs_xorb ON xet_file_xorbs (xorb, file_id);
CREATE TABLE xet_files (
    id         TEXT   NOT NULL PRIMARY KEY,
    domain_id  TEXT   NOT NULL,
    hash       BLOB  NOT NULL,
    size       BIGINT NOT NULL,
    digest     TEXT   NOT NULL,
    terms      BLOB  NOT NULL,
    tried_at   BIGINT NOT NULL,
    UNIQUE (domain_id, hash)
);
CREATE INDEX xet_files_digest ON xet_files (digest, tried_at);
CREATE TABLE xet_holdings (
    domain_id TEXT   NOT NULL,
    xorb      BLOB  NOT NULL REFERENCES xet_xorbs (hash),
    seen_at   BIGINT NOT NULL,
    PRIMARY KEY (domain_id, xorb)
) WITHOUT ROWID;
CREATE INDEX xet_holdings_seen ON xet_holdings (seen_at);
CREATE INDEX xet_holdings_xorb ON xet_holdings (xorb, domain_id);
CREATE TABLE xet_links (
    repo_id   TEXT   NOT NULL REFERENCES repos (id),
    hash      BLOB  NOT NULL,
    digest    TEXT   NOT NULL,
    file_id   TEXT   NOT NULL REFERENCES xet_files (id),
    committed BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (repo_id, hash, digest)
) WITHOUT ROWID;
CREATE INDEX xet_links_age ON xet_links (committed, at);
CREATE INDEX xet_links_digest ON xet_links (repo_id, digest);
CREATE INDEX xet_links_file ON xet_links (file_id);
CREATE TABLE xet_xorbs (
    hash       BLOB  NOT NULL PRIMARY KEY,
    state      TEXT   NOT NULL CHECK (state IN ('arriving', 'live', 'deleting')),
    packed     BIGINT NOT NULL,
    unpacked   BIGINT NOT NULL,
    chunks     BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    rotten     BIGINT NOT NULL
, looked_at BIGINT NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX xet_xorbs_checked ON xet_xorbs (checked_at);
CREATE INDEX xet_xorbs_looked ON xet_xorbs (looked_at);
CREATE INDEX xet_xorbs_state ON xet_xorbs (state, touched_at);
