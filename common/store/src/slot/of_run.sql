SELECT run_id, workflow, line FROM run_slot WHERE run_id = $1
