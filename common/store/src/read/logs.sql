SELECT l.position, l.execution, e.task, l.attempt, l.stream, l.at, l.text
FROM run r
JOIN task_log l ON l.run_id = r.id AND l.opened_on = r.opened_on AND l.position > $3
LEFT JOIN execution e ON e.id = l.execution AND e.opened_on = l.opened_on
WHERE r.id = $1 AND ($2::uuid IS NULL OR l.execution = $2)
ORDER BY l.position
LIMIT $4
