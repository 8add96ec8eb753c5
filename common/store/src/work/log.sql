-- Positions are given out under the lock of the run's head row, in the order of the runs' ids; lines
-- of unknown runs are dropped, a line that is there already is left as it is.
WITH asked AS MATERIALIZED (
    SELECT a.*, r.opened_on,
           row_number() OVER (PARTITION BY a.run_id ORDER BY a.ord) AS place
    FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[],
                $7::timestamptz[], $8::text[])
         AS a(ord, run_id, execution, attempt, number, stream, at, text)
    CROSS JOIN LATERAL (SELECT opened_on FROM run WHERE id = a.run_id OFFSET 0) r
), heads AS (
    INSERT INTO task_log_head AS h (run_id, opened_on, last)
    SELECT run_id, opened_on, count(*) FROM asked GROUP BY run_id, opened_on ORDER BY run_id
    ON CONFLICT (run_id) DO UPDATE SET last = h.last + excluded.last
    RETURNING run_id, last
)
INSERT INTO task_log (run_id, position, opened_on, execution, attempt, number, stream, at, text)
SELECT a.run_id, h.last - (count(*) OVER (PARTITION BY a.run_id)) + a.place, a.opened_on,
       a.execution, a.attempt, a.number, a.stream, a.at, a.text
FROM asked a JOIN heads h ON h.run_id = a.run_id
ON CONFLICT (execution, attempt, number, opened_on) DO NOTHING
