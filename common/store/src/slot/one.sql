SELECT s.workflow, s.line, s.max_runs, s.granted_at IS NOT NULL AS granted,
       (SELECT count(*) FROM run_slot o
        WHERE o.workflow = s.workflow AND o.line = s.line AND o.granted_at IS NULL
          AND o.number < s.number) AS before,
       ARRAY(SELECT h.run_id FROM run_slot h
             WHERE h.workflow = s.workflow AND h.line = s.line AND h.granted_at IS NOT NULL
             ORDER BY h.number LIMIT $2) AS holders
FROM run_slot s
WHERE s.run_id = $1
