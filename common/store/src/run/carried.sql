-- Adds to runs that this transaction opened what they take over of others: events after the first one
-- and rows of the read model.
WITH asked AS MATERIALIZED (
    SELECT a.ord, r.id AS run_id, r.opened_on
    FROM unnest($1::int[], $2::uuid[]) AS a(ord, id)
    CROSS JOIN LATERAL (SELECT id, opened_on FROM run WHERE id = a.id OFFSET 0) r
), events AS (
    INSERT INTO run_event (run_id, seq, opened_on, at, kind, version, data)
    SELECT g.run_id, e.seq, g.opened_on, e.at, e.kind, e.version, e.data::json
    FROM unnest($3::int[], $4::bigint[], $5::timestamptz[], $6::text[], $7::int[], $8::text[])
         AS e(ord, seq, at, kind, version, data)
    JOIN asked g ON g.ord = e.ord
    RETURNING run_id, seq
), executions AS (
    INSERT INTO execution (id, opened_on, run_id, position, parent, kind, task, action, activation,
                           item_index, attempt, status, input, result, error, created_at,
                           started_at, ended_at, labels, cost_usd, trace_tag, compensates)
    SELECT x.id, g.opened_on, g.run_id, x.position, x.parent, x.kind, x.task, x.action,
           x.activation, x.item_index, x.attempt, x.status, x.input::json, x.result::json,
           x.error::json, x.created_at, x.started_at, x.ended_at, x.labels::jsonb, x.cost_usd,
           x.trace_tag, x.compensates
    FROM unnest($9::int[], $10::uuid[], $11::bigint[], $12::uuid[], $13::text[], $14::text[],
                $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::text[], $20::text[],
                $21::text[], $22::text[], $23::timestamptz[], $24::timestamptz[],
                $25::timestamptz[], $26::text[], $27::float8[], $28::text[], $29::text[])
         AS x(ord, id, position, parent, kind, task, action, activation, item_index, attempt,
              status, input, result, error, created_at, started_at, ended_at, labels, cost_usd,
              trace_tag, compensates)
    JOIN asked g ON g.ord = x.ord
)
UPDATE run SET last_seq = greatest(last_seq, latest.seq)
FROM (
    SELECT g.run_id, g.opened_on, max(e.seq) AS seq
    FROM events e JOIN asked g ON g.run_id = e.run_id
    GROUP BY g.run_id, g.opened_on
) latest
WHERE run.id = latest.run_id
