-- One row per attempt: whoever inserts it has it. A settled attempt has its row already. Its holder is
-- told again that it has it: the reply to its first claim may have been lost.
INSERT INTO claim (attempt, run_id, worker)
SELECT a.attempt, a.run_id, $3
FROM (
    SELECT DISTINCT ON (attempt) attempt, run_id
    FROM unnest($1::uuid[], $2::uuid[]) AS u(attempt, run_id)
) a
CROSS JOIN LATERAL (SELECT id FROM run WHERE id = a.run_id AND active OFFSET 0) r
ORDER BY a.attempt
ON CONFLICT (attempt) DO UPDATE SET seen_at = now()
WHERE claim.worker = excluded.worker AND claim.settled_at IS NULL AND NOT claim.gone
RETURNING attempt
