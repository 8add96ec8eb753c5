-- First the run's own tasks and items in the order in which they came to be, then its child runs,
-- oldest first. ($2, $3, $4) is the key of the last entry of the page before.
(
    SELECT 0 AS part, e.position AS key,
           e.id, e.run_id, e.parent, e.kind, e.task, e.action, e.activation, e.item_index,
           e.attempt, e.status, e.input, e.result, e.error, e.created_at, e.started_at, e.ended_at,
           e.labels, e.cost_usd, e.trace_tag, e.compensates, e.position
    FROM execution e
    WHERE e.run_id = $1 AND e.id <> $1 AND $2 = 0 AND (e.position, e.id) > ($3, $4)
    ORDER BY e.position, e.id
    LIMIT $5
)
UNION ALL
(
    SELECT 1 AS part, (extract(epoch FROM r.created_at) * 1000000)::bigint AS key,
           e.id, e.run_id, e.parent, e.kind, e.task, e.action, e.activation, e.item_index,
           e.attempt, e.status, e.input, e.result, e.error, e.created_at, e.started_at, e.ended_at,
           e.labels, e.cost_usd, e.trace_tag, e.compensates, e.position
    FROM run r
    JOIN execution e ON e.id = r.id AND e.opened_on = r.opened_on
    WHERE r.parent_run = $1
      AND ($2 = 0
           OR (r.created_at, r.id) > ('epoch'::timestamptz + make_interval(secs => $3 / 1000000)
                                      + ($3 % 1000000) * interval '1 microsecond', $4))
    ORDER BY r.created_at, r.id
    LIMIT $5
)
ORDER BY part, key, id
LIMIT $5
