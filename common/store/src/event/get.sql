SELECT id, at, trigger_ref, payload, source, dedupe, trigger_parameters, received_at, processed_at
FROM event
WHERE id = ANY($1)
ORDER BY received_at, id
