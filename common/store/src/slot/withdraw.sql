DELETE FROM run_slot WHERE run_id = ANY($1) AND granted_at IS NULL RETURNING run_id
