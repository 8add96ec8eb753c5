-- Those who have to make room: of all that came before a run and were not told to go already, all but
-- the newest that may stay beside it.
WITH asking AS MATERIALIZED (
    SELECT run_id, workflow, line, max_runs, number FROM run_slot
    WHERE run_id = ANY($1) AND granted_at IS NULL AND NOT displaced
), before AS MATERIALIZED (
    SELECT a.run_id AS asking, a.max_runs, o.run_id,
           row_number() OVER (PARTITION BY a.run_id ORDER BY o.number DESC) AS back
    FROM asking a
    JOIN run_slot o ON o.workflow = a.workflow AND o.line = a.line AND o.number < a.number
                   AND NOT o.displaced
), going AS MATERIALIZED (
    SELECT DISTINCT ON (b.run_id) b.run_id, b.asking FROM before b
    JOIN asking a ON a.run_id = b.asking
    WHERE b.back >= b.max_runs
    ORDER BY b.run_id, a.number
)
UPDATE run_slot s SET displaced = true
FROM going g
WHERE s.run_id = g.run_id
RETURNING s.run_id, g.asking
