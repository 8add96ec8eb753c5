DELETE FROM run_slot WHERE run_id = ANY($1)
