-- Gives the free places of some lines to those who stand first. Nobody overtakes: one for whom there is
-- no room holds up those behind it. At most $3 of each line; the caller asks again if that was full.
WITH lines AS MATERIALIZED (
    SELECT l.workflow, l.line,
           (SELECT count(*) FROM run_slot s
            WHERE s.workflow = l.workflow AND s.line = l.line AND s.granted_at IS NOT NULL) AS held
    FROM unnest($1::text[], $2::text[]) AS l(workflow, line)
), waiting AS MATERIALIZED (
    SELECT l.workflow, l.line, w.run_id,
           bool_and(l.held + w.place <= w.max_runs)
               OVER (PARTITION BY l.workflow, l.line ORDER BY w.place) AS fits
    FROM lines l
    CROSS JOIN LATERAL (
        SELECT s.run_id, s.max_runs, row_number() OVER (ORDER BY s.number) AS place
        FROM run_slot s
        WHERE s.workflow = l.workflow AND s.line = l.line AND s.granted_at IS NULL
        ORDER BY s.number
        LIMIT $3
    ) w
)
UPDATE run_slot s SET granted_at = now()
FROM waiting w
WHERE w.fits AND s.run_id = w.run_id
RETURNING s.run_id, s.workflow, s.line
