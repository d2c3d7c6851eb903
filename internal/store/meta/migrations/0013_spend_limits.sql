-- What a resource group may spend in a month, as JSON. Empty: no limit.
ALTER TABLE resource_groups ADD COLUMN spend_limits TEXT NOT NULL DEFAULT '';
