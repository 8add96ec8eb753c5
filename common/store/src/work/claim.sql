-- One row per attempt: whoever inserts it has it. A settled attempt has its row already.
INSERT INTO claim (attempt, run_id, worker)
SELECT a.attempt, a.run_id, $3
FROM unnest($1::uuid[], $2::uuid[]) AS a(attempt, run_id)
CROSS JOIN LATERAL (SELECT id FROM run WHERE id = a.run_id AND active OFFSET 0) r
ORDER BY a.attempt
ON CONFLICT (attempt) DO NOTHING
RETURNING attempt
