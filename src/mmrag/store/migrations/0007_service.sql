-- Who may use the service, and what was done through it. A token's secret is never here: it
-- has 256 random bits, so that a plain hash of it can be neither guessed nor turned back.

CREATE TABLE token (
    id text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,  -- SHA-256 of the secret
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Every entry's hash covers the entry and the hash before it: whoever changes or takes out
-- one breaks the chain from there on. The triggers stop mistakes, the chain shows intent.

CREATE TABLE audit (
    number bigint PRIMARY KEY,
    entry text NOT NULL,  -- JSON with sorted keys, as it was hashed
    hash bytea NOT NULL
);

CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END
$$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
