-- Words that differ between the engines are rewritten in schemaWords (sqlite.go, postgres.go):
-- TEXT gets byte-wise collation, BYTES is a byte string, CLUSTERED keeps rows in the order of their primary key.
-- Times are microseconds since 1970 in UTC, 0 for "never"; booleans are 0 and 1; ids are 24 hex characters.

CREATE TABLE settings (
    name  TEXT   NOT NULL PRIMARY KEY,
    value TEXT   NOT NULL
) CLUSTERED;

-- Counters that must grow in the order of commits: the row lock makes it so.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) CLUSTERED;
INSERT INTO counters (name, value) VALUES ('auth', 0);

-- Users and organizations share one space of names; name_key is the name in lower case.
CREATE TABLE namespaces (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL UNIQUE,
    kind       TEXT   NOT NULL CHECK (kind IN ('user', 'org')),
    full_name  TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id             TEXT   NOT NULL PRIMARY KEY REFERENCES namespaces (id),
    email_verified BIGINT NOT NULL,
    admin          BIGINT NOT NULL,
    suspended      BIGINT NOT NULL,
    password_hash  TEXT   NOT NULL
);

CREATE TABLE orgs (
    id                 TEXT NOT NULL PRIMARY KEY REFERENCES namespaces (id),
    default_visibility TEXT NOT NULL
);

CREATE TABLE members (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    role       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
) CLUSTERED;
CREATE INDEX members_user ON members (user_id, org_id);

CREATE TABLE sessions (
    digest     BYTES  NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL UNIQUE,
    user_id    TEXT   NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE tokens (
    digest         BYTES  NOT NULL PRIMARY KEY,
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
) CLUSTERED;
CREATE INDEX tokens_user ON tokens (user_id, id);

-- Apart from tokens: written often, in batches.
CREATE TABLE token_use (
    token_id     TEXT   NOT NULL PRIMARY KEY REFERENCES tokens (id),
    last_used_at BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE token_scopes (
    token_id    TEXT   NOT NULL REFERENCES tokens (id),
    position    BIGINT NOT NULL,
    entity_type TEXT   NOT NULL,
    entity_id   TEXT   NOT NULL,
    perms       TEXT   NOT NULL,
    PRIMARY KEY (token_id, position)
) CLUSTERED;
CREATE INDEX token_scopes_entity ON token_scopes (entity_id, token_id);

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
    card                 BYTES,
    UNIQUE (namespace_id, type, name_key)
);
CREATE INDEX repos_created ON repos (type, created_at, id);
CREATE INDEX repos_updated ON repos (type, updated_at, id);
CREATE INDEX repos_downloads ON repos (type, downloads, id);
CREATE INDEX repos_likes ON repos (type, likes, id);
CREATE INDEX repos_trending ON repos (type, trending, id);
CREATE INDEX repos_full_key ON repos (type, full_key, id);

-- The same tags as in repos.tags, one a row, for filters.
CREATE TABLE repo_tags (
    repo_id TEXT NOT NULL REFERENCES repos (id),
    tag     TEXT NOT NULL,
    PRIMARY KEY (repo_id, tag)
) CLUSTERED;
CREATE INDEX repo_tags_tag ON repo_tags (tag, repo_id);

-- Names that repositories had before they were moved.
CREATE TABLE repo_aliases (
    namespace_id TEXT NOT NULL REFERENCES namespaces (id),
    type         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    repo_id      TEXT NOT NULL REFERENCES repos (id),
    PRIMARY KEY (namespace_id, type, name_key)
) CLUSTERED;
CREATE INDEX repo_aliases_repo ON repo_aliases (repo_id);

CREATE TABLE refs (
    repo_id TEXT NOT NULL REFERENCES repos (id),
    name    TEXT NOT NULL,
    target  TEXT NOT NULL,
    PRIMARY KEY (repo_id, name)
) CLUSTERED;

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
) CLUSTERED;

-- Packs outlive their repository until their bytes are deleted, so repo_id refers to nothing.
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
    inline     BYTES
);
CREATE INDEX packs_repo ON packs (repo_id, state, born_gen);
CREATE INDEX packs_state ON packs (state, dead_at, lease);

-- What has been published, so that the same publication is never applied twice.
CREATE TABLE publications (
    id      TEXT   NOT NULL PRIMARY KEY,
    repo_id TEXT   NOT NULL,
    gen     BIGINT NOT NULL,
    at      BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX publications_at ON publications (at);

-- live: linked or about to be. condemned: without a link, a new link revives it. deleting: its bytes are going.
CREATE TABLE lfs_objects (
    digest       TEXT   NOT NULL PRIMARY KEY,
    size         BIGINT NOT NULL,
    blob_key     TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('live', 'condemned', 'deleting')),
    condemned_at BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX lfs_objects_state ON lfs_objects (state, condemned_at);

CREATE TABLE repo_lfs (
    repo_id TEXT   NOT NULL REFERENCES repos (id),
    digest  TEXT   NOT NULL REFERENCES lfs_objects (digest),
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, digest)
) CLUSTERED;
CREATE INDEX repo_lfs_digest ON repo_lfs (digest, repo_id);

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
CREATE INDEX uploads_lease ON uploads (lease);
CREATE INDEX uploads_digest ON uploads (digest);

CREATE TABLE upload_parts (
    upload_id TEXT   NOT NULL REFERENCES uploads (id),
    number    BIGINT NOT NULL,
    size      BIGINT NOT NULL,
    etag      TEXT   NOT NULL,
    blob_key  TEXT   NOT NULL,
    PRIMARY KEY (upload_id, number)
) CLUSTERED;

-- Rows refer by id to things that may be gone.
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
) CLUSTERED;

-- seq comes from counters, so that a reader who has seen n has seen everything below n.
CREATE TABLE auth_changes (
    seq  BIGINT NOT NULL PRIMARY KEY,
    kind TEXT   NOT NULL,
    id   TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
