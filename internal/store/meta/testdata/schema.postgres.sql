audit_checkpoints.size bigint not null
audit_checkpoints.at bigint not null
audit_checkpoints.frontier bytea not null
audit_checkpoints.note text not null collate C
audit_checkpoints PRIMARY KEY (size)
CREATE UNIQUE INDEX audit_checkpoints_pkey ON audit_checkpoints USING btree (size)
audit_head.name text not null collate C
audit_head.seq bigint not null
audit_head.hash bytea not null
audit_head.base_seq bigint not null
audit_head PRIMARY KEY (name)
CREATE UNIQUE INDEX audit_head_pkey ON audit_head USING btree (name)
audit_log.seq bigint not null
audit_log.id text not null collate C
audit_log.type text not null collate C
audit_log.actor_id text not null collate C
audit_log.actor_name text not null collate C
audit_log.token_id text not null collate C
audit_log.namespace_id text not null collate C
audit_log.repo_id text not null collate C
audit_log.target_id text not null collate C
audit_log.message text not null collate C
audit_log.ip text not null collate C
audit_log.user_agent text not null collate C
audit_log.at bigint not null
audit_log.hash bytea not null
audit_log.ip_salt text not null collate C default ''::text
audit_log PRIMARY KEY (seq)
audit_log UNIQUE (id)
CREATE INDEX audit_log_namespace ON audit_log USING btree (namespace_id, seq)
CREATE UNIQUE INDEX audit_log_id_key ON audit_log USING btree (id)
CREATE UNIQUE INDEX audit_log_pkey ON audit_log USING btree (seq)
audit_pending.pos bigint not null
audit_pending.id text not null collate C
audit_pending.type text not null collate C
audit_pending.actor_id text not null collate C
audit_pending.actor_name text not null collate C
audit_pending.token_id text not null collate C
audit_pending.namespace_id text not null collate C
audit_pending.repo_id text not null collate C
audit_pending.target_id text not null collate C
audit_pending.message text not null collate C
audit_pending.ip text not null collate C
audit_pending.user_agent text not null collate C
audit_pending.at bigint not null
audit_pending PRIMARY KEY (pos)
CREATE UNIQUE INDEX audit_pending_pkey ON audit_pending USING btree (pos)
audit_subtrees.n bigint not null
audit_subtrees.hash bytea not null
audit_subtrees PRIMARY KEY (n)
CREATE UNIQUE INDEX audit_subtrees_pkey ON audit_subtrees USING btree (n)
auth_changes.seq bigint not null
auth_changes.kind text not null collate C
auth_changes.id text not null collate C
auth_changes.at bigint not null
auth_changes PRIMARY KEY (seq)
CREATE UNIQUE INDEX auth_changes_pkey ON auth_changes USING btree (seq)
closures.repo_id text not null collate C
closures.body bytea not null
closures PRIMARY KEY (repo_id)
CREATE UNIQUE INDEX closures_pkey ON closures USING btree (repo_id)
counters.name text not null collate C
counters.value bigint not null
counters PRIMARY KEY (name)
CREATE UNIQUE INDEX counters_pkey ON counters USING btree (name)
denials.id text not null collate C
denials.request_id text not null collate C
denials.at bigint not null
denials.user_id text not null collate C
denials.token_id text not null collate C
denials.account_id text not null collate C
denials.org_id text not null collate C
denials.action text not null collate C
denials.target text not null collate C
denials.code text not null collate C
denials.reason text not null collate C
denials.message text not null collate C
denials.kind text not null collate C default ''::text
denials PRIMARY KEY (id)
CREATE INDEX denials_request ON denials USING btree (request_id)
CREATE UNIQUE INDEX denials_pkey ON denials USING btree (id)
gate_requests.repo_id text not null collate C
gate_requests.kind text not null collate C
gate_requests.subject_id text not null collate C
gate_requests.id text not null collate C
gate_requests.state text not null collate C
gate_requests.fields text not null collate C
gate_requests.requested_at bigint not null
gate_requests.decided_at bigint not null
gate_requests.reviewer_id text not null collate C
gate_requests.reason text not null collate C
gate_requests.granted bigint not null
gate_requests.until bigint not null
gate_requests CHECK ((kind = ANY (ARRAY['user'::text, 'org'::text, 'group'::text, 'service'::text])))
gate_requests CHECK ((state = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text, 'reset'::text])))
gate_requests FOREIGN KEY (repo_id) REFERENCES repos(id)
gate_requests PRIMARY KEY (repo_id, kind, subject_id)
gate_requests UNIQUE (id)
CREATE INDEX gate_requests_list ON gate_requests USING btree (repo_id, state, id)
CREATE INDEX gate_requests_subject ON gate_requests USING btree (kind, subject_id)
CREATE UNIQUE INDEX gate_requests_id_key ON gate_requests USING btree (id)
CREATE UNIQUE INDEX gate_requests_pkey ON gate_requests USING btree (repo_id, kind, subject_id)
group_members.group_id text not null collate C
group_members.user_id text not null collate C
group_members.role bigint not null
group_members.created_at bigint not null
group_members FOREIGN KEY (group_id) REFERENCES resource_groups(id)
group_members FOREIGN KEY (user_id) REFERENCES users(id)
group_members PRIMARY KEY (group_id, user_id)
CREATE INDEX group_members_user ON group_members USING btree (user_id, group_id)
CREATE UNIQUE INDEX group_members_pkey ON group_members USING btree (group_id, user_id)
id_tails.tail text not null collate C
id_tails CHECK (((length(tail) = 8) AND (tail <> '00000000'::text)))
id_tails PRIMARY KEY (tail)
CREATE UNIQUE INDEX id_tails_pkey ON id_tails USING btree (tail)
leases.name text not null collate C
leases.holder text not null collate C
leases.fence bigint not null
leases.until bigint not null
leases PRIMARY KEY (name)
CREATE UNIQUE INDEX leases_pkey ON leases USING btree (name)
lfs_locks.id text not null collate C
lfs_locks.repo_id text not null collate C
lfs_locks.path text not null collate C
lfs_locks.ref text not null collate C
lfs_locks.owner_id text not null collate C
lfs_locks.created_at bigint not null
lfs_locks PRIMARY KEY (id)
lfs_locks UNIQUE (repo_id, path)
CREATE UNIQUE INDEX lfs_locks_pkey ON lfs_locks USING btree (id)
CREATE UNIQUE INDEX lfs_locks_repo_id_path_key ON lfs_locks USING btree (repo_id, path)
lfs_objects.digest text not null collate C
lfs_objects.size bigint not null
lfs_objects.blob_key text not null collate C
lfs_objects.state text not null collate C
lfs_objects.condemned_at bigint not null
lfs_objects CHECK ((state = ANY (ARRAY['live'::text, 'condemned'::text, 'deleting'::text])))
lfs_objects PRIMARY KEY (digest)
CREATE INDEX lfs_objects_state ON lfs_objects USING btree (state, condemned_at)
CREATE UNIQUE INDEX lfs_objects_pkey ON lfs_objects USING btree (digest)
members.org_id text not null collate C
members.user_id text not null collate C
members.role bigint not null
members.created_at bigint not null
members FOREIGN KEY (org_id) REFERENCES orgs(id)
members FOREIGN KEY (user_id) REFERENCES users(id)
members PRIMARY KEY (org_id, user_id)
CREATE INDEX members_user ON members USING btree (user_id, org_id)
CREATE UNIQUE INDEX members_pkey ON members USING btree (org_id, user_id)
namespaces.id text not null collate C
namespaces.name text not null collate C
namespaces.name_key text not null collate C
namespaces.kind text not null collate C
namespaces.full_name text not null collate C
namespaces.email text not null collate C
namespaces.created_at bigint not null
namespaces CHECK ((kind = ANY (ARRAY['user'::text, 'org'::text])))
namespaces PRIMARY KEY (id)
namespaces UNIQUE (name_key)
CREATE UNIQUE INDEX namespaces_name_key_key ON namespaces USING btree (name_key)
CREATE UNIQUE INDEX namespaces_pkey ON namespaces USING btree (id)
orgs.id text not null collate C
orgs.default_visibility text not null collate C
orgs.token_policy text not null collate C default 'allow_all'::text
orgs.private_only bigint not null default 0
orgs.ssh text not null collate C default ''::text
orgs.group_creation bigint not null default 5
orgs.ip_ranges text not null collate C default '[]'::text
orgs.features text not null collate C default '{}'::text
orgs.token_max_lifetime bigint not null default 0
orgs.token_lifetime bigint not null default 0
orgs.leaks text not null collate C default ''::text
orgs.token_max_count bigint not null default 0
orgs.members_public bigint not null default 0
orgs CHECK ((leaks = ANY (ARRAY[''::text, 'report'::text, 'revoke'::text, 'refuse'::text])))
orgs CHECK ((ssh = ANY (ARRAY[''::text, 'allow'::text, 'deny'::text])))
orgs CHECK ((token_policy = ANY (ARRAY['allow_all'::text, 'fine_grained_only'::text, 'require_approval'::text])))
orgs FOREIGN KEY (id) REFERENCES namespaces(id)
orgs PRIMARY KEY (id)
CREATE UNIQUE INDEX orgs_pkey ON orgs USING btree (id)
outbox.id text not null collate C
outbox.kind text not null collate C
outbox.to_id text not null collate C
outbox.dedupe text not null collate C
outbox.data text not null collate C
outbox.created_at bigint not null
outbox.next_at bigint not null
outbox.attempts bigint not null
outbox.done_at bigint not null
outbox.outcome text not null collate C
outbox PRIMARY KEY (id)
outbox UNIQUE (dedupe)
CREATE INDEX outbox_done ON outbox USING btree (done_at)
CREATE INDEX outbox_next ON outbox USING btree (next_at, id)
CREATE UNIQUE INDEX outbox_dedupe_key ON outbox USING btree (dedupe)
CREATE UNIQUE INDEX outbox_pkey ON outbox USING btree (id)
packs.id text not null collate C
packs.repo_id text not null collate C
packs.kind text not null collate C
packs.state text not null collate C
packs.objects bigint not null
packs.pack_bytes bigint not null
packs.bytes bigint not null
packs.sum text not null collate C
packs.blob_key text not null collate C
packs.born_gen bigint not null
packs.dead_gen bigint not null
packs.dead_at bigint not null
packs.lease bigint not null
packs.inline bytea
packs CHECK ((state = ANY (ARRAY['staged'::text, 'live'::text, 'retired'::text])))
packs PRIMARY KEY (id)
CREATE INDEX packs_repo ON packs USING btree (repo_id, state, born_gen)
CREATE INDEX packs_state ON packs USING btree (state, dead_at, lease)
CREATE UNIQUE INDEX packs_pkey ON packs USING btree (id)
publications.id text not null collate C
publications.repo_id text not null collate C
publications.gen bigint not null
publications.at bigint not null
publications PRIMARY KEY (id)
CREATE INDEX publications_at ON publications USING btree (at)
CREATE UNIQUE INDEX publications_pkey ON publications USING btree (id)
reflog.repo_id text not null collate C
reflog.gen bigint not null
reflog.name text not null collate C
reflog.old_target text not null collate C
reflog.new_target text not null collate C
reflog.actor_id text not null collate C
reflog.publication_id text not null collate C
reflog.at bigint not null
reflog FOREIGN KEY (repo_id) REFERENCES repos(id)
reflog PRIMARY KEY (repo_id, gen, name)
CREATE UNIQUE INDEX reflog_pkey ON reflog USING btree (repo_id, gen, name)
refs.repo_id text not null collate C
refs.name text not null collate C
refs.target text not null collate C
refs FOREIGN KEY (repo_id) REFERENCES repos(id)
refs PRIMARY KEY (repo_id, name)
CREATE UNIQUE INDEX refs_pkey ON refs USING btree (repo_id, name)
repo_aliases.namespace_id text not null collate C
repo_aliases.type text not null collate C
repo_aliases.name_key text not null collate C
repo_aliases.repo_id text not null collate C
repo_aliases FOREIGN KEY (namespace_id) REFERENCES namespaces(id)
repo_aliases FOREIGN KEY (repo_id) REFERENCES repos(id)
repo_aliases PRIMARY KEY (namespace_id, type, name_key)
CREATE INDEX repo_aliases_repo ON repo_aliases USING btree (repo_id)
CREATE UNIQUE INDEX repo_aliases_pkey ON repo_aliases USING btree (namespace_id, type, name_key)
repo_gc.repo_id text not null collate C
repo_gc.gen bigint not null
repo_gc.at bigint not null
repo_gc PRIMARY KEY (repo_id)
CREATE INDEX repo_gc_at ON repo_gc USING btree (at)
CREATE UNIQUE INDEX repo_gc_pkey ON repo_gc USING btree (repo_id)
repo_lfs.repo_id text not null collate C
repo_lfs.digest text not null collate C
repo_lfs.at bigint not null
repo_lfs FOREIGN KEY (digest) REFERENCES lfs_objects(digest)
repo_lfs FOREIGN KEY (repo_id) REFERENCES repos(id)
repo_lfs PRIMARY KEY (repo_id, digest)
CREATE INDEX repo_lfs_digest ON repo_lfs USING btree (digest, repo_id)
CREATE UNIQUE INDEX repo_lfs_pkey ON repo_lfs USING btree (repo_id, digest)
repo_tags.repo_id text not null collate C
repo_tags.tag text not null collate C
repo_tags FOREIGN KEY (repo_id) REFERENCES repos(id)
repo_tags PRIMARY KEY (repo_id, tag)
CREATE INDEX repo_tags_tag ON repo_tags USING btree (tag, repo_id)
CREATE UNIQUE INDEX repo_tags_pkey ON repo_tags USING btree (repo_id, tag)
repos.id text not null collate C
repos.type text not null collate C
repos.namespace_id text not null collate C
repos.name text not null collate C
repos.name_key text not null collate C
repos.full_key text not null collate C
repos.creator_id text not null collate C
repos.visibility text not null collate C
repos.gated text not null collate C
repos.disabled bigint not null
repos.discussions_disabled bigint not null
repos.sdk text not null collate C
repos.gen bigint not null
repos.gc_epoch bigint not null
repos.head_oid text not null collate C
repos.git_bytes bigint not null
repos.lfs_bytes bigint not null
repos.downloads bigint not null
repos.likes bigint not null
repos.trending bigint not null
repos.created_at bigint not null
repos.updated_at bigint not null
repos.pipeline_tag text not null collate C
repos.library_name text not null collate C
repos.tags text not null collate C
repos.card bytea
repos.group_id text not null collate C default ''::text
repos.members_gated bigint not null default 0
repos.gate_email text not null collate C default ''::text
repos.gate_notify text not null collate C default 'bulk'::text
repos CHECK ((gate_notify = ANY (ARRAY['bulk'::text, 'real-time'::text])))
repos CHECK ((gated = ANY (ARRAY[''::text, 'auto'::text, 'manual'::text])))
repos CHECK ((type = ANY (ARRAY['model'::text, 'dataset'::text, 'space'::text])))
repos CHECK ((visibility = ANY (ARRAY['public'::text, 'private'::text, 'protected'::text])))
repos FOREIGN KEY (namespace_id) REFERENCES namespaces(id)
repos PRIMARY KEY (id)
repos UNIQUE (namespace_id, type, name_key)
CREATE INDEX repos_created ON repos USING btree (type, created_at, id)
CREATE INDEX repos_downloads ON repos USING btree (type, downloads, id)
CREATE INDEX repos_full_key ON repos USING btree (type, full_key, id)
CREATE INDEX repos_group ON repos USING btree (group_id) WHERE (group_id <> ''::text)
CREATE INDEX repos_likes ON repos USING btree (type, likes, id)
CREATE INDEX repos_trending ON repos USING btree (type, trending, id)
CREATE INDEX repos_updated ON repos USING btree (type, updated_at, id)
CREATE UNIQUE INDEX repos_namespace_id_type_name_key_key ON repos USING btree (namespace_id, type, name_key)
CREATE UNIQUE INDEX repos_pkey ON repos USING btree (id)
resource_groups.id text not null collate C
resource_groups.org_id text not null collate C
resource_groups.name text not null collate C
resource_groups.name_key text not null collate C
resource_groups.description text not null collate C
resource_groups.auto_join_role bigint not null
resource_groups.auto_join_scope text not null collate C
resource_groups.created_by text not null collate C
resource_groups.created_at bigint not null
resource_groups.spend_limits text not null collate C default ''::text
resource_groups CHECK ((auto_join_scope = ANY (ARRAY[''::text, 'all'::text, 'read_plus'::text])))
resource_groups FOREIGN KEY (org_id) REFERENCES orgs(id)
resource_groups PRIMARY KEY (id)
resource_groups UNIQUE (org_id, name_key)
CREATE UNIQUE INDEX resource_groups_org_id_name_key_key ON resource_groups USING btree (org_id, name_key)
CREATE UNIQUE INDEX resource_groups_pkey ON resource_groups USING btree (id)
service_accounts.id text not null collate C
service_accounts.org_id text not null collate C
service_accounts.name text not null collate C
service_accounts.description text not null collate C
service_accounts.created_by text not null collate C
service_accounts.created_at bigint not null
service_accounts FOREIGN KEY (org_id) REFERENCES orgs(id)
service_accounts PRIMARY KEY (id)
CREATE INDEX service_accounts_org ON service_accounts USING btree (org_id, id)
CREATE UNIQUE INDEX service_accounts_pkey ON service_accounts USING btree (id)
service_old_values.digest bytea not null
service_old_values.token_id text not null collate C
service_old_values.last4 text not null collate C
service_old_values.grace_until bigint not null
service_old_values.reported_at bigint not null
service_old_values FOREIGN KEY (token_id) REFERENCES service_tokens(id)
service_old_values PRIMARY KEY (digest)
CREATE INDEX service_old_values_token ON service_old_values USING btree (token_id)
CREATE UNIQUE INDEX service_old_values_pkey ON service_old_values USING btree (digest)
service_token_repos.token_id text not null collate C
service_token_repos.position bigint not null
service_token_repos.repo_id text not null collate C
service_token_repos FOREIGN KEY (token_id) REFERENCES service_tokens(id)
service_token_repos PRIMARY KEY (token_id, "position")
CREATE INDEX service_token_repos_repo ON service_token_repos USING btree (repo_id, token_id)
CREATE UNIQUE INDEX service_token_repos_pkey ON service_token_repos USING btree (token_id, "position")
service_tokens.digest bytea not null
service_tokens.kid text not null collate C
service_tokens.id text not null collate C
service_tokens.account_id text not null collate C
service_tokens.name text not null collate C
service_tokens.last4 text not null collate C
service_tokens.permissions text not null collate C
service_tokens.repo_permissions text not null collate C
service_tokens.endpoint_patterns text not null collate C
service_tokens.skip_network bigint not null
service_tokens.gen bigint not null
service_tokens.created_by text not null collate C
service_tokens.created_at bigint not null
service_tokens.rotated_at bigint not null
service_tokens.expires_at bigint not null
service_tokens.last_used_at bigint not null
service_tokens.revoked_at bigint not null
service_tokens.revoked_why text not null collate C
service_tokens FOREIGN KEY (account_id) REFERENCES service_accounts(id)
service_tokens PRIMARY KEY (digest)
service_tokens UNIQUE (id)
CREATE INDEX service_tokens_account ON service_tokens USING btree (account_id, id)
CREATE INDEX service_tokens_expires ON service_tokens USING btree (expires_at)
CREATE UNIQUE INDEX service_tokens_id_key ON service_tokens USING btree (id)
CREATE UNIQUE INDEX service_tokens_pkey ON service_tokens USING btree (digest)
sessions.digest bytea not null
sessions.id text not null collate C
sessions.user_id text not null collate C
sessions.created_at bigint not null
sessions.expires_at bigint not null
sessions FOREIGN KEY (user_id) REFERENCES users(id)
sessions PRIMARY KEY (digest)
sessions UNIQUE (id)
CREATE INDEX sessions_expires ON sessions USING btree (expires_at)
CREATE INDEX sessions_user ON sessions USING btree (user_id)
CREATE UNIQUE INDEX sessions_id_key ON sessions USING btree (id)
CREATE UNIQUE INDEX sessions_pkey ON sessions USING btree (digest)
settings.name text not null collate C
settings.value text not null collate C
settings PRIMARY KEY (name)
CREATE UNIQUE INDEX settings_pkey ON settings USING btree (name)
ssh_keys.id text not null collate C
ssh_keys.user_id text not null collate C
ssh_keys.name text not null collate C
ssh_keys.kind text not null collate C
ssh_keys.fingerprint text not null collate C
ssh_keys.public text not null collate C
ssh_keys.created_at bigint not null
ssh_keys.last_used_at bigint not null
ssh_keys PRIMARY KEY (id)
ssh_keys UNIQUE (fingerprint)
CREATE INDEX ssh_keys_user ON ssh_keys USING btree (user_id, id)
CREATE UNIQUE INDEX ssh_keys_fingerprint_key ON ssh_keys USING btree (fingerprint)
CREATE UNIQUE INDEX ssh_keys_pkey ON ssh_keys USING btree (id)
token_grants.token_id text not null collate C
token_grants.org_id text not null collate C
token_grants.state text not null collate C
token_grants.admin_made bigint not null
token_grants.requested_at bigint not null
token_grants.reviewer_id text not null collate C
token_grants.reviewed_at bigint not null
token_grants.reason text not null collate C
token_grants CHECK ((state = ANY (ARRAY['none'::text, 'pending'::text, 'approved'::text, 'denied'::text, 'revoked'::text])))
token_grants FOREIGN KEY (org_id) REFERENCES orgs(id)
token_grants FOREIGN KEY (token_id) REFERENCES tokens(id)
token_grants PRIMARY KEY (token_id, org_id)
CREATE INDEX token_grants_org ON token_grants USING btree (org_id, state, token_id)
CREATE INDEX token_grants_pending ON token_grants USING btree (requested_at) WHERE (state = 'pending'::text)
CREATE UNIQUE INDEX token_grants_pkey ON token_grants USING btree (token_id, org_id)
token_old_values.digest bytea not null
token_old_values.token_id text not null collate C
token_old_values.last4 text not null collate C
token_old_values.grace_until bigint not null
token_old_values.reported_at bigint not null
token_old_values FOREIGN KEY (token_id) REFERENCES tokens(id)
token_old_values PRIMARY KEY (digest)
CREATE INDEX token_old_values_token ON token_old_values USING btree (token_id)
CREATE UNIQUE INDEX token_old_values_pkey ON token_old_values USING btree (digest)
token_reach.token_id text not null collate C
token_reach.perm text not null collate C
token_reach.repo_id text not null collate C
token_reach.first_at bigint not null
token_reach.last_at bigint not null
token_reach.uses bigint not null
token_reach PRIMARY KEY (token_id, perm, repo_id)
CREATE UNIQUE INDEX token_reach_pkey ON token_reach USING btree (token_id, perm, repo_id)
token_scopes.token_id text not null collate C
token_scopes.position bigint not null
token_scopes.entity_type text not null collate C
token_scopes.entity_id text not null collate C
token_scopes.perms text not null collate C
token_scopes FOREIGN KEY (token_id) REFERENCES tokens(id)
token_scopes PRIMARY KEY (token_id, "position")
CREATE INDEX token_scopes_entity ON token_scopes USING btree (entity_id, token_id)
CREATE UNIQUE INDEX token_scopes_pkey ON token_scopes USING btree (token_id, "position")
token_use.token_id text not null collate C
token_use.last_used_at bigint not null
token_use FOREIGN KEY (token_id) REFERENCES tokens(id)
token_use PRIMARY KEY (token_id)
CREATE UNIQUE INDEX token_use_pkey ON token_use USING btree (token_id)
tokens.digest bytea not null
tokens.kid text not null collate C
tokens.id text not null collate C
tokens.user_id text not null collate C
tokens.kind text not null collate C
tokens.name text not null collate C
tokens.last4 text not null collate C
tokens.global_perms text not null collate C
tokens.can_read_gated bigint not null
tokens.gen bigint not null
tokens.created_at bigint not null
tokens.rotated_at bigint not null
tokens.expires_at bigint not null
tokens.revoked_at bigint not null
tokens.revoked_why text not null collate C
tokens FOREIGN KEY (user_id) REFERENCES users(id)
tokens PRIMARY KEY (digest)
tokens UNIQUE (id)
CREATE INDEX tokens_expires ON tokens USING btree (expires_at)
CREATE INDEX tokens_user ON tokens USING btree (user_id, id)
CREATE UNIQUE INDEX tokens_id_key ON tokens USING btree (id)
CREATE UNIQUE INDEX tokens_pkey ON tokens USING btree (digest)
upload_parts.upload_id text not null collate C
upload_parts.number bigint not null
upload_parts.size bigint not null
upload_parts.etag text not null collate C
upload_parts.blob_key text not null collate C
upload_parts FOREIGN KEY (upload_id) REFERENCES uploads(id)
upload_parts PRIMARY KEY (upload_id, number)
CREATE UNIQUE INDEX upload_parts_pkey ON upload_parts USING btree (upload_id, number)
uploads.id text not null collate C
uploads.kind text not null collate C
uploads.repo_id text not null collate C
uploads.user_id text not null collate C
uploads.token_id text not null collate C
uploads.digest text not null collate C
uploads.size bigint not null
uploads.part_size bigint not null
uploads.lease bigint not null
uploads.created_at bigint not null
uploads.ended bigint not null
uploads PRIMARY KEY (id)
CREATE INDEX uploads_digest ON uploads USING btree (digest)
CREATE INDEX uploads_lease ON uploads USING btree (lease)
CREATE UNIQUE INDEX uploads_pkey ON uploads USING btree (id)
users.id text not null collate C
users.email_verified bigint not null
users.admin bigint not null
users.suspended bigint not null
users.password_hash text not null collate C
users FOREIGN KEY (id) REFERENCES namespaces(id)
users PRIMARY KEY (id)
CREATE UNIQUE INDEX users_pkey ON users USING btree (id)
xet_chunks.domain_id text not null collate C
xet_chunks.chunk bytea not null
xet_chunks.xorb bytea not null
xet_chunks PRIMARY KEY (domain_id, chunk, xorb)
CREATE INDEX xet_chunks_xorb ON xet_chunks USING btree (xorb, domain_id)
CREATE UNIQUE INDEX xet_chunks_in_pkey ON xet_chunks USING btree (domain_id, chunk, xorb)
xet_domains.domain_id text not null collate C
xet_domains.epoch bigint not null
xet_domains PRIMARY KEY (domain_id)
CREATE UNIQUE INDEX xet_domains_pkey ON xet_domains USING btree (domain_id)
xet_file_xorbs.file_id text not null collate C
xet_file_xorbs.xorb bytea not null
xet_file_xorbs FOREIGN KEY (file_id) REFERENCES xet_files(id)
xet_file_xorbs FOREIGN KEY (xorb) REFERENCES xet_xorbs(hash)
xet_file_xorbs PRIMARY KEY (file_id, xorb)
CREATE INDEX xet_file_xorbs_xorb ON xet_file_xorbs USING btree (xorb, file_id)
CREATE UNIQUE INDEX xet_file_xorbs_pkey ON xet_file_xorbs USING btree (file_id, xorb)
xet_files.id text not null collate C
xet_files.domain_id text not null collate C
xet_files.hash bytea not null
xet_files.size bigint not null
xet_files.digest text not null collate C
xet_files.terms bytea not null
xet_files.tried_at bigint not null
xet_files PRIMARY KEY (id)
xet_files UNIQUE (domain_id, hash)
CREATE INDEX xet_files_digest ON xet_files USING btree (digest, tried_at)
CREATE UNIQUE INDEX xet_files_domain_id_hash_key ON xet_files USING btree (domain_id, hash)
CREATE UNIQUE INDEX xet_files_pkey ON xet_files USING btree (id)
xet_holdings.domain_id text not null collate C
xet_holdings.xorb bytea not null
xet_holdings.seen_at bigint not null
xet_holdings FOREIGN KEY (xorb) REFERENCES xet_xorbs(hash)
xet_holdings PRIMARY KEY (domain_id, xorb)
CREATE INDEX xet_holdings_seen ON xet_holdings USING btree (seen_at)
CREATE INDEX xet_holdings_xorb ON xet_holdings USING btree (xorb, domain_id)
CREATE UNIQUE INDEX xet_holdings_pkey ON xet_holdings USING btree (domain_id, xorb)
xet_links.repo_id text not null collate C
xet_links.hash bytea not null
xet_links.digest text not null collate C
xet_links.file_id text not null collate C
xet_links.committed bigint not null
xet_links.at bigint not null
xet_links FOREIGN KEY (file_id) REFERENCES xet_files(id)
xet_links FOREIGN KEY (repo_id) REFERENCES repos(id)
xet_links PRIMARY KEY (repo_id, hash, digest)
CREATE INDEX xet_links_age ON xet_links USING btree (committed, at)
CREATE INDEX xet_links_digest ON xet_links USING btree (repo_id, digest)
CREATE INDEX xet_links_file ON xet_links USING btree (file_id)
CREATE UNIQUE INDEX xet_links_pkey ON xet_links USING btree (repo_id, hash, digest)
xet_xorbs.hash bytea not null
xet_xorbs.state text not null collate C
xet_xorbs.packed bigint not null
xet_xorbs.unpacked bigint not null
xet_xorbs.chunks bigint not null
xet_xorbs.touched_at bigint not null
xet_xorbs.checked_at bigint not null
xet_xorbs.rotten bigint not null
xet_xorbs.looked_at bigint not null default 0
xet_xorbs CHECK ((state = ANY (ARRAY['arriving'::text, 'live'::text, 'deleting'::text])))
xet_xorbs PRIMARY KEY (hash)
CREATE INDEX xet_xorbs_checked ON xet_xorbs USING btree (checked_at)
CREATE INDEX xet_xorbs_looked ON xet_xorbs USING btree (looked_at)
CREATE INDEX xet_xorbs_state ON xet_xorbs USING btree (state, touched_at)
CREATE UNIQUE INDEX xet_xorbs_pkey ON xet_xorbs USING btree (hash)
