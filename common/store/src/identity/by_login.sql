SELECT id, login, role, password_hash, enabled, session_epoch, created_at FROM identity
WHERE login = $1
