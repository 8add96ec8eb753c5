SELECT run_id, granted_at IS NOT NULL AS granted FROM run_slot WHERE run_id = ANY($1)
