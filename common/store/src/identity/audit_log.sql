SELECT number, at, actor, action, subject, details FROM audit_event
WHERE $1::timestamptz IS NULL OR (at, number) < ($1, $2)
ORDER BY at DESC, number DESC
LIMIT $3
