SELECT id, login, role, password_hash, enabled, session_epoch, created_at FROM identity
WHERE $1::text IS NULL OR login > $1
ORDER BY login
LIMIT $2
