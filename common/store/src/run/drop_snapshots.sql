DELETE FROM run_snapshot WHERE run_id = ANY($1)
