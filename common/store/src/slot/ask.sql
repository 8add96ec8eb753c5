-- Whoever ended meanwhile comes into no line: its end has been committed by now, or waits for the lock.
INSERT INTO run_slot (run_id, workflow, line, max_runs)
SELECT a.run_id, a.workflow, a.line, a.max_runs
FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::bigint[])
     AS a(ord, run_id, workflow, line, max_runs)
CROSS JOIN LATERAL (SELECT id FROM run WHERE id = a.run_id AND active OFFSET 0) r
ORDER BY a.ord
ON CONFLICT (run_id) DO NOTHING
