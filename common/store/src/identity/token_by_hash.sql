SELECT t.id AS token_id, t.identity, t.name, t.role AS token_role, t.secret_hash,
       t.created_at AS token_created_at, t.expires_at, t.revoked_at,
       i.id, i.login, i.role, i.password_hash, i.enabled, i.session_epoch, i.created_at
FROM api_token t JOIN identity i ON i.id = t.identity
WHERE t.secret_hash = $1
