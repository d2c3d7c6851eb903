-- How many live tokens with access to an organization one member may have; 0 for no limit.
ALTER TABLE orgs ADD COLUMN token_max_count BIGINT NOT NULL DEFAULT 0;
CREATE INDEX token_grants_pending ON token_grants (requested_at) WHERE state = 'pending';
