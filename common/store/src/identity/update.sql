UPDATE identity
SET password_hash = coalesce($2, password_hash), role = coalesce($3, role),
    enabled = coalesce($4, enabled), session_epoch = session_epoch + 1
WHERE id = $1
