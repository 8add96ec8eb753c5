SELECT r.reference, r.number, r.hash, r.version, r.origin, r.created_at, r.created_by,
       coalesce(a.program = r.hash, false) AS current
FROM workflow_release r
LEFT JOIN action a ON a.reference = r.reference
WHERE r.reference = $1 AND ($2::integer IS NULL OR r.number < $2)
ORDER BY r.number DESC
LIMIT $3
