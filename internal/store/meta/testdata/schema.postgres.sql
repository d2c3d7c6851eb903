audit.id text not null collate C
audit.type text not null collate C
audit.actor_id text not null collate C
audit.actor_name text not null collate C
audit.token_id text not null collate C
audit.namespace_id text not null collate C
audit.repo_id text not null collate C
audit.target_id text not null collate C
audit.message text not null collate C
audit.ip text not null collate C
audit.user_agent text not null collate C
audit.at bigint not null
audit PRIMARY KEY (id)
CREATE UNIQUE INDEX audit_pkey ON audit USING btree (id)
auth_changes.seq bigint not null
auth_changes.kind text not null collate C
auth_changes.id text not null collate C
auth_changes.at bigint not null
auth_changes PRIMARY KEY (seq)
CREATE UNIQUE INDEX auth_changes_pkey ON auth_changes USING btree (seq)
counters.name text not null collate C
counters.value bigint not null
counters PRIMARY KEY (name)
CREATE UNIQUE INDEX counters_pkey ON counters USING btree (name)
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
orgs FOREIGN KEY (id) REFERENCES namespaces(id)
orgs PRIMARY KEY (id)
CREATE UNIQUE INDEX orgs_pkey ON orgs USING btree (id)
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
repos CHECK ((gated = ANY (ARRAY[''::text, 'auto'::text, 'manual'::text])))
repos CHECK ((type = ANY (ARRAY['model'::text, 'dataset'::text, 'space'::text])))
repos CHECK ((visibility = ANY (ARRAY['public'::text, 'private'::text, 'protected'::text])))
repos FOREIGN KEY (namespace_id) REFERENCES namespaces(id)
repos PRIMARY KEY (id)
repos UNIQUE (namespace_id, type, name_key)
CREATE INDEX repos_created ON repos USING btree (type, created_at, id)
CREATE INDEX repos_downloads ON repos USING btree (type, downloads, id)
CREATE INDEX repos_full_key ON repos USING btree (type, full_key, id)
CREATE INDEX repos_likes ON repos USING btree (type, likes, id)
CREATE INDEX repos_trending ON repos USING btree (type, trending, id)
CREATE INDEX repos_updated ON repos USING btree (type, updated_at, id)
CREATE UNIQUE INDEX repos_namespace_id_type_name_key_key ON repos USING btree (namespace_id, type, name_key)
CREATE UNIQUE INDEX repos_pkey ON repos USING btree (id)
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
xet_chunks PRIMARY KEY (domain_id, chunk)
CREATE INDEX xet_chunks_xorb ON xet_chunks USING btree (xorb, domain_id)
CREATE UNIQUE INDEX xet_chunks_pkey ON xet_chunks USING btree (domain_id, chunk)
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
xet_xorbs CHECK ((state = ANY (ARRAY['arriving'::text, 'live'::text, 'deleting'::text])))
xet_xorbs PRIMARY KEY (hash)
CREATE INDEX xet_xorbs_checked ON xet_xorbs USING btree (checked_at)
CREATE INDEX xet_xorbs_state ON xet_xorbs USING btree (state, touched_at)
CREATE UNIQUE INDEX xet_xorbs_pkey ON xet_xorbs USING btree (hash)
