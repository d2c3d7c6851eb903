-- Whether everybody may see who is in an organization. 0: its members alone.
ALTER TABLE orgs ADD COLUMN members_public BIGINT NOT NULL DEFAULT 0;
