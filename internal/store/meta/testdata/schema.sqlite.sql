CREATE TABLE audit (
    id           TEXT   NOT NULL PRIMARY KEY,
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
) WITHOUT ROWID;
CREATE TABLE auth_changes (
    seq  BIGINT NOT NULL PRIMARY KEY,
    kind TEXT   NOT NULL,
    id   TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) WITHOUT ROWID;
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
);
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
    card                 BLOB,
    UNIQUE (namespace_id, type, name_key)
);
CREATE INDEX repos_created ON repos (type, created_at, id);
CREATE INDEX repos_downloads ON repos (type, downloads, id);
CREATE INDEX repos_full_key ON repos (type, full_key, id);
CREATE INDEX repos_likes ON repos (type, likes, id);
CREATE INDEX repos_trending ON repos (type, trending, id);
CREATE INDEX repos_updated ON repos (type, updated_at, id);
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
CREATE TABLE xet_chunks (
    domain_id TEXT  NOT NULL,
    chunk     BLOB NOT NULL,
    xorb      BLOB NOT NULL,
    PRIMARY KEY (domain_id, chunk)
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
) WITHOUT ROWID;
CREATE INDEX xet_xorbs_checked ON xet_xorbs (checked_at);
CREATE INDEX xet_xorbs_state ON xet_xorbs (state, touched_at);
