SELECT run_id, id, command FROM inbox
WHERE run_id = ANY($1) AND unreadable IS NULL
ORDER BY number
