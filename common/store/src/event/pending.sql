SELECT id, at, trigger_ref, payload, source, dedupe, trigger_parameters, received_at, processed_at
FROM event
WHERE processed_at IS NULL AND received_at <= now() - make_interval(secs => $1)
ORDER BY received_at, id
LIMIT $2
