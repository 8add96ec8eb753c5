SELECT c.attempt, c.run_id, coalesce(w.name, c.worker::text) AS worker,
       extract(epoch FROM now() - c.seen_at)::float8 AS silent_for
FROM claim c
CROSS JOIN LATERAL (SELECT id FROM run WHERE id = c.run_id AND active OFFSET 0) r
LEFT JOIN worker w ON w.id = c.worker
WHERE c.settled_at IS NULL
  AND (c.gone OR c.seen_at <= now() - make_interval(secs => $1))
ORDER BY c.seen_at, c.attempt
LIMIT $2
