SELECT s.run_id, s.workflow, s.line
FROM run_slot s
WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = s.run_id AND r.active)
ORDER BY s.number
LIMIT $1
