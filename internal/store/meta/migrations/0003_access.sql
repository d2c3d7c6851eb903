-- Who may do what beyond roles: token policies, resource groups, gates, service accounts, and why the answer was no.

-- ssh: '' follows the token policy, else 'allow' or 'deny'. group_creation: the least role that may create resource
-- groups. ip_ranges: JSON list of CIDR prefixes, empty for no restriction. features: JSON object.
ALTER TABLE orgs ADD COLUMN token_policy TEXT NOT NULL DEFAULT 'allow_all'
    CHECK (token_policy IN ('allow_all', 'fine_grained_only', 'require_approval'));
ALTER TABLE orgs ADD COLUMN private_only BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orgs ADD COLUMN ssh TEXT NOT NULL DEFAULT '' CHECK (ssh IN ('', 'allow', 'deny'));
ALTER TABLE orgs ADD COLUMN group_creation BIGINT NOT NULL DEFAULT 5;
ALTER TABLE orgs ADD COLUMN ip_ranges TEXT NOT NULL DEFAULT '[]';
ALTER TABLE orgs ADD COLUMN features TEXT NOT NULL DEFAULT '{}';

-- group_id: the resource group, '' for none. members_gated: members pass the gate only when they are let in.
ALTER TABLE repos ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
ALTER TABLE repos ADD COLUMN members_gated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repos ADD COLUMN gate_email TEXT NOT NULL DEFAULT '';
ALTER TABLE repos ADD COLUMN gate_notify TEXT NOT NULL DEFAULT 'bulk' CHECK (gate_notify IN ('bulk', 'real-time'));
CREATE INDEX repos_group ON repos (group_id) WHERE group_id <> '';

-- What an organization decided about a fine-grained token that has scopes there. A row stays when the policy changes.
-- admin_made: the owner administered the organization when the token was made or its permissions last changed.
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
) CLUSTERED;
CREATE INDEX token_grants_org ON token_grants (org_id, state, token_id);

CREATE TABLE resource_groups (
    id              TEXT   NOT NULL PRIMARY KEY,
    org_id          TEXT   NOT NULL REFERENCES orgs (id),
    name            TEXT   NOT NULL,
    name_key        TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    auto_join_role  BIGINT NOT NULL,
    auto_join_scope TEXT   NOT NULL CHECK (auto_join_scope IN ('', 'all', 'read_plus')),
    created_by      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    UNIQUE (org_id, name_key)
);

CREATE TABLE group_members (
    group_id   TEXT   NOT NULL REFERENCES resource_groups (id),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    role       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
) CLUSTERED;
CREATE INDEX group_members_user ON group_members (user_id, group_id);

-- Who asked to pass a gate or was let in. subject_id is a user, an organization, a resource group or a service account,
-- which may be gone. until: end of the acceptance, 0 for none. granted: let in without having asked.
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
) CLUSTERED;
CREATE INDEX gate_requests_subject ON gate_requests (kind, subject_id);
CREATE INDEX gate_requests_list ON gate_requests (repo_id, state, id);

CREATE TABLE service_accounts (
    id          TEXT   NOT NULL PRIMARY KEY,
    org_id      TEXT   NOT NULL REFERENCES orgs (id),
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL,
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX service_accounts_org ON service_accounts (org_id, id);

-- permissions hold in the whole organization; repo_permissions replace them on the repositories of service_token_repos.
CREATE TABLE service_tokens (
    digest            BYTES  NOT NULL PRIMARY KEY,
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
) CLUSTERED;
CREATE INDEX service_tokens_account ON service_tokens (account_id, id);

CREATE TABLE service_token_repos (
    token_id TEXT   NOT NULL REFERENCES service_tokens (id),
    position BIGINT NOT NULL,
    repo_id  TEXT   NOT NULL,
    PRIMARY KEY (token_id, position)
) CLUSTERED;
CREATE INDEX service_token_repos_repo ON service_token_repos (repo_id, token_id);

-- The newest refusals, for those who ask afterwards why. Rows refer by id to things that may be gone.
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
    layers     TEXT   NOT NULL,
    message    TEXT   NOT NULL
) CLUSTERED;
CREATE INDEX denials_request ON denials (request_id);
