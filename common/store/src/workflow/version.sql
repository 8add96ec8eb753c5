SELECT r.reference, r.number, r.hash, r.version, r.origin, r.created_at, r.created_by,
       coalesce(a.program = r.hash, false) AS current, r.def, r.source, r.tags
FROM workflow_release r
LEFT JOIN action a ON a.reference = r.reference
WHERE r.reference = $1 AND (r.number = $2 OR starts_with(r.hash, $3))
ORDER BY r.number
LIMIT 2
