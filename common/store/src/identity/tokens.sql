SELECT id AS token_id, identity, name, role AS token_role, secret_hash,
       created_at AS token_created_at, expires_at, revoked_at
FROM api_token WHERE identity = $1
ORDER BY created_at, id
