-- What organizations say about the life of tokens and about tokens in files, and values of service accounts' tokens
-- after a rotation.

-- Lifetimes in seconds, 0 for none: the longest that a token with access may live, and that of one that is made without
-- an end. leaks: what follows an access token in a file that is pushed; '' is what the hub does.
ALTER TABLE orgs ADD COLUMN token_max_lifetime BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orgs ADD COLUMN token_lifetime BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orgs ADD COLUMN leaks TEXT NOT NULL DEFAULT '' CHECK (leaks IN ('', 'report', 'revoke', 'refuse'));

-- As token_old_values: accepted until grace_until, recognized afterwards.
CREATE TABLE service_old_values (
    digest      BYTES  NOT NULL PRIMARY KEY,
    token_id    TEXT   NOT NULL REFERENCES service_tokens (id),
    last4       TEXT   NOT NULL,
    grace_until BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX service_old_values_token ON service_old_values (token_id);
CREATE INDEX service_tokens_expires ON service_tokens (expires_at);
